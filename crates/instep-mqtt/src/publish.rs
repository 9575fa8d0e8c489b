//! Publishing of a device: what is due, and in which order.
//!
//! After CONNACK come the frame `thing`, the subscriptions, all values, `online`, the description, and what Home
//! Assistant is told. From then on come changed values, events and answers.

use crate::announce::{Announcer, Cleared, Step, measure};
use crate::command::{PendingCommand, Progress};
use crate::discovery::Component;
use crate::identity::Identity;
use crate::lines;
use crate::packet::{Filter, write_subscribe, write_unsubscribe};
use crate::stream::{Body, Stream, Written};
use crate::topics::{DISCOVERED, HOME_ASSISTANT, Topic, Topics};
use crate::writer::Writer;
use core::fmt::Display;
use instep::Instant;
use instep::broker::{CommandId, Followed};
use instep_proto::delivery::{Cursor, Outgoing};
use instep_proto::frame::server_payload;

/// Number of gathered bytes at which no more is gathered, so that values are not older than necessary.
const GATHERED_MAX: usize = 4_096;

/// State of publishing on one connection.
#[derive(Debug)]
pub(crate) struct Publisher {
    cursor: Cursor,
    /// Whether the frame `thing` is due.
    greeting_due: bool,
    /// The number of the next SUBSCRIBE; 2 after the last one.
    subscription: u16,
    /// Whether commands are subscribed to.
    commands: bool,
    /// Whether `online` is due.
    online_due: bool,
    description_due: bool,
    /// Long message that is being written.
    stream: Option<Stream>,
    pub(crate) announcer: Announcer,
    pub(crate) writer: Writer,
}

impl Publisher {
    pub(crate) fn new(now: Instant, followed: &Followed<'_>) -> Self {
        Self {
            cursor: followed.with_feed(now, Cursor::new),
            greeting_due: true,
            subscription: 0,
            commands: false,
            online_due: true,
            description_due: true,
            stream: None,
            announcer: Announcer::new(false),
            writer: Writer::new(),
        }
    }

    /// Notes what the broker allows.
    pub(crate) fn open(&mut self, send_max: usize, commands: bool, discovery: bool) {
        (self.writer.send_max, self.commands) = (send_max, commands);
        self.announcer = Announcer::new(discovery);
    }

    pub(crate) fn greet_again(&mut self) {
        self.greeting_due = true;
    }

    pub(crate) fn say_online_again(&mut self) {
        self.online_due = true;
    }

    /// Returns whether a packet has begun and the rest of it is not written.
    pub(crate) fn is_within_packet(&self) -> bool {
        self.stream.is_some_and(|stream| stream.has_begun())
    }

    /// Adds what is due to the output.
    pub(crate) fn transmit(
        &mut self,
        now: Instant,
        own: &Identity<'_>,
        pending: &mut [Option<PendingCommand>],
        out: &mut Outgoing<'_>,
    ) {
        if self.is_within_packet() && !self.write_stream(own, out) {
            return;
        }
        if self.greeting_due {
            if !self.writer.text(own.to(Topic::Stored("thing")), &own.followed.greeting(), out) {
                return;
            }
            self.greeting_due = false;
        }
        while self.subscription < if self.announcer.step == Step::Off { 1 } else { 2 } {
            if !self.subscribe(&own.topics, out) {
                return;
            }
            self.subscription += 1;
        }
        let Some(revision) = self.publish_frames(now, own, out) else { return };
        if self.online_due {
            if !self.writer.text(own.to(Topic::State), &"online", out) {
                return;
            }
            self.online_due = false;
            self.announcer.expect_end(now);
        }
        self.answer(now, revision, own, pending, out);
        if core::mem::take(&mut self.description_due) {
            self.stream = Some(Stream::new(Body::Description, &own.discovery(None)));
        }
        while self.write_stream(own, out) && self.announce(now, own, out) {}
    }

    fn subscribe(&self, topics: &Topics<'_>, out: &mut Outgoing<'_>) -> bool {
        let length = if self.subscription == 0 {
            let [state, thing, set] =
                [Topic::State, Topic::Live("thing"), Topic::Live("+/set")].map(|topic| topics.parts(topic));
            let topics = [&[HOME_ASSISTANT], &state[..], &thing, &set];
            let filters = topics.map(|topic| Filter { topic, retained: false, as_published: false });
            let from = usize::from(self.announcer.step == Step::Off);
            let to = if self.commands { 4 } else { 3 };
            write_subscribe(1, filters.get(from..to).unwrap_or_default(), out.spare_mut())
        } else {
            let filters = stored(topics);
            let filters =
                filters.each_ref().map(|topic| Filter { topic, retained: true, as_published: false });
            write_subscribe(2, &filters, out.spare_mut())
        };
        out.commit(length.unwrap_or(0));
        length.is_some()
    }

    /// Publishes all frames that are due, and returns the revision up to which there are no more.
    fn publish_frames(&mut self, now: Instant, own: &Identity<'_>, out: &mut Outgoing<'_>) -> Option<u64> {
        let mut missed = 0;
        let revision = own.followed.with_feed(now, |feed| {
            loop {
                if out.len() >= GATHERED_MAX {
                    return None;
                }
                let mut cursor = self.cursor;
                let lost = cursor.skip_lost(feed);
                if lost > 0 {
                    let frame = format_args!("{{\"label\":\"missed\",\"value\":{lost}}}");
                    if !self.writer.text(own.to(Topic::Live("missed")), &frame, out) {
                        return None;
                    }
                    missed += lost;
                    self.cursor = cursor;
                }
                let Some(next) = cursor.next(feed) else { return Some(feed.revision()) };
                let payload = server_payload(next.frame);
                if let Some(label) = label(payload) {
                    let topic = if next.is_retained() { Topic::Stored(label) } else { Topic::Live(label) };
                    if !self.writer.publish(own.to(topic), payload, out) {
                        return None;
                    }
                }
                self.cursor.advance(&next, feed);
            }
        });
        if missed > 0 {
            own.followed.count_missed(missed);
            lines::warn(format_args!("The broker missed {missed} events by reading too slowly"));
        }
        revision
    }

    /// Publishes the answers that are there, and ends commands without one.
    fn answer(
        &mut self,
        now: Instant,
        revision: u64,
        own: &Identity<'_>,
        pending: &mut [Option<PendingCommand>],
        out: &mut Outgoing<'_>,
    ) {
        for place in pending {
            let Some(command) = place else { continue };
            let mut is_done = false;
            if let Progress::Asked(id) = command.progress {
                is_done = self.take_answer(id, now, revision, command, own, out);
            }
            // It may have been refused just now.
            is_done |= match command.progress {
                Progress::Asked(_) => false,
                Progress::Refused(refusal) => {
                    let text = refusal.frame();
                    if command.answer.is_none() {
                        log_refusal(now, own.followed, &text);
                    }
                    command
                        .answer
                        .as_ref()
                        .is_none_or(|answer| self.writer.text(answer.to(&own.topics), &text, out))
                }
            };
            if is_done {
                command.end(own.followed);
                *place = None;
            }
        }
    }

    /// Publishes the answer of the application, if it is there, and returns whether the command is done.
    fn take_answer(
        &mut self,
        id: CommandId,
        now: Instant,
        revision: u64,
        command: &mut PendingCommand,
        own: &Identity<'_>,
        out: &mut Outgoing<'_>,
    ) -> bool {
        let followed = own.followed;
        let mut refused = false;
        let answer = command.answer.as_ref();
        let answered = followed.take_reply(id, |follows, payload| {
            if follows > revision {
                return false;
            }
            let Some(answer) = answer else {
                refused = payload.starts_with(b"{\"label\":\"error\"");
                return true;
            };
            self.writer.publish(answer.to(&own.topics), payload, out)
        });
        if refused {
            log_refusal(now, followed, &"it does not fit the declaration, or the application refused it");
        }
        answered || (now >= command.until && command.wait_on(id, now, followed))
    }

    /// Writes a part of a long message, and returns whether there is none any more.
    fn write_stream(&mut self, own: &Identity<'_>, out: &mut Outgoing<'_>) -> bool {
        let Some(stream) = &mut self.stream else { return true };
        let removed = self.announcer.removed().filter(|_| stream.body == Body::Removal);
        match (stream.write(&own.discovery(removed), &mut self.writer, out), stream.body) {
            (Written::Part, _) => return false,
            (_, Body::Description) => {}
            (Written::Whole, Body::Discovery) => self.announcer.step = Step::Platform(0),
            (Written::Whole, Body::Removal) => self.announcer.note_removed(),
            // Not recorded as told, so the next connection tries again.
            (Written::LeftOut, Body::Discovery) => self.announcer.step = Step::Done,
            (Written::LeftOut, Body::Removal) => self.announcer.give_up_removal(),
        }
        self.stream = None;
        true
    }

    /// Takes the next step of telling Home Assistant, and returns whether there may be another one.
    fn announce(&mut self, now: Instant, own: &Identity<'_>, out: &mut Outgoing<'_>) -> bool {
        if self.announcer.must_clear_hash() {
            let is_cleared = self.writer.publish(own.to(Topic::Stored(DISCOVERED)), b"", out);
            self.announcer.note_hash(!is_cleared);
            return is_cleared;
        }
        if self.announcer.removed().is_some() {
            self.stream = Some(Stream::new(Body::Removal, &own.discovery(self.announcer.removed())));
            return true;
        }
        if let Some(cleared) = self.announcer.cleared() {
            let topic = match &cleared {
                Cleared::Value(name) => Topic::Stored(name.as_str()),
                Cleared::Platform(name) => Topic::Discovered(name.as_str()),
            };
            let is_cleared = self.writer.publish(own.to(topic), b"", out);
            if is_cleared {
                self.announcer.note_cleared();
            }
            return is_cleared;
        }
        match self.announcer.step {
            Step::Off | Step::Done => false,
            Step::Reading if now < self.announcer.until => false,
            Step::Reading => {
                self.announcer.end_reading();
                true
            }
            Step::Unsubscription => {
                let stored = stored(&own.topics);
                let length = write_unsubscribe(3, &[&stored[0], &stored[1], &stored[2]], out.spare_mut());
                out.commit(length.unwrap_or(0));
                if length.is_some() {
                    self.announcer.note_unsubscribed();
                }
                length.is_some()
            }
            Step::Message => {
                self.stream = Some(Stream::new(Body::Discovery, &own.discovery(None)));
                true
            }
            Step::Platform(number) => {
                let Some(component) = Component::at(number, own.followed) else {
                    self.announcer.step = Step::Hash;
                    return true;
                };
                let to = own.to(Topic::Discovered(component.name()));
                let is_told = self.writer.publish(to, component.platform().as_bytes(), out);
                if is_told {
                    self.announcer.step = Step::Platform(number + 1);
                }
                is_told
            }
            Step::Hash => {
                let (_, hash) = measure(&own.discovery(None));
                let to = own.to(Topic::Stored(DISCOVERED));
                let is_told = self.writer.text(to, &format_args!("{hash:016x}"), out);
                if is_told {
                    self.announcer.note_hash(true);
                    self.announcer.step = Step::Done;
                }
                is_told
            }
        }
    }
}

/// Returns the topics of what the broker has stored of the device, in parts.
fn stored<'t>(topics: &Topics<'t>) -> [[&'t str; 5]; 3] {
    [DISCOVERED, "thing/discovered/+", "+"].map(|rest| topics.parts(Topic::Live(rest)))
}

fn log_refusal(now: Instant, followed: &Followed<'_>, why: &dyn Display) {
    if followed.allow_log(now) {
        lines::warn(format_args!("A command from the broker was refused: {why}"));
    }
}

/// Returns the name in a frame of a Thing.
fn label(payload: &[u8]) -> Option<&str> {
    let rest = payload.strip_prefix(b"{\"label\":\"")?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    core::str::from_utf8(rest.get(..end)?).ok()
}
