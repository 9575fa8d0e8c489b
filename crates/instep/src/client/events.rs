//! `GET /events`: what a WebSocket would be told, as Server-Sent Events (WHATWG HTML section 9.2), for clients without
//! WebSocket. Whoever listens counts as a client.

use super::backlog::{self, EventId, Greeting};
use super::requests::Decision;
use super::{Client, Instant, State, World};
use crate::device::{End, Place};
use crate::login::Pass;
use core::fmt::Write as _;
use core::net::IpAddr;
use instep_proto::delivery::{Cursor, Feed, Outgoing};
use instep_proto::frame::{CloseCode, server_payload};
use instep_proto::http::{Method, Reply, RequestHead, ResponseHead, Status, Window};

/// After so long, a browser whose connection was lost comes back, in milliseconds.
const RETRY: u32 = 2_000;
/// After so long, a comment says that the device is there.
const COMMENT_EVERY: u64 = 10_000;
/// Proxies such as nginx are not to gather what is to arrive at once.
const UNGATHERED: &str = "X-Accel-Buffering: no\r\n";

/// Someone who wants to listen.
#[derive(Clone, Copy)]
pub(super) struct Listening {
    response: ResponseHead,
    pass: Option<Pass>,
    peer: IpAddr,
    /// How many of all events it has had before.
    heard: u64,
}

/// Where someone stands who listens.
#[derive(Debug)]
pub(super) struct Events {
    pub(super) place: Place,
    /// It may be that what let it in does not hold any more.
    pub(super) look: bool,
    /// When what let it in expires.
    pub(super) until: Instant,
    /// When it gets a comment.
    comment_at: Instant,
    cursor: Cursor,
}

/// Answers a request for the events.
pub(super) fn answer(
    head: &RequestHead<'_>,
    pass: Option<Pass>,
    peer: IpAddr,
    world: &World<'_>,
    out: &mut Outgoing<'_>,
) -> Decision {
    if out.kept() > 0 {
        return Decision::NotNow;
    }
    let response = Reply::head_of(Status::Ok, Some(("text/event-stream", 0)), head).without_end();
    if head.method == Method::Get {
        let heard = backlog::heard_before(head, world);
        return Decision::Listen(Listening { response, pass, peer, heard });
    }
    match response.write_with(out.space(), format_args!("{UNGATHERED}")) {
        Some(length) => {
            out.keep(length);
            Decision::Written { closes: true }
        }
        None => Decision::Reply(Reply::error(Status::ServiceUnavailable, Some(head))),
    }
}

impl Client {
    /// Begins to tell of events, if there is a place for one more client.
    pub(super) fn listen(
        &mut self,
        now: Instant,
        listening: &Listening,
        world: &World<'_>,
        out: &mut Outgoing<'_>,
    ) {
        let Listening { response, pass, peer, heard } = *listening;
        let Some(place) = self.take_place(false, false, pass, peer, now, world) else { return };
        // There is room for both: nothing is in it.
        let head = response.write_with(out.space(), format_args!("{UNGATHERED}"));
        out.keep(head.unwrap_or(0));
        let mut begin = Window::new(out.space(), 0);
        let _ = write!(begin, "retry: {RETRY}\ndata: {}\n\n", Greeting::of(world));
        let length = begin.used();
        out.keep(length);
        self.state = State::Events(Events {
            place,
            look: false,
            until: pass.map_or(Instant::NEVER, |pass| pass.until),
            comment_at: now.after(COMMENT_EVERY),
            cursor: backlog::begin(world, heard),
        });
        self.check_pass(pass, world, out);
    }
}

impl Events {
    /// Gives its place back.
    pub(super) fn leave(self, end: End, world: &World<'_>) {
        // Who listens has no other way to go than to close the connection.
        let end = match end {
            End::Dropped(crate::device::DropReason::NoCloseFrame) => End::Closed(Some(CloseCode::NORMAL)),
            end => end,
        };
        world.device.depart(self.place, end);
        self.place.client.log_disconnected();
    }

    pub(super) fn lag(&self, feed: &Feed<'_>) -> u64 {
        self.cursor.lag(feed)
    }

    /// When a turn is due.
    pub(super) fn wake_at(&self) -> Instant {
        self.until.min(self.comment_at)
    }

    /// Whether what let it in has ended at the device.
    pub(super) fn is_dismissed(&mut self, world: &World<'_>) -> bool {
        core::mem::take(&mut self.look) && world.device.has_reply(self.place).1
    }

    /// Says that the device is there. Who does not read is behind, and is told nothing more.
    pub(super) fn comment(&mut self, now: Instant, out: &mut Outgoing<'_>) {
        if now >= self.comment_at {
            if out.kept() == 0 {
                // There is room: nothing is in it.
                let _ = out.push(b":\n\n");
            }
            self.comment_at = now.after(COMMENT_EVERY);
        }
    }

    /// Writes what there is to write. Says whether the socket took all of it.
    pub(super) fn give_out(
        &mut self,
        world: &World<'_>,
        out: &mut Outgoing<'_>,
        write: &mut dyn FnMut(&[u8]) -> usize,
    ) -> bool {
        loop {
            // What has not begun is replaced by newer state: so nothing is added to what waits.
            if !out.flush(None, &mut 0, write) {
                return false;
            }
            while self.add_next(world, out) {}
            if out.kept() == 0 {
                return true;
            }
        }
    }

    /// Adds what comes next, if there is anything and it has room.
    fn add_next(&mut self, world: &World<'_>, out: &mut Outgoing<'_>) -> bool {
        let mut cursor = self.cursor;
        let mut part = Window::new(out.space(), 0);
        let missed = cursor.pass_missed(world.feed);
        let written = if missed > 0 {
            write!(part, "data: {{\"label\":\"missed\",\"value\":{missed}}}\n\n")
        } else {
            let Some(next) = cursor.next(world.feed) else { return false };
            let before = cursor.events();
            cursor.advance(&next, world.feed);
            let start = backlog::start(world).filter(|_| cursor.events() > before);
            write_event(start.map(|start| EventId { start, seq: cursor.events() }), next.frame, &mut part)
        };
        let length = if written.is_ok() { part.used() } else { 0 };
        // What does not fit an empty buffer never will: a frame of another dialect, full of line ends.
        if written.is_err() && !out.is_clear() {
            let _ = out.has_room(usize::MAX);
            return false;
        }
        out.keep(length);
        self.cursor = cursor;
        if missed > 0 {
            world.device.count_missed(missed);
            let client = self.place.client;
            log::warn!(client = client.number; "[{client}] Missed {missed} events: it reads too slowly");
        }
        true
    }
}

/// Writes a frame with text as an event; one with bytes as nothing.
fn write_event(id: Option<EventId>, frame: &[u8], out: &mut Window<'_>) -> core::fmt::Result {
    let text = core::str::from_utf8(server_payload(frame)).ok().filter(|_| frame[0] & 0x0f == 1);
    let Some(text) = text else { return Ok(()) };
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
