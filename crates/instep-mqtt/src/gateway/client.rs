//! Client of a gateway, without a socket and without a clock.

use super::heard::Heard;
use super::marks::{Marks, Returned};
use super::message::{Message, Sent};
use super::topics::{GATEWAYS, REPLY};
use crate::connection::{Connection, End, Event};
use crate::ended::Ended;
use crate::lines;
use crate::options::ConnectionOptions;
use crate::packet::{ConnAck, Filter, Publish, ReasonCode, SubAck, write_subscribe};
use instep::Instant;
use instep_proto::delivery::Outgoing;

/// Number of times that a broker is asked for everything if no mark comes back.
const ATTEMPTS: u8 = 3;
/// Minimum time between two questions for everything, in ms, because the answer may be long.
const AGAIN_MS: u64 = 30_000;

/// Gateway as the client of a broker, without a socket and without a clock.
///
/// It stores no message and no session: after each [`begin`](Self::begin) it hears everything anew.
///
/// A driver opens a connection, calls [`begin`](Self::begin), and then again and again [`receive`](Self::receive) with what it has
/// read, [`transmit`](Self::transmit) with room for output, and, while that returns `true`, [`publish`](Self::publish), at the
/// latest at [`wake_at`](Self::wake_at), until [`end`](Self::end) returns a value and the output is written.
#[derive(Debug)]
pub struct GatewayClient<'a> {
    options: ConnectionOptions<'a>,
    connection: Connection,
    step: Step,
    marks: Marks,
    /// The number of times that the broker was asked for everything while no mark came back.
    attempts: u8,
    /// Whether the broker dropped messages since it was last asked for everything.
    has_lost: bool,
    /// The time from which on the broker may be asked for everything again.
    ask_from: Instant,
    ended: Option<Ended>,
    ignored: u64,
}

/// How far the gateway has come after CONNACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It has yet to subscribe.
    Subscribe,
    /// It has yet to send the mark behind its subscriptions.
    Mark,
    /// That mark has yet to come back.
    Hear,
    /// Everything was heard. Marks show whether that stays so.
    Heard,
    /// No mark comes back, so nothing shows what was heard. Perhaps a later one does.
    Unmarked,
}

impl<'a> GatewayClient<'a> {
    /// Creates the client of a gateway.
    pub fn new(now: Instant, options: ConnectionOptions<'a>) -> Self {
        let connection = Connection::new(now, options.packet_max).with_any_age();
        Self {
            options,
            connection,
            step: Step::Subscribe,
            marks: Marks::new(),
            attempts: 0,
            has_lost: false,
            ask_from: now,
            ended: None,
            ignored: 0,
        }
    }

    /// Begins anew, with a new connection of the transport.
    pub fn begin(&mut self, now: Instant) {
        *self = Self { ignored: self.ignored, ..Self::new(now, self.options) };
    }

    /// Returns whether the broker has accepted the client, and the connection has not ended.
    pub fn is_open(&self) -> bool {
        self.connection.is_open() && self.ended.is_none()
    }

    /// Returns why the connection has ended, once it has.
    pub fn end(&self) -> Option<Ended> {
        self.ended
    }

    /// Returns the number of messages that said nothing to the gateway.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// Takes the packets in `input`, passes what they say to `hear`, and returns how many bytes of `input` were used.
    ///
    /// The driver presents the rest again, with the bytes that follow.
    pub fn receive(&mut self, now: Instant, input: &[u8], hear: &mut dyn FnMut(Heard<'_>)) -> usize {
        let mut used = 0;
        while self.ended.is_none() {
            match self.connection.receive(now, &input[used..]) {
                Ok(None) => break,
                Ok(Some((event, length))) => {
                    used += length;
                    match event {
                        Event::Opened(answer) => {
                            log_lack(&answer);
                            hear(Heard::Opened);
                        }
                        Event::Message(message) => self.take(now, &message, hear),
                        Event::Subscribed(answer) => log_refused(&answer),
                        Event::Alive => {}
                    }
                }
                Err(end) => self.ended = Some(Ended::Connection(end)),
            }
        }
        if self.is_open() {
            self.check_marks(now, hear);
        }
        used
    }

    /// Adds the packets that are due to the output, and returns whether messages may follow.
    pub fn transmit(&mut self, now: Instant, out: &mut Outgoing<'_>) -> bool {
        if let Some(ended) = self.ended {
            if let Some(reason) = report(ended) {
                self.connection.disconnect(reason, out);
            }
            return false;
        }
        if !self.connection.transmit(now, &self.options.connect(None), out) {
            return false;
        }
        if self.step == Step::Subscribe && self.subscribe(now, out) {
            self.marks.forget();
            self.step = Step::Mark;
        }
        let ConnectionOptions { prefix, id, .. } = self.options;
        if self.step == Step::Mark && self.marks.send(now, prefix, id, out) {
            self.step = Step::Hear;
        }
        let is_due = match self.step {
            Step::Heard => {
                self.has_lost |= self.marks.stood_still(now);
                now >= self.marks.next_at()
            }
            Step::Unmarked => now >= self.ask_from,
            _ => false,
        };
        if is_due && self.marks.send(now, prefix, id, out) && self.step == Step::Unmarked {
            self.ask_from = now.after(AGAIN_MS);
        }
        matches!(self.step, Step::Hear | Step::Heard | Step::Unmarked)
    }

    /// Adds a message to the output.
    pub fn publish(&mut self, now: Instant, message: &Message<'_>, out: &mut Outgoing<'_>) -> Sent {
        let sent = message.write(self.options.prefix, self.options.id, self.connection.send_max(), out);
        if sent == Sent::Written {
            self.connection.note_sent(now);
        }
        sent
    }

    /// Asks for all that the broker has stored anew, because the gateway has left out some of it.
    ///
    /// Returns whether there was room for the packet. What is heard then has no end that is told.
    pub fn ask_again(&mut self, now: Instant, out: &mut Outgoing<'_>) -> bool {
        matches!(self.step, Step::Heard | Step::Unmarked) && self.is_open() && self.subscribe(now, out)
    }

    /// Ends the connection in an orderly way.
    pub fn stop(&mut self) {
        if self.ended.is_none() {
            self.ended = Some(Ended::Stopped);
        }
    }

    /// Returns the time of the next call at the latest.
    pub fn wake_at(&self) -> Instant {
        let next = match self.step {
            Step::Heard if self.has_lost && self.marks.are_back() => self.marks.next_at().min(self.ask_from),
            Step::Heard => self.marks.next_at().min(self.marks.late_at().max(self.ask_from)),
            Step::Hear => self.marks.late_at(),
            Step::Unmarked => self.ask_from,
            Step::Subscribe | Step::Mark => Instant::NEVER,
        };
        self.connection.wake_at().min(next)
    }

    /// Asks for everything again if the broker dropped messages, or gives up the marks if none comes back.
    fn check_marks(&mut self, now: Instant, hear: &mut dyn FnMut(Heard<'_>)) {
        let is_late = now >= self.marks.late_at();
        match self.step {
            Step::Hear if is_late => {
                self.attempts += 1;
                if self.attempts == 1 {
                    log_loss();
                }
                let is_last = self.attempts == ATTEMPTS;
                (self.step, self.ask_from) =
                    (if is_last { Step::Unmarked } else { Step::Subscribe }, now.after(AGAIN_MS));
                if is_last {
                    hear(Heard::Complete);
                }
            }
            // Not before marks come back again, because the broker would drop the answer, too.
            Step::Heard if (is_late || self.has_lost && self.marks.are_back()) && now >= self.ask_from => {
                log_loss();
                (self.step, self.has_lost, self.ask_from) = (Step::Subscribe, false, now.after(AGAIN_MS));
                hear(Heard::Anew);
            }
            _ => {}
        }
    }

    fn take(&mut self, now: Instant, message: &Publish<'_>, hear: &mut dyn FnMut(Heard<'_>)) {
        let ConnectionOptions { prefix, id, .. } = self.options;
        match (self.marks.take(now, prefix, id, message), self.step) {
            (Some(Returned::Last), Step::Hear) => {
                (self.step, self.attempts) = (Step::Heard, 0);
                hear(Heard::Complete);
            }
            (Some(Returned::Gap), Step::Heard) => self.has_lost = true,
            (Some(Returned::Last | Returned::Gap), Step::Unmarked) => {
                (self.step, self.attempts, self.has_lost) = (Step::Heard, 0, true);
            }
            (Some(_), _) => {}
            (None, _) => match Heard::parse(prefix, id, message) {
                Some(heard) => hear(heard),
                None => self.ignored += 1,
            },
        }
    }

    /// Subscribes to all devices, the answers to this gateway, and the messages between gateways.
    ///
    /// Commands and what Home Assistant was told are on other levels, so they do not come here.
    fn subscribe(&mut self, now: Instant, out: &mut Outgoing<'_>) -> bool {
        let ConnectionOptions { prefix, id, .. } = self.options;
        let filters: [&[&str]; 6] = [
            &[prefix, "/+/thing/answer/", id.as_str(), "/", REPLY],
            &[prefix, "/", GATEWAYS, "+/+"],
            // Before the values, so that those of a device do not have to wait for it.
            &[prefix, "/+/thing"],
            &[prefix, "/+/+"],
            &[prefix, "/+/thing/td"],
            // After the values, so that a device that is online has its values.
            &[prefix, "/+"],
        ];
        let filters = filters.map(|topic| Filter { topic, retained: true, as_published: true });
        let length = write_subscribe(1, &filters, out.spare_mut());
        let Some(length) = length else { return false };
        out.commit(length);
        self.connection.note_sent(now);
        true
    }
}

/// Returns the reason of the DISCONNECT, if the broker is told.
fn report(ended: Ended) -> Option<ReasonCode> {
    match ended {
        Ended::Connection(end) => End::report(end),
        Ended::SameId | Ended::Stopped => Some(ReasonCode::SUCCESS),
    }
}

fn log_lack(answer: &ConnAck) {
    if !answer.retain_available {
        lines::warn(format_args!(
            "The broker stores no values: it has no retained messages; allow them in the broker"
        ));
    }
    if !answer.wildcard_available {
        lines::warn(format_args!(
            "The broker tells of no device: it allows no wildcards; allow them in the broker"
        ));
    }
}

fn log_refused(answer: &SubAck<'_>) {
    // One line for all filters, because a broker usually refuses all of them for one reason.
    if let Some(reason) = answer.reasons().find(|reason| reason.is_error()) {
        lines::warn(format_args!(
            "The broker passes no messages on: {reason}; allow this user to read all topics of devices"
        ));
    }
}

fn log_loss() {
    lines::warn(format_args!(
        "The broker dropped a message, and perhaps values of devices; raise max_queued_messages in mosquitto, and let this user write below its own id"
    ));
}
