//! Client of a gateway, without a socket and without a clock.

use super::heard::Heard;
use super::message::{Message, Sent};
use super::progress::Progress;
use super::topics::{GATEWAYS, REPLY};
use crate::connection::{Connection, End, Event};
use crate::ended::Ended;
use crate::lines;
use crate::options::ConnectionOptions;
use crate::packet::{ConnAck, Filter, Publish, ReasonCode, SubAck, write_subscribe};
use instep::Instant;
use instep_proto::delivery::Outgoing;

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
    progress: Progress,
    ended: Option<Ended>,
    ignored: u64,
}

impl<'a> GatewayClient<'a> {
    /// Creates the client of a gateway.
    pub fn new(now: Instant, options: ConnectionOptions<'a>) -> Self {
        let connection = Connection::new(now, options.packet_max).with_any_age();
        Self { options, connection, progress: Progress::new(now), ended: None, ignored: 0 }
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
        self.progress.note_call(now);
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
        if self.is_open()
            && let Some(said) = self.progress.check(now)
        {
            hear(said);
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
        self.progress.note_call(now);
        if self.progress.must_subscribe() && self.subscribe(now, out) {
            self.progress.note_subscribed();
        }
        self.progress.transmit(now, self.options.prefix, self.options.id, out);
        self.progress.has_subscribed()
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
        self.progress.is_settled() && self.is_open() && self.subscribe(now, out)
    }

    /// Ends the connection in an orderly way.
    pub fn stop(&mut self) {
        if self.ended.is_none() {
            self.ended = Some(Ended::Stopped);
        }
    }

    /// Returns the time of the next call at the latest.
    pub fn wake_at(&self) -> Instant {
        self.connection.wake_at().min(self.progress.wake_at())
    }

    fn take(&mut self, now: Instant, message: &Publish<'_>, hear: &mut dyn FnMut(Heard<'_>)) {
        let ConnectionOptions { prefix, id, .. } = self.options;
        match self.progress.take(now, prefix, id, message) {
            Some(said) => said.into_iter().for_each(hear),
            None => match Heard::parse(prefix, id, message) {
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
