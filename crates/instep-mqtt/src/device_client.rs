//! A device as the client of a broker: it publishes as a follower of the feed, and takes commands.

use crate::announce::{Step, measure};
use crate::command::{AnswerAddress, PendingCommand};
use crate::connection::{Connection, Event};
use crate::ended::Ended;
use crate::identity::Identity;
use crate::lines;
use crate::options::ConnectionOptions;
use crate::packet::{ConnAck, Publish, ReasonCode, SubAck};
use crate::publish::Publisher;
use crate::topics::{HOME_ASSISTANT, OwnTopic, Topic, Topics};
use core::num::NonZeroU32;
use instep::Instant;
use instep::broker::Followed;
use instep_proto::delivery::Outgoing;

/// Time after which a command is tried again that found no room, in ms.
const RETRY_MS: u64 = 20;

/// Options of a device at a broker.
#[derive(Clone, Copy, Debug)]
pub struct DeviceOptions<'a> {
    /// The options of the connection.
    pub connection: ConnectionOptions<'a>,
    /// Whether commands are taken.
    pub commands: bool,
    /// Whether Home Assistant is told of the device.
    pub discovery: bool,
    /// The address of the device's page, for Home Assistant.
    pub page: Option<&'a str>,
}

/// Device as the client of a broker, without a socket and without a clock.
///
/// It stores no packet and no session: after each [`begin`](Self::begin) it publishes everything anew, as to a new client. At most
/// `PENDING` commands wait for their answers; while there are so many, nothing is read.
///
/// A driver opens a connection, calls [`begin`](Self::begin), and then again and again [`receive`](Self::receive) with what it has
/// read and [`transmit`](Self::transmit) with room for output, at the latest at [`wake_at`](Self::wake_at), until
/// [`end`](Self::end) returns a value and the output is written.
#[derive(Debug)]
pub struct DeviceClient<'a, const PENDING: usize> {
    followed: Followed<'a>,
    options: DeviceOptions<'a>,
    connection: Connection,
    publisher: Publisher,
    pending: [Option<PendingCommand>; PENDING],
    /// Whether a packet waits for room for a command.
    blocked: bool,
    ended: Option<Ended>,
    ignored: Ignored,
}

/// Messages of the broker that were ignored since the start, or of which a part was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// Response Topics outside of the device's own topics, or too long.
    pub response_topics: u32,
    /// Commands that the broker had stored.
    pub stored_commands: u32,
}

impl<'a, const PENDING: usize> DeviceClient<'a, PENDING> {
    /// Creates the client of a device.
    pub fn new(now: Instant, followed: Followed<'a>, options: DeviceOptions<'a>) -> Self {
        followed.note_connection(false);
        Self {
            connection: Connection::new(now, options.connection.packet_max),
            publisher: Publisher::new(now, &followed),
            pending: [None; PENDING],
            blocked: false,
            ended: None,
            ignored: Ignored::default(),
            followed,
            options,
        }
    }

    /// Begins anew, with a new connection of the transport.
    pub fn begin(&mut self, now: Instant) {
        self.drop_commands();
        self.connection = Connection::new(now, self.options.connection.packet_max);
        self.publisher = Publisher::new(now, &self.followed);
        (self.blocked, self.ended) = (false, None);
    }

    /// Returns the device.
    pub fn followed(&self) -> &Followed<'a> {
        &self.followed
    }

    /// Returns whether the broker has accepted the client, and the connection has not ended.
    pub fn is_open(&self) -> bool {
        self.connection.is_open()
    }

    /// Returns why the connection has ended, once it has.
    pub fn end(&self) -> Option<Ended> {
        self.ended
    }

    /// Returns what was ignored.
    pub fn ignored(&self) -> Ignored {
        self.ignored
    }

    /// Returns how many frames the broker does not take, because they are too long for it.
    pub fn oversized(&self) -> u32 {
        self.publisher.writer.oversized
    }

    /// Takes the packets in `input`, and returns how many bytes of it were used.
    ///
    /// The driver presents the rest again, with the bytes that follow.
    pub fn receive(&mut self, now: Instant, input: &[u8]) -> usize {
        let mut used = 0;
        self.blocked = false;
        for command in self.pending.iter_mut().flatten() {
            command.check_time(now, &self.followed);
        }
        while self.ended.is_none() {
            // Only a message needs room.
            let is_message = input.get(used).is_some_and(|first| first >> 4 == 3);
            if is_message && !self.has_room() {
                // The silence of a broker that is not read from means nothing, but what it sent is late after a while.
                self.blocked = true;
                if let Err(end) = self.connection.check_time(now) {
                    self.finish(Ended::Connection(end));
                }
                break;
            }
            match self.connection.receive(now, &input[used..]) {
                Ok(None) => break,
                Ok(Some((event, length))) => {
                    if !self.take(now, event) {
                        self.blocked = true;
                        break;
                    }
                    used += length;
                }
                Err(end) => self.finish(Ended::Connection(end)),
            }
        }
        used
    }

    /// Adds everything that is due to the output, which then is written as a whole before the next call.
    pub fn transmit(&mut self, now: Instant, out: &mut Outgoing<'_>) {
        if let Some(ended) = self.ended {
            if let Some(reason) = report(ended).filter(|_| !self.publisher.is_within_packet()) {
                self.connection.disconnect(reason, out);
            }
            return;
        }
        let topics = self.topics();
        let will = topics.parts(Topic::State);
        let connect = self.options.connection.connect(Some((&will, "offline")));
        // No other packet stands within a description that has begun.
        if !self.publisher.is_within_packet() && !self.connection.transmit(now, &connect, out) {
            return;
        }
        let before = out.len();
        let own = Identity { followed: &self.followed, topics, page: self.options.page };
        self.publisher.transmit(now, &own, &mut self.pending, out);
        self.publisher.writer.log_oversized();
        if out.len() > before {
            self.connection.note_sent(now);
        }
    }

    /// Ends the connection in an orderly way.
    ///
    /// The broker publishes the will then, so everybody sees the device offline.
    pub fn stop(&mut self) {
        if self.ended.is_none() {
            self.finish(Ended::Stopped);
        }
    }

    /// Ends the connection because the transport has ended.
    pub fn abandon(&mut self) {
        self.stop();
        self.drop_commands();
    }

    /// Returns the time of the next call at the latest.
    pub fn wake_at(&self, now: Instant) -> Instant {
        let pending = self.pending.iter().flatten().map(|command| command.until).min();
        let retry = if self.blocked { now.after(RETRY_MS) } else { Instant::NEVER };
        let reading = self.publisher.announcer.until;
        self.connection.wake_at().min(pending.unwrap_or(Instant::NEVER)).min(retry).min(reading)
    }

    fn topics(&self) -> Topics<'a> {
        Topics { prefix: self.options.connection.prefix, id: self.options.connection.id.as_str() }
    }

    fn has_room(&self) -> bool {
        if self.publisher.announcer.is_busy() {
            return false;
        }
        !self.options.commands || (self.pending.iter().any(Option::is_none) && self.followed.has_room())
    }

    /// Handles an event, and returns `false` if it must be handled again later.
    fn take(&mut self, now: Instant, event: Event<'_>) -> bool {
        match event {
            Event::Opened(answer) => self.open(&answer),
            Event::Message(message) => return self.take_message(now, &message),
            Event::Subscribed(answer) => log_refused(&answer),
            Event::Alive => {}
        }
        true
    }

    fn open(&mut self, answer: &ConnAck) {
        if !answer.retain_available {
            lines::warn(format_args!(
                "The broker stores no values: it has no retained messages; allow them in the broker"
            ));
        }
        let [commands, discovery] =
            [self.options.commands, self.options.discovery].map(|wanted| wanted && answer.wildcard_available);
        self.publisher.open(self.connection.send_max(), commands, discovery);
        self.followed.note_connection(true);
        if self.options.commands && !answer.wildcard_available {
            lines::warn(format_args!(
                "The broker passes no commands on: it allows no wildcards; allow them in the broker"
            ));
        }
    }

    fn take_message(&mut self, now: Instant, message: &Publish<'_>) -> bool {
        let topics = self.topics();
        match topics.find(message.topic) {
            // Everything that was stored has come before.
            Some(OwnTopic::State) if message.payload == b"online" => self.publisher.announcer.end_reading(),
            // The will of an earlier connection may be published after the new one is open.
            Some(OwnTopic::State) => self.publisher.say_online_again(),
            Some(OwnTopic::Thing) if !message.retain => self.check_thing(message.payload),
            Some(OwnTopic::Set(_)) if message.retain => {
                // It was sent before the device was there, perhaps long ago.
                self.ignored.stored_commands = self.ignored.stored_commands.saturating_add(1);
            }
            Some(OwnTopic::Set(name)) if self.options.commands => {
                return self.take_command(now, name, message, topics);
            }
            Some(own) if message.retain && self.publisher.announcer.step != Step::Off => {
                self.take_stored(own, message.payload);
            }
            None if message.topic == HOME_ASSISTANT && message.payload == b"online" && !message.retain => {
                self.publisher.announcer.repeat();
            }
            _ => {}
        }
        true
    }

    /// Takes what the device has stored at the broker.
    fn take_stored(&mut self, topic: OwnTopic<'_>, payload: &[u8]) {
        let announcer = &mut self.publisher.announcer;
        match topic {
            OwnTopic::Discovered => {
                let topics = Topics {
                    prefix: self.options.connection.prefix,
                    id: self.options.connection.id.as_str(),
                };
                let own = Identity { followed: &self.followed, topics, page: self.options.page };
                announcer.take_hash(payload, measure(&own.discovery(None)).1);
            }
            OwnTopic::DiscoveredName(name) => announcer.take_platform(name, payload, &self.followed),
            OwnTopic::Below(name) => announcer.take_value(name, &self.followed),
            OwnTopic::State | OwnTopic::Thing | OwnTopic::Set(_) | OwnTopic::Other => {}
        }
    }

    fn take_command(&mut self, now: Instant, name: &str, message: &Publish<'_>, topics: Topics<'_>) -> bool {
        let answer = message.response_topic.and_then(|topic| {
            let address = topics.find_answer(topic);
            address.and_then(|rest| AnswerAddress::new(rest, message.correlation_data))
        });
        let command = PendingCommand::begin(now, name, message.payload, answer, &self.followed);
        let free = self.pending.iter_mut().find(|command| command.is_none());
        let (Some(command), Some(free)) = (command, free) else { return false };
        *free = Some(command);
        if message.response_topic.is_some() && answer.is_none() {
            self.ignored.response_topics = self.ignored.response_topics.saturating_add(1);
        }
        true
    }

    /// Checks what was published at the topic of the frame `thing`.
    ///
    /// The frame of another start is another device's. Anything else is replaced by the frame.
    fn check_thing(&mut self, payload: &[u8]) {
        let start = start_of(payload);
        if start.is_some_and(|start| Some(start) != self.followed.start().map(NonZeroU32::get)) {
            self.finish(Ended::SameId);
        } else if start.is_none() {
            self.publisher.greet_again();
        }
    }

    fn finish(&mut self, ended: Ended) {
        self.ended = Some(ended);
        self.followed.note_connection(false);
        self.drop_commands();
    }

    /// Drops the commands that the application has not received, and the answers to the others.
    fn drop_commands(&mut self) {
        for command in self.pending.iter_mut().filter_map(Option::take) {
            command.end(&self.followed);
        }
    }
}

impl<const PENDING: usize> Drop for DeviceClient<'_, PENDING> {
    fn drop(&mut self) {
        self.drop_commands();
    }
}

/// Returns the reason of the DISCONNECT, if the broker is told.
fn report(ended: Ended) -> Option<ReasonCode> {
    match ended {
        Ended::Connection(end) => end.report(),
        // With the will the other device would say that it is online again, and this one is not.
        Ended::SameId => Some(ReasonCode::SUCCESS),
        Ended::Stopped => Some(ReasonCode::DISCONNECT_WITH_WILL),
    }
}

/// Returns the start in a frame `thing`.
fn start_of(frame: &[u8]) -> Option<u32> {
    let rest = frame.strip_prefix(b"{\"label\":\"thing\",\"value\":{")?.strip_suffix(b"\"}}")?;
    let (before, digits) = rest.split_last_chunk::<8>()?;
    before.strip_suffix(b"\"start\":\"")?;
    digits.iter().try_fold(0, |start, digit| Some(start << 4 | char::from(*digit).to_digit(16)?))
}

fn log_refused(answer: &SubAck<'_>) {
    // One line for all filters, because a broker usually refuses all of them for one reason.
    if let Some(reason) = answer.reasons().find(|reason| reason.is_error()) {
        lines::warn(format_args!(
            "The broker passes no messages on: {reason}; allow this user to read the device's topics"
        ));
    }
}
