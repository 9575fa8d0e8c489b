//! Publishing of a device: what is due, and in which order.
//!
//! After CONNACK come the frame `thing`, the subscriptions, all values, `online`, and the description. From then on
//! come changed values, events and answers.

use crate::command::{PendingCommand, Progress};
use crate::packet::{Filter, PublishHead, write_subscribe};
use crate::topics::Topics;
use core::fmt::{Display, Write as _};
use instep::Instant;
use instep::broker::{CommandId, Followed};
use instep_proto::delivery::{Cursor, Feed, Outgoing};
use instep_proto::frame::server_payload;
use instep_proto::http::Window;

/// Number of gathered bytes at which no more is gathered, so that values are not older than necessary.
const GATHERED_MAX: usize = 4_096;
/// Maximum length of a frame that the client itself makes, in bytes.
const OWN_FRAME_MAX: usize = 160;
/// Packet identifier of the only SUBSCRIBE.
const SUBSCRIBE_ID: u16 = 1;

/// State of publishing on one connection.
#[derive(Debug)]
pub(crate) struct Publisher {
    cursor: Cursor,
    step: Step,
    /// Whether commands are subscribed to.
    commands: bool,
    /// Whether the frame `thing` is due once more.
    greeting_due: bool,
    /// Whether `online` is due.
    online_due: bool,
    /// The maximum length of a packet, in bytes.
    send_max: usize,
    /// The number of frames that were too long for the broker.
    pub(crate) oversized: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Greeting,
    Subscription,
    Values,
    /// The description, from its byte of this number on, of that many. The packet's beginning is not written at byte 0.
    Description {
        position: usize,
        length: usize,
    },
    Done,
}

impl Publisher {
    pub(crate) fn new(feed: &Feed<'_>) -> Self {
        Self {
            cursor: Cursor::new(feed),
            step: Step::Greeting,
            commands: false,
            greeting_due: false,
            online_due: true,
            send_max: usize::MAX,
            oversized: 0,
        }
    }

    /// Notes what the broker allows.
    pub(crate) fn open(&mut self, send_max: usize, commands: bool) {
        (self.send_max, self.commands) = (send_max, commands);
    }

    pub(crate) fn greet_again(&mut self) {
        self.greeting_due = true;
    }

    pub(crate) fn say_online_again(&mut self) {
        self.online_due = true;
    }

    /// Returns whether a packet has begun and the rest of it is not written.
    pub(crate) fn is_within_packet(&self) -> bool {
        matches!(self.step, Step::Description { position: 1.., .. })
    }

    /// Adds what is due to the output.
    pub(crate) fn transmit(
        &mut self,
        now: Instant,
        followed: &Followed<'_>,
        topics: Topics<'_>,
        pending: &mut [Option<PendingCommand>],
        out: &mut Outgoing<'_>,
    ) {
        if self.is_within_packet() && !self.describe(followed, topics, out) {
            return;
        }
        if self.step == Step::Greeting {
            if !self.publish_text(&topics.below("thing"), true, followed.greeting(), out) {
                return;
            }
            self.step = Step::Subscription;
        }
        if self.step == Step::Subscription {
            if !self.subscribe(topics, out) {
                return;
            }
            self.step = Step::Values;
        }
        if self.greeting_due {
            if !self.publish_text(&topics.below("thing"), true, followed.greeting(), out) {
                return;
            }
            self.greeting_due = false;
        }
        let Some(revision) = self.publish_frames(now, followed, topics, out) else { return };
        if self.online_due {
            if !self.publish_text(&topics.state(), true, "online", out) {
                return;
            }
            self.online_due = false;
        }
        self.answer(now, revision, followed, topics, pending, out);
        if self.step == Step::Values {
            self.step = Step::Description { position: 0, length: followed.description().length() };
        }
        if matches!(self.step, Step::Description { .. }) {
            self.describe(followed, topics, out);
        }
    }

    fn subscribe(&self, topics: Topics<'_>, out: &mut Outgoing<'_>) -> bool {
        let (state, thing, set) = (topics.state(), topics.below("thing"), topics.below("+/set"));
        let filters = [&state[..], &thing, &set].map(|topic| Filter { topic, retained: false });
        let filters = if self.commands { &filters[..] } else { &filters[..2] };
        let length = write_subscribe(SUBSCRIBE_ID, filters, out.spare_mut());
        out.commit(length.unwrap_or(0));
        length.is_some()
    }

    /// Publishes all frames that are due, and returns the revision up to which there are no more.
    fn publish_frames(
        &mut self,
        now: Instant,
        followed: &Followed<'_>,
        topics: Topics<'_>,
        out: &mut Outgoing<'_>,
    ) -> Option<u64> {
        let mut missed = 0;
        let revision = followed.with_feed(now, |feed| {
            loop {
                if out.len() >= GATHERED_MAX {
                    return None;
                }
                let mut cursor = self.cursor;
                let lost = cursor.skip_lost(feed);
                if lost > 0 {
                    let frame = format_args!("{{\"label\":\"missed\",\"value\":{lost}}}");
                    if !self.publish_text(&topics.below("missed"), false, frame, out) {
                        return None;
                    }
                    missed += lost;
                    self.cursor = cursor;
                }
                let Some(next) = cursor.next(feed) else { return Some(feed.revision()) };
                let payload = server_payload(next.frame);
                if let Some(label) = label(payload)
                    && !self.publish(&topics.below(label), next.is_retained(), None, payload, out)
                {
                    return None;
                }
                self.cursor.advance(&next, feed);
            }
        });
        if missed > 0 {
            followed.count_missed(missed);
            log::warn!("The broker missed {missed} events by reading too slowly");
        }
        revision
    }

    /// Publishes the answers that are there, and ends commands without one.
    fn answer(
        &mut self,
        now: Instant,
        revision: u64,
        followed: &Followed<'_>,
        topics: Topics<'_>,
        pending: &mut [Option<PendingCommand>],
        out: &mut Outgoing<'_>,
    ) {
        for place in pending {
            let Some(command) = place else { continue };
            let is_done = match command.progress {
                Progress::Asked(id) => self.take_answer(id, now, revision, command, followed, topics, out),
                Progress::Refused(refusal) => {
                    let text = refusal.frame();
                    if command.answer.is_none() {
                        log_refusal(now, followed, &text);
                    }
                    command.answer.is_none_or(|answer| {
                        let topic = topics.answer(answer.topic());
                        self.publish_own(&topic, false, answer.data(), text, out)
                    })
                }
            };
            if is_done {
                command.end(followed);
                *place = None;
            }
        }
    }

    /// Publishes the answer of the application, if it is there, and returns whether the command is done.
    #[expect(clippy::too_many_arguments, reason = "a helper of `answer`")]
    fn take_answer(
        &mut self,
        id: CommandId,
        now: Instant,
        revision: u64,
        command: &mut PendingCommand,
        followed: &Followed<'_>,
        topics: Topics<'_>,
        out: &mut Outgoing<'_>,
    ) -> bool {
        let mut refused = false;
        let answer = command.answer;
        let answered = followed.take_reply(id, |follows, payload| {
            if follows > revision {
                return false;
            }
            let Some(answer) = answer else {
                refused = payload.starts_with(b"{\"label\":\"error\"");
                return true;
            };
            self.publish(&topics.answer(answer.topic()), false, answer.data(), payload, out)
        });
        if refused {
            log_refusal(now, followed, &"see the application's log");
        }
        if answered || now < command.until {
            return answered;
        }
        if answer.is_none() {
            // It is not withdrawn while it waits for its turn.
            command.wait_on(now);
            return followed.has_received(id);
        }
        command.expire(followed);
        false
    }

    /// Publishes the description, and returns whether all of it is written.
    fn describe(&mut self, followed: &Followed<'_>, topics: Topics<'_>, out: &mut Outgoing<'_>) -> bool {
        let Step::Description { mut position, length } = self.step else { return true };
        if position == 0 {
            let topic = topics.below("thing/td");
            let head = PublishHead { topic: &topic, retain: true, correlation_data: None, payload: length };
            if head.packet_length().is_none_or(|whole| whole > self.send_max) {
                self.note_oversized("thing/td");
                self.step = Step::Done;
                return true;
            }
            let Some(written) = head.write(out.spare_mut()) else { return false };
            // At least one byte follows in the same output, so that a position above 0 means that the packet has begun.
            if out.remaining() == written {
                return false;
            }
            out.commit(written);
        }
        let written = followed.description().write(position, out.spare_mut());
        out.commit(written);
        position += written;
        self.step = if position >= length { Step::Done } else { Step::Description { position, length } };
        self.step == Step::Done
    }

    fn publish_text(
        &mut self,
        topic: &[&str],
        retain: bool,
        text: impl Display,
        out: &mut Outgoing<'_>,
    ) -> bool {
        self.publish_own(topic, retain, None, text, out)
    }

    /// Publishes a short text. Returns `false` if there is no room for it now.
    fn publish_own(
        &mut self,
        topic: &[&str],
        retain: bool,
        correlation_data: Option<&[u8]>,
        text: impl Display,
        out: &mut Outgoing<'_>,
    ) -> bool {
        let mut bytes = [0; OWN_FRAME_MAX];
        let mut payload = Window::new(&mut bytes, 0);
        let written = write!(payload, "{text}");
        debug_assert!(written.is_ok(), "a frame is longer than OWN_FRAME_MAX");
        let length = payload.used();
        self.publish(topic, retain, correlation_data, &bytes[..length], out)
    }

    /// Publishes a payload. Returns `false` if there is no room for it now.
    ///
    /// What can never fit is left out.
    fn publish(
        &mut self,
        topic: &[&str],
        retain: bool,
        correlation_data: Option<&[u8]>,
        payload: &[u8],
        out: &mut Outgoing<'_>,
    ) -> bool {
        let head = PublishHead { topic, retain, correlation_data, payload: payload.len() };
        let Some(length) = head.packet_length().filter(|length| *length <= self.send_max) else {
            self.note_oversized(topic.last().unwrap_or(&""));
            return true;
        };
        if !out.has_room(length) {
            let never = out.is_clear();
            if never {
                self.note_oversized(topic.last().unwrap_or(&""));
            }
            return never;
        }
        let Some(written) = head.write(out.spare_mut()) else { return false };
        out.spare_mut()[written..length].copy_from_slice(payload);
        out.commit(length);
        true
    }

    /// Counts a frame that is too long, and logs the first one of a connection.
    fn note_oversized(&mut self, name: &str) {
        if self.oversized == 0 {
            log::warn!(
                "The broker does not get {name}: it takes packets of at most {} bytes; raise its maximum packet size",
                self.send_max
            );
        }
        self.oversized = self.oversized.saturating_add(1);
    }
}

fn log_refusal(now: Instant, followed: &Followed<'_>, why: &dyn Display) {
    if followed.allow_log(now) {
        log::warn!("A command from the broker was refused: {why}");
    }
}

/// Returns the name in a frame of a Thing.
fn label(payload: &[u8]) -> Option<&str> {
    let rest = payload.strip_prefix(b"{\"label\":\"")?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    core::str::from_utf8(&rest[..end]).ok()
}
