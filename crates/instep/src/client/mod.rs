//! One client, from the first byte to the last: a synchronous state machine that every driver turns.

mod asking;
mod backlog;
mod board;
mod compression;
mod dialect;
mod entry;
mod events;
mod for_log_in;
mod for_thing;
mod incoming;
mod open;
mod requests;
mod standing;
mod surroundings;
mod thing;
mod timing;
mod transport;
mod turn;
mod why;

pub(crate) use board::AnswersForBoard;
pub(crate) use for_log_in::AsksIn;
pub(crate) use for_thing::Declared;

pub use compression::{Compression, Inflated, Inflater};
pub use standing::Standing;
pub use surroundings::{AddressLimit, Surroundings};
pub use timing::Instant;
pub use turn::Turn;

use crate::buffer::Buffer;
use crate::device::{ClientId, DropReason, End};
use crate::limits::Limits;
use core::net::IpAddr;
use core::num::NonZeroU32;
use events::Events;
use instep_proto::delivery::{Feed, Outgoing, Storage as _};
use instep_proto::frame::{CloseCode, Opcode, SERVER_HEADER_MAX, encode_header};
use instep_proto::http::Reply;
use instep_proto::message::PART_MAX;
use open::Open;
use surroundings::World;

/// The least room for output with which input is read: a pong, or the answer to a handshake.
const ROOM_MIN: usize = 384;

/// What the client is waiting for.
#[derive(Debug)]
enum State {
    /// A request, or that the answer to one is written.
    Http(Http),
    /// Messages.
    Open(Open),
    /// Nothing: it listens.
    Events(Events),
    /// That our last bytes, a close frame or an error's body, are written.
    Ending,
    /// That the peer closes, too; so many bytes were thrown away meanwhile.
    Lingering(usize),
    Closed,
}

#[derive(Debug, Default)]
struct Http {
    /// What is being written.
    reply: Option<Reply>,
    /// Bytes of a request's body that are still to be thrown away.
    body: u64,
    /// What the request that stands first in the input waits for.
    waits: Waits,
}

/// What a request waits for whose head is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Waits {
    #[default]
    Nothing,
    /// For the rest of its body, for which the client was told to go on.
    Body,
    /// That its password is checked: the check's ticket, if it has one.
    Password(Option<NonZeroU32>),
    /// That the application answers.
    Answer(ClientId),
}

impl Http {
    fn answer(reply: Reply) -> State {
        State::Http(Self { reply: Some(reply), ..Self::default() })
    }
}

/// A connection of one client. It holds where the client stands, and what the socket did not take of a frame that
/// has begun: it has no queue. Input that is incomplete stays with the driver.
#[derive(Debug)]
pub struct Client {
    state: State,
    peer: IpAddr,
    port: u16,
    /// The port of the device at which it came in; 0: nobody said.
    local_port: u16,
    /// There are too many connections: every request is answered by 503.
    refused: bool,
    /// Its bytes are encrypted on their way.
    secure: bool,
    /// It does not encrypt where it must: every request is answered by 400.
    not_secure: bool,
    input_ended: bool,
    /// Messages that a turn may take.
    allowance: u32,
    /// Bytes of the input that were there in the last turn, too.
    seen: usize,
    /// What the socket did not take.
    unsent: Buffer,
    timing: timing::Timing,
}

impl Client {
    /// A connection that was just accepted. `unsent` has room for at least one frame, and 384 bytes more.
    pub fn new(peer: IpAddr, port: u16, unsent: Buffer, now: Instant) -> Self {
        Self {
            state: State::Http(Http::default()),
            peer,
            port,
            local_port: 0,
            refused: false,
            secure: false,
            not_secure: false,
            input_ended: false,
            allowance: u32::MAX,
            seen: 0,
            unsent,
            timing: timing::Timing::new(now),
        }
    }

    /// The most bytes of input that a turn leaves unused and yet wants more: a driver has room for them, and more.
    pub const fn tail_max(limits: &Limits) -> usize {
        let (form, body) = (entry::FORM_MAX, asking::body_max(limits));
        let request = limits.head.bytes + if form > body { form } else { body };
        if request > PART_MAX { request } else { PART_MAX }
    }

    /// Gives back the memory that was lent for what waits.
    #[cfg(feature = "embassy")]
    pub(crate) fn into_unsent(mut self) -> Buffer {
        self.unsent.clear();
        self.unsent
    }

    /// Whether it is an open WebSocket, or one who listens to events.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_) | State::Events(_))
    }

    /// Whether it is to get compressed frames of the feed.
    pub fn follows_compressed(&self) -> bool {
        matches!(&self.state, State::Open(open) if open.follows_compressed())
    }

    /// How far it is behind `feed`, in revisions ([`Cursor::lag`](instep_proto::delivery::Cursor::lag)). `None`: it
    /// follows nothing.
    pub fn lag(&self, feed: &Feed<'_>) -> Option<u64> {
        match &self.state {
            State::Open(open) => open.lag(feed),
            State::Events(events) => Some(events.lag(feed)),
            _ => None,
        }
    }

    /// The slot at the device, while it has one: as an open WebSocket, or while the application is asked for something.
    pub fn slot(&self) -> Option<usize> {
        match &self.state {
            State::Open(open) => Some(usize::from(open.place.client.slot)),
            State::Events(events) => Some(usize::from(events.place.client.slot)),
            State::Http(Http { waits: Waits::Answer(client), .. }) => Some(usize::from(client.slot)),
            _ => None,
        }
    }

    /// It came in at this port of the device: its cookie is named after it.
    pub fn came_in_at(&mut self, port: u16) {
        self.local_port = port;
    }

    /// There are too many connections: whatever this one asks for is answered by 503.
    pub fn refuse(&mut self) {
        self.refused = true;
    }

    /// From now on a turn takes at most so many messages. At that limit the client takes no more input.
    pub fn allow(&mut self, messages: u32) {
        self.allowance = messages;
    }

    /// The peer has closed its direction: after what is in the input now, nothing will come.
    pub fn input_ended(&mut self) {
        self.input_ended = true;
    }

    /// The peer takes what was written earlier, so it has not stopped, even if there is no room for more yet.
    pub fn accepted(&mut self, now: Instant) {
        self.timing.accepted(now);
    }

    /// A reply may wait at the device: the next turn looks.
    pub fn expect_reply(&mut self) {
        match &mut self.state {
            State::Open(open) => open.replies = true,
            State::Events(events) => events.look = true,
            _ => {}
        }
    }

    /// The socket failed: gives up everything.
    pub fn abandon(&mut self, surroundings: &mut Surroundings<'_>) {
        let (world, _) = World::of(surroundings);
        self.pass_to(State::Closed, End::Dropped(DropReason::SocketError), &world);
    }

    /// Ends the connection; an open WebSocket with this close code. A turn is due.
    pub fn close(&mut self, code: CloseCode, surroundings: &mut Surroundings<'_>) {
        match &mut self.state {
            State::Open(_) => {
                let limit = self.unsent.capacity();
                let (world, scratch) = World::of(surroundings);
                let mut out = Outgoing::load(scratch, &mut self.unsent, limit);
                self.end_open(Some(code), &world, &mut out);
                out.save(&mut self.unsent);
            }
            State::Http(Http { reply: Some(reply), .. }) => *reply = reply.and_close(),
            // An answer that has begun is written to its end.
            State::Http(Http { waits, .. })
                if !matches!(waits, Waits::Answer(_)) && !self.unsent.bytes().is_empty() =>
            {
                self.state = State::Ending;
            }
            State::Http(_) => {
                let (world, _) = World::of(surroundings);
                self.pass_to(State::Closed, End::Closed(Some(code)), &world);
            }
            State::Events(_) => {
                let (world, _) = World::of(surroundings);
                self.pass_to(State::Ending, End::Closed(Some(code)), &world);
            }
            State::Ending | State::Lingering(_) | State::Closed => {}
        }
    }

    /// One turn: takes what it can of `input`, does what time asks for, and gives what it has to `write`, in
    /// one call where the socket takes it all. `write` says how many bytes it accepted.
    ///
    /// Input is unmasked in place.
    pub fn turn(
        &mut self,
        now: Instant,
        input: &mut [u8],
        surroundings: &mut Surroundings<'_>,
        write: &mut dyn FnMut(&[u8]) -> usize,
    ) -> Turn {
        let (world, scratch) = World::of(surroundings);
        let limit = self.unsent.capacity();
        let mut out = Outgoing::load(scratch, &mut self.unsent, limit);
        if input.len() > self.seen {
            self.timing.heard(now);
        }
        self.keep_time(now, &world, &mut out);
        let (mut used, mut blocked, mut hungry);
        used = 0;
        loop {
            let rest = &mut input[used..];
            let taken = self.take_in(now, rest, &world, &mut out);
            (used, hungry) = (used + taken.used, taken.hungry);
            let mut accepted = 0;
            if let Some(begin) = taken.lent {
                let frame = &rest[begin..taken.used];
                accepted = write(frame);
                // There is room: no longer piece was taken.
                let _ = out.push(&frame[accepted..]);
            }
            if let State::Open(open) = &mut self.state
                && open.replies
            {
                open.fetch_replies(now, &world, &mut out);
                if open.dismissed {
                    self.end_session(&world, &mut out);
                }
            }
            if let State::Events(events) = &mut self.state
                && events.is_dismissed(&world)
            {
                self.end_session(&world, &mut out);
            }
            blocked = !self.give_out(now, &world, &mut out, &mut |bytes| {
                let length = write(bytes);
                accepted += length;
                length
            });
            self.timing.wrote(now, accepted > 0, blocked);
            // Who is hungry has taken all there is; room for output is of use to replies alone.
            let waits = matches!(&self.state, State::Open(open) if open.replies);
            let progress = if hungry { waits && accepted > 0 } else { accepted > 0 || taken.used > 0 };
            if blocked || !progress || matches!(self.state, State::Closed) {
                break;
            }
        }
        out.save(&mut self.unsent);
        if self.input_ended && hungry && !blocked {
            self.pass_to(State::Closed, End::Dropped(DropReason::NoCloseFrame), &world);
        }
        if !hungry {
            // Whom we do not read from cannot be heard.
            self.timing.heard(now);
        }
        self.seen = input.len() - used;
        Turn {
            used,
            wants_read: hungry && !self.input_ended,
            wants_write: blocked,
            messages: world.messages.get(),
            wake_at: self.wake_at(now, world.device.limits(), blocked),
            shut_down: matches!(self.state, State::Lingering(_)),
            closed: matches!(self.state, State::Closed),
        }
    }

    /// Writes what there is to write. Says whether the socket took all of it.
    fn give_out(
        &mut self,
        now: Instant,
        world: &World<'_>,
        out: &mut Outgoing<'_>,
        write: &mut dyn FnMut(&[u8]) -> usize,
    ) -> bool {
        match &mut self.state {
            State::Http(Http { reply: Some(reply), body, .. }) => {
                let bodies = thing::Bodies { world, now, port: self.local_port };
                while !reply.is_done() {
                    let length = reply.produce(&bodies, out.space());
                    out.keep(length);
                    if !out.flush(None, &mut 0, write) {
                        return false;
                    }
                }
                if !out.flush(None, &mut 0, write) {
                    return false;
                }
                if reply.closes() {
                    self.linger(now);
                } else {
                    self.state = State::Http(Http { body: *body, ..Http::default() });
                    self.timing.answer_ended(now);
                }
                true
            }
            State::Open(open) => open.give_out(now, world, out, write),
            State::Events(events) => match world.app.declared {
                Some(declared) => (declared.speaks.give_events)(events, world, out, write),
                None => true,
            },
            State::Http(Http { reply: None, .. }) | State::Ending | State::Lingering(_) | State::Closed => {
                let answered = out.kept() > 0;
                let all = out.flush(None, &mut 0, write);
                match self.state {
                    State::Ending if all => self.linger(now),
                    State::Http(_) if all && answered => self.timing.answer_ended(now),
                    _ => {}
                }
                all
            }
        }
    }

    fn linger(&mut self, now: Instant) {
        self.state = State::Lingering(0);
        self.timing.begin(now);
    }

    /// Puts the close frame into the output. Nothing follows it. `None`: the peer's had no code.
    fn end_open(&mut self, code: Option<CloseCode>, world: &World<'_>, out: &mut Outgoing<'_>) {
        let mut frame = [0; SERVER_HEADER_MAX];
        let length = encode_header(true, Opcode::Close, 2, &mut frame);
        frame[length..length + 2].copy_from_slice(&code.unwrap_or(CloseCode::NORMAL).number().to_be_bytes());
        // Without room for it, the client has not read for long, and would not read it either.
        let _ = out.push(&frame[..length + 2]);
        self.pass_to(State::Ending, End::Closed(code), world);
    }

    /// A new state; whoever leaves an open WebSocket gives its place back and is counted.
    fn pass_to(&mut self, next: State, end: End, world: &World<'_>) {
        match core::mem::replace(&mut self.state, next) {
            State::Open(open) => open.leave(end, world.device, world.compression),
            State::Events(events) => events.leave(end, world),
            State::Http(Http { waits: Waits::Answer(client), .. }) => world.device.withdraw(client),
            _ => {}
        }
    }
}
