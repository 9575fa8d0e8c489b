//! Streams of Server-Sent Events (WHATWG HTML section 9.2).
//!
//! Streams are for clients without WebSocket. `/events` has the messages that a WebSocket would receive. Each property
//! and each event has a stream of bare values. The client of a stream has a slot and counts as a client.

use super::context::Context;
use super::event_id::{self, LastSeen};
use super::problem::write_answer_with;
use super::request::{Credential, Listening, Outcome, Request};
use super::values::value;
use crate::device::{DropReason, End, SlotHandle};
use crate::model::Interaction;
use crate::time::Instant;
use core::fmt::{Display, Write as _};
use instep_proto::delivery::{Cursor, Feed, Outgoing};
use instep_proto::frame::{CloseCode, server_payload};
use instep_proto::http::{Method, Reply, Status, Window};
use log::Level;

/// Delay before a browser reconnects after a lost connection, in ms.
const RETRY_MS: u32 = 2_000;
/// Interval between keep-alive comments, in ms.
const COMMENT_INTERVAL_MS: u64 = 10_000;
/// Interval between keep-alive comments if the client asks for revisions, in ms.
///
/// The interval equals the keep-alive interval of a WebSocket.
const COMMENT_INTERVAL_WITH_REVISIONS_MS: u64 = 5_000;
/// Header line that keeps proxies such as nginx from buffering the stream.
const NO_BUFFERING: &str = "X-Accel-Buffering: no\r\n";

/// State of one stream.
#[derive(Debug)]
pub(crate) struct Events {
    pub(crate) slot: SlotHandle,
    /// Whether to check if the device has revoked the credential.
    pub(crate) check_revoked: bool,
    /// The time at which the credential expires.
    pub(crate) expires_at: Instant,
    /// The time of the next comment.
    pub(crate) comment_at: Instant,
    cursor: Cursor,
    /// The lowest unsent revision, or [`u64::MAX`] if the client asks for none.
    unsent_revision: u64,
    /// The number of the only property or event of the stream. `None` stands for all.
    only: Option<u16>,
}

/// Answers a request for a stream.
///
/// The stream has all values and events, or only those of the property or event with the number `only`.
pub(crate) fn answer(
    only: Option<usize>,
    credential: Option<Credential>,
    request: &Request<'_>,
    out: &mut Outgoing<'_>,
) -> Outcome {
    let Request { head, peer, context, .. } = *request;
    if !out.is_empty() {
        return Outcome::Blocked;
    }
    let response = Reply::head_of(Status::Ok, Some(("text/event-stream", 0)), head).without_end();
    if head.method == Method::Get {
        let last_seen = LastSeen::read(only.is_some(), head, context);
        let only = only.and_then(|number| u16::try_from(number).ok());
        return Outcome::Listen(Listening { response, credential, peer, last_seen, only });
    }
    write_answer_with(&response, format_args!("{NO_BUFFERING}"), &[], head, out)
}

/// Begins a stream for the client in `slot`.
///
/// The output must be empty, so that the beginning of the stream fits.
pub(crate) fn listen(
    slot: SlotHandle,
    now: Instant,
    listening: &Listening,
    context: &Context<'_>,
    out: &mut Outgoing<'_>,
) -> Events {
    let Listening { response, credential, last_seen, only, .. } = *listening;
    let head = response.write_with(out.spare_mut(), format_args!("{NO_BUFFERING}"));
    out.commit(head.unwrap_or(0));
    let cursor = last_seen.begin(context);
    let missed = last_seen.missed(&cursor, context);
    let mut events = Events {
        slot,
        check_revoked: false,
        expires_at: credential.map_or(Instant::NEVER, |credential| credential.expires_at),
        comment_at: now,
        cursor,
        unsent_revision: u64::MAX,
        only,
    };
    let mut begin = Window::new(out.spare_mut(), 0);
    let _ = events.write_beginning(last_seen, context, &mut begin);
    if missed > 0 {
        let _ = write_missed(missed, &mut begin);
    }
    let length = begin.used();
    out.commit(length);
    if last_seen.revisions {
        let first = events.cursor.next(context.feed).map(|next| next.revision);
        events.unsent_revision = first.unwrap_or(context.feed.revision());
    }
    events.comment_at = events.next_comment(now);
    events
}

impl Events {
    /// Ends the stream and releases its slot.
    pub(crate) fn close(self, end: End, context: &Context<'_>) {
        // A stream has no close frame, so a closed connection is its normal end.
        let end = match end {
            End::Dropped(DropReason::NoCloseFrame) => End::Closed(Some(CloseCode::NORMAL)),
            end => end,
        };
        context.device.release(self.slot, end);
        self.slot.client.log_disconnected();
    }

    /// Returns how far the client is behind the feed.
    pub(crate) fn lag(&self, feed: &Feed<'_>) -> u64 {
        self.cursor.lag(feed)
    }

    /// Returns whether the device has revoked the credential.
    ///
    /// Checks this only if [`check_revoked`](Self::check_revoked) is set, and clears that flag.
    pub(crate) fn is_revoked(&mut self, context: &Context<'_>) -> bool {
        core::mem::take(&mut self.check_revoked) && context.device.has_reply(self.slot).1
    }

    /// Adds a keep-alive comment if it is due and the output is empty.
    ///
    /// A client that does not read gets none.
    pub(crate) fn comment(&mut self, now: Instant, out: &mut Outgoing<'_>) {
        if now >= self.comment_at {
            if out.is_empty() {
                // There is room, because the output is empty.
                let _ = out.push(b":\n\n");
            }
            self.comment_at = self.next_comment(now);
        }
    }

    fn sends_revisions(&self) -> bool {
        self.unsent_revision != u64::MAX
    }

    fn next_comment(&self, now: Instant) -> Instant {
        now.after(if self.sends_revisions() {
            COMMENT_INTERVAL_WITH_REVISIONS_MS
        } else {
            COMMENT_INTERVAL_MS
        })
    }

    /// Writes all pending output. Returns whether the socket accepted all of it.
    pub(crate) fn flush(
        &mut self,
        context: &Context<'_>,
        out: &mut Outgoing<'_>,
        write: &mut dyn FnMut(&[u8]) -> usize,
    ) -> bool {
        loop {
            // Nothing is added while output waits, because newer values may still replace the next frames.
            if !out.flush(None, &mut 0, write) {
                return false;
            }
            while self.add_next(context, out) {}
            if out.is_empty() {
                return true;
            }
        }
    }

    /// Returns the revision to send now, up to which the client has everything.
    ///
    /// A revision is sent when nothing else waits. It is also sent before each new batch (`begins`), because a client that reads
    /// slowly may never be up to date.
    fn revision_to_send(&self, feed: &Feed<'_>, begins: bool) -> Option<u64> {
        let next = self.cursor.next(feed).map(|next| next.revision);
        let received = next.map_or(feed.revision(), |next| next - 1);
        (received >= self.unsent_revision && (begins || next.is_none())).then_some(received)
    }

    fn write_revision(
        &self,
        revision: u64,
        context: &Context<'_>,
        out: &mut Window<'_>,
    ) -> core::fmt::Result {
        if let Some(start) = event_id::position_start(context, true) {
            writeln!(out, "id: {}", event_id::id(start, event_id::position(&self.cursor, context)))?;
        }
        write!(out, "data: {}\n\n", event_id::up_to(revision))
    }

    /// Returns the only property or event of the stream, with its number.
    fn only(&self, context: &Context<'_>) -> Option<(usize, &'static Interaction)> {
        let number = usize::from(self.only?);
        Some((number, context.manifest.thing?.interactions.get(number)?))
    }

    fn write_beginning(
        &self,
        last_seen: LastSeen,
        context: &Context<'_>,
        out: &mut Window<'_>,
    ) -> core::fmt::Result {
        writeln!(out, "retry: {RETRY_MS}")?;
        let Some((number, interaction)) = self.only(context) else {
            #[cfg(feature = "gateway")]
            if event_id::feed_greets(context) {
                return out.write_str("\n");
            }
            return write!(out, "data: {}\n\n", event_id::greeting(context));
        };
        if interaction.kind.is_property() {
            // A published value comes from the feed.
            let topic = context.manifest.thing.and_then(|thing| thing.topic(number));
            let published = topic.is_some_and(|topic| context.feed.table().latest(topic).is_some());
            return out.write_str(if published { "\n" } else { "data: null\n\n" });
        }
        // With this id, a client that reconnects before its first event misses none.
        if let Some(start) = event_id::start(context) {
            writeln!(out, "id: {}", event_id::id(start, last_seen.position(&self.cursor, context)))?;
        }
        out.write_str("\n")
    }

    /// Adds the next part, or skips it if it can never fit.
    ///
    /// Returns `false` if there is no part, or no space for it now.
    fn add_next(&mut self, context: &Context<'_>, out: &mut Outgoing<'_>) -> bool {
        let mut cursor = self.cursor;
        let only = self.only(context).map(|(_, interaction)| interaction);
        let mut missed = cursor.skip_lost(context.feed);
        if only.is_some_and(|only| only.kind.is_property()) {
            // The stream of a property has no events to miss, and its latest value always follows.
            missed = 0;
        }
        let revision = self.revision_to_send(context.feed, out.is_empty());
        let mut part = Window::new(out.spare_mut(), 0);
        let written = if missed > 0 {
            match only {
                None => write_missed(missed, &mut part),
                Some(_) => write!(part, "event: missed\ndata: {missed}\n\n"),
            }
        } else if let Some(revision) = revision {
            self.write_revision(revision, context, &mut part)
        } else {
            let Some(next) = cursor.next(context.feed) else { return false };
            let before = cursor.events();
            cursor.advance(&next, context.feed);
            let start = event_id::start(context).filter(|_| cursor.events() > before);
            let id = start.map(|start| event_id::id(start, event_id::position(&cursor, context)));
            let text = match only {
                Some(only) => value(next.frame, only.name),
                None => Some(server_payload(next.frame)).filter(|_| next.frame[0] & 0x0f == 1),
            };
            write_event(id, text, &mut part)
        };
        let length = if written.is_ok() { part.used() } else { 0 };
        // A part that does not fit an empty buffer never fits, so it is skipped. Only a frame with many line ends, which no
        // Thing sends, can be so long.
        if written.is_err() && !out.is_clear() {
            let _ = out.has_room(usize::MAX);
            return false;
        }
        out.commit(length);
        self.cursor = cursor;
        if let Some(revision) = revision.filter(|_| missed == 0) {
            self.unsent_revision = revision + 1;
        }
        if missed > 0 {
            context.device.count_missed(missed);
            let client = self.slot.client;
            client.log(Level::Warn, format_args!("Missed {missed} events by reading too slowly"));
        }
        true
    }
}

fn write_missed(missed: u64, out: &mut Window<'_>) -> core::fmt::Result {
    write!(out, "data: {{\"label\":\"missed\",\"value\":{missed}}}\n\n")
}

/// Writes a text as an event, and nothing for bytes that are not UTF-8.
fn write_event(id: Option<impl Display>, text: Option<&[u8]>, out: &mut Window<'_>) -> core::fmt::Result {
    let Some(text) = text.and_then(|text| core::str::from_utf8(text).ok()) else { return Ok(()) };
    if let Some(id) = id {
        writeln!(out, "id: {id}")?;
    }
    out.write_str("data: ")?;
    for (index, line) in text.split(['\n', '\r']).enumerate() {
        if index > 0 {
            out.write_str("\ndata: ")?;
        }
        out.write_str(line)?;
    }
    out.write_str("\n\n")
}
