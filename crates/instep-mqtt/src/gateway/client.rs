//! Client of a gateway, without a socket and without a clock.

use super::heard::{Heard, MARKER};
use super::message::{Message, Sent};
use super::topics::{GATEWAYS, REPLY};
use crate::connection::{Connection, End, Event, KEEP_ALIVE_SECONDS};
use crate::ended::Ended;
use crate::id::DeviceId;
use crate::lines;
use crate::packet::{
    ConnAck, Connect, Filter, Password, Publish, PublishHead, ReasonCode, SubAck, write_subscribe,
};
use instep::Instant;
use instep_proto::delivery::Outgoing;

/// Time after which a broker that does not pass the gateway's own message on is asked again, or counts as heard, in ms.
const MARKER_TIMEOUT_MS: u64 = 30_000;
/// Number of times that a broker is asked for everything.
const ATTEMPTS: u8 = 3;

/// Options of a gateway's connection to a broker.
#[derive(Clone, Copy, Debug)]
pub struct GatewayOptions<'a> {
    /// The beginning of all topics, see [`check_prefix`](crate::check_prefix).
    pub prefix: &'a str,
    /// The id of the gateway, which no other client of the broker has.
    pub id: &'a DeviceId,
    /// The user name at the broker.
    pub user: Option<&'a str>,
    /// The password at the broker.
    pub password: Option<Password<'a>>,
    /// The maximum length of a packet from the broker, in bytes, which is the length of the input buffer.
    pub packet_max: usize,
}

/// Gateway as the client of a broker, without a socket and without a clock.
///
/// It stores no message and no session: after each [`begin`](Self::begin) it hears everything anew.
///
/// A driver opens a connection, calls [`begin`](Self::begin), and then again and again [`receive`](Self::receive) with what it has
/// read, [`transmit`](Self::transmit) with room for output, and, while that returns `true`, [`publish`](Self::publish), at the
/// latest at [`wake_at`](Self::wake_at), until [`end`](Self::end) returns a value and the output is written.
#[derive(Debug)]
pub struct GatewayClient<'a> {
    options: GatewayOptions<'a>,
    connection: Connection,
    step: Step,
    /// The number of times that the broker was asked for everything.
    attempts: u8,
    ended: Option<Ended>,
    ignored: u64,
}

/// What the gateway has yet to send after CONNACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Subscribe,
    Mark,
    /// The message that it has sent to itself has yet to come back, at the latest at this time.
    ///
    /// A broker that drops it, because too many messages wait, may have dropped values, too.
    Hear {
        until: Instant,
    },
    Done,
}

impl<'a> GatewayClient<'a> {
    /// Creates the client of a gateway.
    pub fn new(now: Instant, options: GatewayOptions<'a>) -> Self {
        let connection = Connection::new(now, options.packet_max).with_any_age();
        Self { options, connection, step: Step::Subscribe, attempts: 0, ended: None, ignored: 0 }
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
                        Event::Message(message) => self.take(&message, hear),
                        Event::Subscribed(answer) => log_refused(&answer),
                        Event::Alive => {}
                    }
                }
                Err(end) => self.ended = Some(Ended::Connection(end)),
            }
        }
        if matches!(self.step, Step::Hear { until } if now >= until) && self.is_open() {
            self.miss_mark(hear);
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
        let connect = Connect {
            client_id: self.options.id.as_str(),
            keep_alive: KEEP_ALIVE_SECONDS,
            maximum_packet_size: u32::try_from(self.options.packet_max).unwrap_or(u32::MAX),
            user: self.options.user,
            password: self.options.password,
            will: None,
        };
        if !self.connection.transmit(now, &connect, out) {
            return false;
        }
        if self.step == Step::Subscribe && self.subscribe(now, out) {
            self.step = Step::Mark;
            self.attempts += 1;
        }
        if self.step == Step::Mark && self.mark(out) {
            self.step = Step::Hear { until: now.after(MARKER_TIMEOUT_MS) };
        }
        matches!(self.step, Step::Hear { .. } | Step::Done)
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
        self.step == Step::Done && self.is_open() && self.subscribe(now, out)
    }

    /// Ends the connection in an orderly way.
    pub fn stop(&mut self) {
        if self.ended.is_none() {
            self.ended = Some(Ended::Stopped);
        }
    }

    /// Returns the time of the next call at the latest.
    pub fn wake_at(&self) -> Instant {
        let until = if let Step::Hear { until } = self.step { until } else { Instant::NEVER };
        self.connection.wake_at().min(until)
    }

    /// Asks for everything again, or gives up the message to itself.
    fn miss_mark(&mut self, hear: &mut dyn FnMut(Heard<'_>)) {
        if self.attempts == 1 {
            lines::warn(format_args!(
                "The broker dropped a message, and perhaps values of devices; raise max_queued_messages in mosquitto, and let this user write below its own id"
            ));
        }
        if self.attempts < ATTEMPTS {
            self.step = Step::Subscribe;
        } else {
            self.step = Step::Done;
            hear(Heard::Complete);
        }
    }

    fn take(&mut self, message: &Publish<'_>, hear: &mut dyn FnMut(Heard<'_>)) {
        match Heard::parse(self.options.prefix, self.options.id, message) {
            Some(Heard::Complete) if self.step == Step::Done => {}
            Some(heard) => {
                if heard == Heard::Complete {
                    self.step = Step::Done;
                }
                hear(heard);
            }
            None => self.ignored += 1,
        }
    }

    /// Subscribes to all devices, the answers to this gateway, and the messages between gateways.
    ///
    /// Commands and what Home Assistant was told are on other levels, so they do not come here.
    fn subscribe(&mut self, now: Instant, out: &mut Outgoing<'_>) -> bool {
        let GatewayOptions { prefix, id, .. } = self.options;
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

    /// Sends a message to the gateway itself, which comes back behind what the broker has stored.
    fn mark(&self, out: &mut Outgoing<'_>) -> bool {
        let GatewayOptions { prefix, id, .. } = self.options;
        let topic = [prefix, "/", id.as_str(), "/thing/answer/", id.as_str(), "/", REPLY];
        let head = PublishHead { topic: &topic, payload: MARKER.len(), ..PublishHead::default() };
        if !out.has_room(head.packet_length().unwrap_or(usize::MAX)) {
            return false;
        }
        let Some(written) = head.write(out.spare_mut()) else { return false };
        out.commit(written);
        out.push(MARKER)
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
