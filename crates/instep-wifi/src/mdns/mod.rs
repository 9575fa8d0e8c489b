//! A responder of multicast DNS: the device is `http://NAME.local`, and among the pages that a network has to offer
//! (`_http._tcp`; RFC 6762 and 6763).
//!
//! It asks three times whether its name is free (section 8.1), tells everybody twice that it has it (8.3), answers (6), and
//! takes `NAME-2` if somebody else has it (9). Who asks with the unicast bit, or from another port than 5353, gets the
//! answer alone (5.4 and 6.7). IPv4 only; that there is no IPv6 address is said (6.1).
//!
//! Left out: known answers are not left away (7.1); answers that others give are not waited for (7.4); of two that begin at
//! the same time with one name, only the address decides (8.2); nobody is told when the device goes (10.1).

mod parse;
mod records;

use crate::name::Name;
use core::net::{Ipv4Addr, SocketAddrV4};
use core::time::Duration;
use parse::{ParsedMessage, Question};
use records::{ANY, Described, Dialect, IN, Message, Owner, Records, TOP_BIT};

/// The port of multicast DNS.
pub const PORT: u16 = 5353;
/// Where what [`Responder::send`] writes goes, to port [`PORT`] with a time to live of 255.
pub const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
/// Bytes that the longest message needs.
pub const MESSAGE_MAX: usize = 1024;

const PROBES: u8 = 3;
const PROBE_EVERY: Duration = Duration::from_millis(250);
const ANNOUNCEMENTS: u8 = 2;
const ANNOUNCE_EVERY: Duration = Duration::from_secs(1);
/// Who loses at section 8.2 begins again after it.
const DEFERRED: Duration = Duration::from_secs(1);
/// So many names in a row may be taken before the next is tried more slowly (section 8.1).
const CONFLICTS: u8 = 15;
const AFTER_CONFLICTS: Duration = Duration::from_secs(5);
/// A record is not said again to all before (section 6).
const SAID_EVERY: Duration = Duration::from_secs(1);

/// A responder on one network. It sends nothing itself: hand it what arrives on port 5353, and send what it writes.
#[derive(Clone, Debug)]
pub struct Responder {
    wanted: Name,
    /// Of the name; 1 if it is as wanted.
    number: u16,
    device: Described,
    /// Of the network's address.
    prefix: u8,
    phase: Phase,
    /// When the phase goes on.
    at: Duration,
    conflicts: u8,
    owed: Records,
    owed_at: Duration,
    said: [Option<Duration>; Records::COUNT],
    random: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// So many times asked.
    Probing(u8),
    /// So many times told.
    Announcing(u8),
    Known,
}

impl Responder {
    /// A responder for the device at `address`, whose network has the first `prefix` bits of it in common, with a page on
    /// `port`. `seed` is any number that another device does not have; `now` the time since any fixed moment.
    pub fn new(now: Duration, name: Name, address: Ipv4Addr, prefix: u8, port: u16, seed: u32) -> Self {
        let mut responder = Self {
            wanted: name,
            number: 1,
            device: Described { name, address, port },
            prefix: prefix.min(32),
            phase: Phase::Probing(0),
            at: now,
            conflicts: 0,
            owed: Records::NONE,
            owed_at: now,
            said: [None; Records::COUNT],
            random: seed | 1,
        };
        responder.at = now + responder.some_millis(250);
        responder
    }

    /// The name that the device has, or asks for: as wanted, or with a number.
    pub fn name(&self) -> &Name {
        &self.device.name
    }

    /// Whether the name is the device's: nobody else has said that it is his.
    pub fn has_name(&self) -> bool {
        !matches!(self.phase, Phase::Probing(_))
    }

    /// When [`Responder::send`] has something to send next.
    pub fn wake_at(&self) -> Option<Duration> {
        let phase = (self.phase != Phase::Known).then_some(self.at);
        let owed = (!self.owed.is_empty()).then_some(self.owed_at);
        phase.into_iter().chain(owed).min()
    }

    /// Hears a message. What it returns is the length of an answer for the sender alone, at the start of `reply`, which is
    /// [`MESSAGE_MAX`] bytes long.
    pub fn receive(
        &mut self,
        now: Duration,
        from: SocketAddrV4,
        message: &[u8],
        reply: &mut [u8],
    ) -> Option<usize> {
        // Nobody outside of the network is heard (section 11).
        if !self.is_near(*from.ip()) {
            return None;
        }
        let heard = ParsedMessage::parse(message)?;
        if heard.is_response() {
            // Of an ordinary name server, perhaps (section 6).
            if from.port() == PORT {
                self.hear_response(now, &heard);
            }
            return None;
        }
        if let Phase::Probing(_) = self.phase {
            if heard.outranks(&self.device) {
                (self.phase, self.at) = (Phase::Probing(0), now + DEFERRED);
            }
            return None;
        }
        self.hear_query(now, from, &heard, reply)
    }

    /// Writes what is to be sent to all now, if anything, to the start of `out`, which is [`MESSAGE_MAX`] bytes long, and
    /// returns its length. Call it again until there is nothing.
    pub fn send(&mut self, now: Duration, out: &mut [u8]) -> Option<usize> {
        if self.phase != Phase::Known && self.at <= now {
            match self.phase {
                Phase::Probing(times) if times < PROBES => {
                    (self.phase, self.at) = (Phase::Probing(times + 1), now + PROBE_EVERY);
                    return self.write_probe(out);
                }
                Phase::Probing(_) => self.phase = Phase::Announcing(0),
                _ => {}
            }
            if let Phase::Announcing(times) = self.phase {
                (self.phase, self.at) = (Phase::Announcing(times + 1), now + ANNOUNCE_EVERY);
                if times + 1 == ANNOUNCEMENTS {
                    (self.phase, self.conflicts) = (Phase::Known, 0);
                }
                return self.write_to_all(now, Records::ALL, Records::NONE, out);
            }
        }
        if self.owed.is_empty() || self.owed_at > now {
            return None;
        }
        let owed = core::mem::take(&mut self.owed);
        let fresh = self.said_lately(now);
        let answers = owed.without(fresh);
        if answers.is_empty() {
            return None;
        }
        let further = answers.further().without(fresh);
        self.write_to_all(now, answers, further, out)
    }

    fn hear_response(&mut self, now: Duration, heard: &ParsedMessage<'_>) {
        match self.phase {
            // What comes before the first question is old (section 8.1).
            Phase::Probing(0) => {}
            Phase::Probing(_) => {
                if heard.contradicts(&self.device, true) {
                    self.take_next_name(now);
                }
            }
            Phase::Announcing(_) | Phase::Known => {
                if heard.contradicts(&self.device, false) {
                    // Who of both has the name comes out by asking again.
                    (self.phase, self.owed) = (Phase::Probing(0), Records::NONE);
                    self.count_conflict(now);
                }
            }
        }
    }

    fn hear_query(
        &mut self,
        now: Duration,
        from: SocketAddrV4,
        heard: &ParsedMessage<'_>,
        reply: &mut [u8],
    ) -> Option<usize> {
        let legacy = from.port() != PORT;
        let (mut to_all, mut alone) = (Records::NONE, Records::NONE);
        for question in heard.questions(&self.device) {
            let answers = Records::for_question(question.owner, question.kind);
            // Who asks whether a name is free cannot wait.
            if legacy || question.alone || heard.is_probe() {
                alone = alone.with(answers);
            } else {
                to_all = to_all.with(answers);
            }
        }
        if !to_all.is_empty() {
            // Others may answer for what is not the device's alone: they must not all speak at once.
            let wait = if to_all.overlaps(Records::SHARED) {
                Duration::from_millis(20) + self.some_millis(100)
            } else {
                Duration::ZERO
            };
            let due = now + wait;
            self.owed_at = if self.owed.is_empty() { due } else { self.owed_at.min(due) };
            self.owed = self.owed.with(to_all);
        }
        if alone.is_empty() {
            return None;
        }
        let dialect = if legacy { Dialect::Legacy } else { Dialect::Multicast };
        let mut answer = Message::new(if legacy { heard.id() } else { 0 }, RESPONSE, reply);
        let mut questions = 0;
        if legacy {
            for Question { owner, kind, .. } in heard.questions(&self.device) {
                answer.question(owner.labels(&self.device.name), kind, IN);
                questions += 1;
            }
        }
        let answers = answer.records(alone, &self.device, dialect);
        let further = answer.records(alone.further(), &self.device, dialect);
        answer.finish([questions, answers, 0, further])
    }

    /// Asks for both names that would be the device's alone, and says what for (section 8.2).
    fn write_probe(&self, out: &mut [u8]) -> Option<usize> {
        let mut probe = Message::new(0, 0, out);
        for owner in [Owner::Host, Owner::Instance] {
            probe.question(owner.labels(&self.device.name), ANY, IN | TOP_BIT);
        }
        let claimed = Records::ADDRESS.with(Records::SERVER).with(Records::TEXT);
        let claimed = probe.records(claimed, &self.device, Dialect::Probe);
        probe.finish([2, 0, claimed, 0])
    }

    fn write_to_all(
        &mut self,
        now: Duration,
        answers: Records,
        further: Records,
        out: &mut [u8],
    ) -> Option<usize> {
        for (at, _) in answers.with(further).each() {
            self.said[at] = Some(now);
        }
        let mut message = Message::new(0, RESPONSE, out);
        let answers = message.records(answers, &self.device, Dialect::Multicast);
        let further = message.records(further, &self.device, Dialect::Multicast);
        message.finish([0, answers, 0, further])
    }

    fn said_lately(&self, now: Duration) -> Records {
        let lately = |at: usize| self.said[at].is_some_and(|said| now.saturating_sub(said) < SAID_EVERY);
        let records = Records::ALL.each().filter(|(at, _)| lately(*at));
        records.fold(Records::NONE, |all, (_, one)| all.with(one))
    }

    fn take_next_name(&mut self, now: Duration) {
        self.number = self.number.checked_add(1).unwrap_or(2);
        self.device.name = self.wanted.numbered(self.number);
        self.phase = Phase::Probing(0);
        self.said = [None; Records::COUNT];
        self.count_conflict(now);
    }

    fn count_conflict(&mut self, now: Duration) {
        self.conflicts = self.conflicts.saturating_add(1);
        let slow = self.conflicts >= CONFLICTS;
        self.at = now + if slow { AFTER_CONFLICTS } else { self.some_millis(250) };
    }

    fn is_near(&self, address: Ipv4Addr) -> bool {
        let differs = address.to_bits() ^ self.device.address.to_bits();
        differs.leading_zeros() >= u32::from(self.prefix)
    }

    /// Any number of milliseconds below `limit`: xorshift, so that devices do not speak at the same moment.
    fn some_millis(&mut self, limit: u32) -> Duration {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        Duration::from_millis(u64::from(self.random % limit))
    }
}

/// An answer, and the last word on it.
const RESPONSE: u16 = 0x8400;

#[cfg(test)]
mod tests;
