//! Streams of Server-Sent Events (WHATWG HTML section 9.2), for clients without WebSocket: `/events` tells what a WebSocket
//! would be told, and each property and event has a stream of bare values. A listener counts as a client.

use super::context::Context;
use super::event_id::{self, EventId, Greeting, LastSeen, UpTo};
use super::request::{Credential, Listening, Outcome, Request};
use super::values::value;
use crate::device::{DropReason, End, SlotHandle};
use crate::model::Interaction;
use crate::time::Instant;
use core::fmt::Write as _;
use instep_proto::delivery::{Cursor, Feed, Outgoing};
use instep_proto::frame::{CloseCode, server_payload};
use instep_proto::http::{Method, Reply, Status, Window};

/// After so long, a browser whose connection was lost comes back, in milliseconds.
const RETRY: u32 = 2_000;
/// After so long, a comment says that the device is there.
const COMMENT_EVERY: u64 = 10_000;
/// The same for a client that asks for revisions: as often as an open WebSocket is told.
const COMMENT_EVERY_WITH_REVISIONS: u64 = 5_000;
/// Proxies such as nginx are not to gather what is to arrive at once.
const NO_BUFFERING: &str = "X-Accel-Buffering: no\r\n";

/// Where someone stands who listens.
#[derive(Debug)]
pub(crate) struct Events {
    pub(crate) slot: SlotHandle,
    /// It may be that what let it in does not hold any more.
    pub(crate) look: bool,
    /// When what let it in expires.
    pub(crate) expires_at: Instant,
    /// When it gets a comment.
    pub(crate) comment_at: Instant,
    cursor: Cursor,
    /// The least revision that it was not told yet. [`u64::MAX`]: it is not told of revisions.
    untold: u64,
    /// The one property or event that it is told of, by its number. `None`: of everything.
    only: Option<u16>,
}

/// Answers a request for the events: for all, or for those of one property or event, by its number.
pub(crate) fn answer(
    only: Option<usize>,
    pass: Option<Credential>,
    request: &Request<'_>,
    out: &mut Outgoing<'_>,
) -> Outcome {
    let Request { head, peer, context, .. } = *request;
    if out.len() > 0 {
        return Outcome::Blocked;
    }
    let response = Reply::head_of(Status::Ok, Some(("text/event-stream", 0)), head).without_end();
    if head.method == Method::Get {
        let heard = LastSeen::read(only.is_some(), head, context);
        let only = only.and_then(|number| u16::try_from(number).ok());
        return Outcome::Listen(Listening { response, credential: pass, peer, last_seen: heard, only });
    }
    match response.write_with(out.spare_mut(), format_args!("{NO_BUFFERING}")) {
        Some(length) => {
            out.commit(length);
            Outcome::Written { closes: true }
        }
        None => Outcome::Reply(Reply::error(Status::ServiceUnavailable, Some(head))),
    }
}

/// Begins to tell of events, to who has that place. There is room for the beginning: nothing is in the output.
pub(crate) fn listen(
    place: SlotHandle,
    now: Instant,
    listening: &Listening,
    context: &Context<'_>,
    out: &mut Outgoing<'_>,
) -> Events {
    let Listening { response, credential: pass, last_seen: heard, only, .. } = *listening;
    let head = response.write_with(out.spare_mut(), format_args!("{NO_BUFFERING}"));
    out.commit(head.unwrap_or(0));
    let cursor = heard.begin(context);
    let missed = heard.missed(&cursor);
    let mut events = Events {
        slot: place,
        look: false,
        expires_at: pass.map_or(Instant::NEVER, |pass| pass.expires_at),
        comment_at: now,
        cursor,
        untold: u64::MAX,
        only,
    };
    let mut begin = Window::new(out.spare_mut(), 0);
    let _ = events.write_beginning(context, &mut begin);
    if missed > 0 {
        let _ = write_missed(missed, &mut begin);
    }
    let length = begin.used();
    out.commit(length);
    if heard.revisions {
        let first = events.cursor.next(context.feed).map(|next| next.revision);
        events.untold = first.unwrap_or(context.feed.revision());
    }
    events.comment_at = events.next_comment(now);
    events
}

impl Events {
    /// Gives its place back.
    pub(crate) fn close(self, end: End, context: &Context<'_>) {
        // Who listens has no other way to go than to close the connection.
        let end = match end {
            End::Dropped(DropReason::NoCloseFrame) => End::Closed(Some(CloseCode::NORMAL)),
            end => end,
        };
        context.device.release(self.slot, end);
        self.slot.client.log_disconnected();
    }

    pub(crate) fn lag(&self, feed: &Feed<'_>) -> u64 {
        self.cursor.lag(feed)
    }

    /// Whether what let it in has ended at the device.
    pub(crate) fn is_revoked(&mut self, context: &Context<'_>) -> bool {
        core::mem::take(&mut self.look) && context.device.has_reply(self.slot).1
    }

    /// Says that the device is there. Who does not read is behind, and is told nothing more.
    pub(crate) fn comment(&mut self, now: Instant, out: &mut Outgoing<'_>) {
        if now >= self.comment_at {
            if out.len() == 0 {
                // There is room: nothing is in it.
                let _ = out.push(b":\n\n");
            }
            self.comment_at = self.next_comment(now);
        }
    }

    fn tells_revisions(&self) -> bool {
        self.untold != u64::MAX
    }

    fn next_comment(&self, now: Instant) -> Instant {
        now.after(if self.tells_revisions() { COMMENT_EVERY_WITH_REVISIONS } else { COMMENT_EVERY })
    }

    /// Writes what there is to write. Says whether the socket took all of it.
    pub(crate) fn flush(
        &mut self,
        context: &Context<'_>,
        out: &mut Outgoing<'_>,
        write: &mut dyn FnMut(&[u8]) -> usize,
    ) -> bool {
        loop {
            // What has not begun is replaced by newer state: so nothing is added to what waits.
            if !out.flush(None, &mut 0, write) {
                return false;
            }
            while self.add_next(context, out) {}
            if out.len() == 0 {
                return true;
            }
        }
    }

    /// The revision up to which it has had everything, if it is to be told of it now: when nothing else waits, and before
    /// each new part of what waits (`begins`), because a client that reads slowly may never have had everything.
    fn revision_to_tell(&self, feed: &Feed<'_>, begins: bool) -> Option<u64> {
        let next = self.cursor.next(feed).map(|next| next.revision);
        let had = next.map_or(feed.revision(), |next| next - 1);
        (had >= self.untold && (begins || next.is_none())).then_some(had)
    }

    fn write_revision(
        &self,
        revision: u64,
        context: &Context<'_>,
        out: &mut Window<'_>,
    ) -> core::fmt::Result {
        if let Some(start) = event_id::position_start(context, true) {
            writeln!(out, "id: {}", EventId { start, seq: self.cursor.events() })?;
        }
        write!(out, "data: {}\n\n", UpTo(revision))
    }

    /// The one property or event that it is told of, and its number.
    fn only(&self, context: &Context<'_>) -> Option<(usize, &'static Interaction)> {
        let number = usize::from(self.only?);
        Some((number, context.manifest.thing?.interactions.get(number)?))
    }

    fn write_beginning(&self, context: &Context<'_>, out: &mut Window<'_>) -> core::fmt::Result {
        writeln!(out, "retry: {RETRY}")?;
        let Some((number, interaction)) = self.only(context) else {
            return write!(out, "data: {}\n\n", Greeting::of(context));
        };
        if interaction.kind.is_property() {
            // What was published comes from the feed.
            let topic = context.manifest.thing.and_then(|thing| thing.topic(number));
            let published = topic.is_some_and(|topic| context.feed.table().latest(topic).is_some());
            return out.write_str(if published { "\n" } else { "data: null\n\n" });
        }
        // A client that comes back before it heard of any event goes on from here.
        if let Some(start) = event_id::start(context) {
            writeln!(out, "id: {}", EventId { start, seq: self.cursor.events() })?;
        }
        out.write_str("\n")
    }

    /// Adds what comes next, if there is anything and it has room.
    fn add_next(&mut self, context: &Context<'_>, out: &mut Outgoing<'_>) -> bool {
        let mut cursor = self.cursor;
        let only = self.only(context).map(|(_, interaction)| interaction);
        let mut missed = cursor.skip_lost(context.feed);
        if only.is_some_and(|only| only.kind.is_property()) {
            // Events are lost; of values the latest comes in any case.
            missed = 0;
        }
        let revision = self.revision_to_tell(context.feed, out.len() == 0);
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
            let id = start.map(|start| EventId { start, seq: cursor.events() });
            let text = match only {
                Some(only) => value(next.frame, only.name),
                None => Some(server_payload(next.frame)).filter(|_| next.frame[0] & 0x0f == 1),
            };
            write_event(id, text, &mut part)
        };
        let length = if written.is_ok() { part.used() } else { 0 };
        // What does not fit an empty buffer never will: a frame of another dialect, full of line ends.
        if written.is_err() && !out.is_clear() {
            let _ = out.has_room(usize::MAX);
            return false;
        }
        out.commit(length);
        self.cursor = cursor;
        if let Some(revision) = revision.filter(|_| missed == 0) {
            self.untold = revision + 1;
        }
        if missed > 0 {
            context.device.count_missed(missed);
            let client = self.slot.client;
            log::warn!(client = client.number; "[{client}] Missed {missed} events: it reads too slowly");
        }
        true
    }
}

fn write_missed(missed: u64, out: &mut Window<'_>) -> core::fmt::Result {
    write!(out, "data: {{\"label\":\"missed\",\"value\":{missed}}}\n\n")
}

/// Writes text as an event; bytes that are none as nothing.
fn write_event(id: Option<EventId>, text: Option<&[u8]>, out: &mut Window<'_>) -> core::fmt::Result {
    let Some(text) = text.and_then(|text| core::str::from_utf8(text).ok()) else { return Ok(()) };
    if let Some(id) = id {
        writeln!(out, "id: {id}")?;
    }
    out.write_str("data: ")?;
    for (number, line) in text.split(['\n', '\r']).enumerate() {
        if number > 0 {
            out.write_str("\ndata: ")?;
        }
        out.write_str(line)?;
    }
    out.write_str("\n\n")
}
