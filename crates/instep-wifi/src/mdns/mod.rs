//! A responder of multicast DNS for `http://NAME.local` and the service `_http._tcp` (RFC 6762 and 6763).
//!
//! The responder probes three times for its name (section 8.1), announces it twice (8.3), answers queries (6), and takes
//! `NAME-2` after a conflict (9). A query with the unicast bit, or from another port than 5353, gets a unicast response (5.4 and
//! 6.7). IPv4 only; NSEC records deny an IPv6 address (6.1).
//!
//! Left out: suppression of known answers (7.1) and of duplicate answers (7.4); other records than the address in the
//! tiebreak of simultaneous probes (8.2); goodbye packets (10.1).

mod parse;
mod records;

use crate::name::Name;
use core::net::{Ipv4Addr, SocketAddrV4};
use core::time::Duration;
use parse::{Parsed, Question, contradicts, outranks, questions};
use records::{ANY, Described, Dialect, IN, Message, Owner, Records, TOP_BIT};

/// UDP port of multicast DNS.
pub const PORT: u16 = 5353;
/// Multicast group for the messages of [`Responder::send`], to port [`PORT`] with a time to live of 255.
pub const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
/// Maximum length of a message, in bytes.
pub const MESSAGE_MAX: usize = 1024;

/// Number of probes (section 8.1).
const PROBES: u8 = 3;
/// Interval between two probes.
const PROBE_INTERVAL: Duration = Duration::from_millis(250);
/// Number of announcements (section 8.3).
const ANNOUNCEMENTS: u8 = 2;
/// Interval between two announcements.
const ANNOUNCE_INTERVAL: Duration = Duration::from_secs(1);
/// Delay before probing again after a lost tiebreak (section 8.2).
const TIEBREAK_DELAY: Duration = Duration::from_secs(1);
/// Number of conflicts in a row after which probing slows down (section 8.1).
const MAX_CONFLICTS: u8 = 15;
/// Delay before the next probe after [`MAX_CONFLICTS`] conflicts in a row.
const CONFLICT_DELAY: Duration = Duration::from_secs(5);
/// Minimum interval between two multicasts of a record (section 6).
const MULTICAST_INTERVAL: Duration = Duration::from_secs(1);

/// Responder on one network, without I/O.
///
/// Pass it the messages that arrive on port 5353, and send the messages that it writes.
#[derive(Clone, Debug)]
pub struct Responder {
    wanted: Name,
    /// Number of the name; 1 for the wanted name.
    number: u16,
    device: Described,
    /// Length of the network's prefix, in bits.
    prefix: u8,
    phase: Phase,
    /// Time of the next step of the phase.
    phase_at: Duration,
    conflicts: u8,
    /// Records to multicast at `pending_at`.
    pending: Records,
    pending_at: Duration,
    /// Time of the last multicast of each record.
    sent: [Option<Duration>; Records::COUNT],
    random: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Probing; the number of probes sent.
    Probing(u8),
    /// Announcing; the number of announcements sent.
    Announcing(u8),
    /// Announced, without a next step.
    Announced,
}

impl Responder {
    /// Returns a responder for the device at `address` with a page on `port`.
    ///
    /// `prefix` is the length of the network's prefix, in bits. `seed` is any number that differs between devices, and `now` the time since any fixed moment.
    pub fn new(now: Duration, name: Name, address: Ipv4Addr, prefix: u8, port: u16, seed: u32) -> Self {
        let mut responder = Self {
            wanted: name,
            number: 1,
            device: Described { name, address, port },
            prefix: prefix.min(32),
            phase: Phase::Probing(0),
            phase_at: now,
            conflicts: 0,
            pending: Records::NONE,
            pending_at: now,
            sent: [None; Records::COUNT],
            random: seed | 1,
        };
        responder.phase_at = now + responder.random_millis(250);
        responder
    }

    /// Returns the name that the device has or probes for: the wanted name, or a numbered one.
    pub fn name(&self) -> &Name {
        &self.device.name
    }

    /// Returns whether the name is the device's, because no other host has claimed it.
    pub fn has_name(&self) -> bool {
        !matches!(self.phase, Phase::Probing(_))
    }

    /// Returns the time at which [`Responder::send`] has the next message.
    pub fn wake_at(&self) -> Option<Duration> {
        let phase = (self.phase != Phase::Announced).then_some(self.phase_at);
        let pending = (!self.pending.is_empty()).then_some(self.pending_at);
        phase.into_iter().chain(pending).min()
    }

    /// Handles a message, and returns the length of the unicast response, if any.
    ///
    /// The response is at the start of `reply`, which has [`MESSAGE_MAX`] bytes.
    pub fn receive(
        &mut self,
        now: Duration,
        from: SocketAddrV4,
        message: &[u8],
        reply: &mut [u8],
    ) -> Option<usize> {
        // Messages from outside of the network are ignored (section 11).
        if !self.is_local(*from.ip()) {
            return None;
        }
        let message = parse::parse(message)?;
        if message.header().qr() {
            // A response from another port may come from a unicast DNS server (section 6).
            if from.port() == PORT {
                self.handle_response(now, message);
            }
            return None;
        }
        if let Phase::Probing(_) = self.phase {
            if outranks(message, &self.device) {
                (self.phase, self.phase_at) = (Phase::Probing(0), now + TIEBREAK_DELAY);
            }
            return None;
        }
        self.handle_query(now, from, message, reply)
    }

    /// Writes the next multicast message that is due, and returns its length, if any.
    ///
    /// The message is at the start of `out`, which has [`MESSAGE_MAX`] bytes. Call this until it returns `None`.
    pub fn send(&mut self, now: Duration, out: &mut [u8]) -> Option<usize> {
        if self.phase != Phase::Announced && self.phase_at <= now {
            match self.phase {
                Phase::Probing(times) if times < PROBES => {
                    (self.phase, self.phase_at) = (Phase::Probing(times + 1), now + PROBE_INTERVAL);
                    return self.write_probe(out);
                }
                Phase::Probing(_) => self.phase = Phase::Announcing(0),
                _ => {}
            }
            if let Phase::Announcing(times) = self.phase {
                (self.phase, self.phase_at) = (Phase::Announcing(times + 1), now + ANNOUNCE_INTERVAL);
                if times + 1 == ANNOUNCEMENTS {
                    (self.phase, self.conflicts) = (Phase::Announced, 0);
                }
                return self.write_multicast(now, Records::ALL, Records::NONE, out);
            }
        }
        if self.pending.is_empty() || self.pending_at > now {
            return None;
        }
        let pending = core::mem::take(&mut self.pending);
        let fresh = self.sent_lately(now);
        let answers = pending.without(fresh);
        if answers.is_empty() {
            return None;
        }
        let additional = answers.additional().without(fresh);
        self.write_multicast(now, answers, additional, out)
    }

    fn handle_response(&mut self, now: Duration, message: &Parsed) {
        match self.phase {
            // Responses before the first probe are stale (section 8.1).
            Phase::Probing(0) => {}
            Phase::Probing(_) => {
                if contradicts(message, &self.device, true) {
                    self.take_next_name(now);
                }
            }
            Phase::Announcing(_) | Phase::Announced => {
                if contradicts(message, &self.device, false) {
                    // Probing again decides which host has the name (section 9).
                    (self.phase, self.pending) = (Phase::Probing(0), Records::NONE);
                    self.count_conflict(now);
                }
            }
        }
    }

    fn handle_query(
        &mut self,
        now: Duration,
        from: SocketAddrV4,
        message: &Parsed,
        reply: &mut [u8],
    ) -> Option<usize> {
        let legacy = from.port() != PORT;
        let (mut multicast, mut unicast) = (Records::NONE, Records::NONE);
        // A probe has records in its authority section (section 8.1).
        let is_probe = message.header_counts().nscount() > 0;
        for question in questions(message, &self.device) {
            let answers = Records::for_question(question.owner, question.kind);
            // A probe is answered by unicast, which is never delayed.
            if legacy || question.unicast || is_probe {
                unicast = unicast.with(answers);
            } else {
                multicast = multicast.with(answers);
            }
        }
        if !multicast.is_empty() {
            // A random delay, because other hosts may answer for shared records at the same time (section 6).
            let delay = if multicast.overlaps(Records::SHARED) {
                Duration::from_millis(20) + self.random_millis(100)
            } else {
                Duration::ZERO
            };
            let due = now + delay;
            self.pending_at = if self.pending.is_empty() { due } else { self.pending_at.min(due) };
            self.pending = self.pending.with(multicast);
        }
        if unicast.is_empty() {
            return None;
        }
        let dialect = if legacy { Dialect::Legacy } else { Dialect::Multicast };
        let mut answer = Message::new(if legacy { message.header().id() } else { 0 }, RESPONSE, reply);
        let mut asked = 0;
        if legacy {
            for Question { owner, kind, .. } in questions(message, &self.device) {
                answer.question(owner.labels(&self.device.name), kind, IN);
                asked += 1;
            }
        }
        let answers = answer.records(unicast, &self.device, dialect);
        let additional = answer.records(unicast.additional(), &self.device, dialect);
        answer.finish([asked, answers, 0, additional])
    }

    /// Writes a probe for both unique names, with the records that the device claims (section 8.2).
    fn write_probe(&self, out: &mut [u8]) -> Option<usize> {
        let mut probe = Message::new(0, 0, out);
        for owner in [Owner::Host, Owner::Instance] {
            probe.question(owner.labels(&self.device.name), ANY, IN | TOP_BIT);
        }
        let claimed = Records::ADDRESS.with(Records::SERVER).with(Records::TEXT);
        let claimed = probe.records(claimed, &self.device, Dialect::Probe);
        probe.finish([2, 0, claimed, 0])
    }

    fn write_multicast(
        &mut self,
        now: Duration,
        answers: Records,
        additional: Records,
        out: &mut [u8],
    ) -> Option<usize> {
        for (i, _) in answers.with(additional).each() {
            self.sent[i] = Some(now);
        }
        let mut message = Message::new(0, RESPONSE, out);
        let answers = message.records(answers, &self.device, Dialect::Multicast);
        let additional = message.records(additional, &self.device, Dialect::Multicast);
        message.finish([0, answers, 0, additional])
    }

    fn sent_lately(&self, now: Duration) -> Records {
        let lately =
            |i: usize| self.sent[i].is_some_and(|sent| now.saturating_sub(sent) < MULTICAST_INTERVAL);
        let records = Records::ALL.each().filter(|(i, _)| lately(*i));
        records.fold(Records::NONE, |all, (_, one)| all.with(one))
    }

    fn take_next_name(&mut self, now: Duration) {
        self.number = self.number.checked_add(1).unwrap_or(2);
        self.device.name = self.wanted.numbered(self.number);
        self.phase = Phase::Probing(0);
        self.sent = [None; Records::COUNT];
        self.count_conflict(now);
    }

    fn count_conflict(&mut self, now: Duration) {
        self.conflicts = self.conflicts.saturating_add(1);
        let slow = self.conflicts >= MAX_CONFLICTS;
        self.phase_at = now + if slow { CONFLICT_DELAY } else { self.random_millis(250) };
    }

    fn is_local(&self, address: Ipv4Addr) -> bool {
        let differs = address.to_bits() ^ self.device.address.to_bits();
        differs.leading_zeros() >= u32::from(self.prefix)
    }

    /// Returns a random time below `limit` ms (xorshift), so that devices do not send at the same moment.
    fn random_millis(&mut self, limit: u32) -> Duration {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        Duration::from_millis(u64::from(self.random % limit))
    }
}

/// Flags of a response: QR and AA (section 18).
const RESPONSE: u16 = 0x8400;

#[cfg(test)]
mod tests;
