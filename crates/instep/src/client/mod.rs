//! One client, from the first byte to the last: a synchronous state machine that every driver turns.

mod asking;
mod backlog;
mod board;
mod compression;
mod dialect;
mod entry;
mod events;
mod exchange;
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
pub use exchange::{Exchange, ExchangeMemory};
pub use standing::Standing;
pub use surroundings::{AddressLimit, Surroundings};
pub use timing::Instant;
pub use turn::Turn;

use crate::device::{DropReason, End};
use crate::limits::Limits;
use core::net::IpAddr;
use events::Events;
use exchange::Waits;
use instep_proto::delivery::{Feed, Outgoing, Storage as _};
use instep_proto::frame::{CloseCode, Opcode, SERVER_HEADER_MAX, encode_header};
use instep_proto::message::PART_MAX;
use open::Open;
use surroundings::World;

/// The least room for output with which input is read: a pong, or the answer to a handshake.
const ROOM_MIN: usize = 384;

/// What the client is waiting for.
#[derive(Debug)]
enum State {
    /// A request, or that the answer to one is written: see its [`Exchange`].
    Http,
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

/// A connection of one client. It holds where the client stands: it has no queue. Input that is incomplete stays with the
/// driver.
#[derive(Debug)]
pub struct Client {
    state: State,
    /// Always there while requests are what it is about.
    exchange: Option<ExchangeMemory>,
    input_ended: bool,
    /// Pings since it was heard.
    pings: u8,
    /// Bytes of the input that were there in the last turn, too.
    seen: usize,
    timing: timing::Timing,
}

impl Client {
    /// A connection that was just accepted.
    pub fn new(peer: IpAddr, port: u16, mut exchange: ExchangeMemory, now: Instant) -> Self {
        exchange.begin(peer, port);
        Self {
            state: State::Http,
            exchange: Some(exchange),
            input_ended: false,
            pings: 0,
            seen: 0,
            timing: timing::Timing::new(now),
        }
    }

    /// The most bytes of input that a turn leaves unused and yet wants more: a driver has room for them, and more.
    pub const fn tail_max(limits: &Limits) -> usize {
        let (form, body) = (entry::FORM_MAX, asking::body_max(limits));
        let request = limits.head.bytes + if form > body { form } else { body };
        if request > PART_MAX { request } else { PART_MAX }
    }

    /// How many bytes of input have to come at once, at least, for a turn to make use of any.
    pub fn least_input(&self) -> usize {
        match &self.state {
            State::Open(open) => open.receiver.least(),
            _ => 1,
        }
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
            State::Http => match self.waits() {
                Waits::Answer(client) => Some(usize::from(client.slot)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The peer has closed its direction: after what is in the input now, nothing will come.
    pub fn input_ended(&mut self) {
        self.input_ended = true;
    }

    /// The peer takes what was written earlier, so it has not stopped, even if there is no room for more yet.
    pub fn accepted(&mut self, now: Instant) {
        if self.timing.accepted(now) {
            // Our ping may stand behind what it takes.
            self.heard(now);
        }
    }

    /// The peer is there.
    fn heard(&mut self, now: Instant) {
        if self.is_open() {
            (self.timing.since, self.pings) = (now, 0);
        }
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

    /// Ends the connection; an open WebSocket with this close code. A turn is due, and an open WebSocket is one until then.
    pub fn close(&mut self, code: CloseCode, surroundings: &mut Surroundings<'_>) {
        match (&mut self.state, self.exchange.as_deref_mut()) {
            (State::Open(open), _) => open.close = Some(code),
            (State::Http, Some(Exchange { reply: Some(reply), .. })) => *reply = reply.and_close(),
            // An answer that has begun is written to its end.
            (State::Http, Some(exchange))
                if !matches!(exchange.waits, Waits::Answer(_)) && !exchange.unsent.bytes().is_empty() =>
            {
                self.state = State::Ending;
            }
            (State::Http, _) => {
                let (world, _) = World::of(surroundings);
                self.pass_to(State::Closed, End::Closed(Some(code)), &world);
            }
            (State::Events(_), _) => {
                let (world, _) = World::of(surroundings);
                self.pass_to(State::Ending, End::Closed(Some(code)), &world);
            }
            (State::Ending | State::Lingering(_) | State::Closed, _) => {}
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
        let mut out = match &mut self.exchange {
            Some(exchange) => {
                let limit = exchange.unsent.capacity();
                Outgoing::load(scratch, &mut exchange.unsent, limit)
            }
            None => Outgoing::within(scratch, world.room),
        };
        if input.len() > self.seen {
            self.heard(now);
        }
        if let State::Open(Open { close: Some(code), .. }) = self.state {
            self.end_open(Some(code), &world, &mut out);
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
            let all = self.give_out(now, &world, &mut out, &mut |bytes| {
                let length = write(bytes);
                accepted += length;
                length
            });
            blocked = !all || out.is_short();
            self.timing.wrote(now, accepted > 0, blocked);
            // Who is hungry has taken all there is; room for output is of use to replies alone.
            let waits = matches!(&self.state, State::Open(open) if open.replies);
            let progress = if hungry { waits && accepted > 0 } else { accepted > 0 || taken.used > 0 };
            if blocked || !progress || matches!(self.state, State::Closed) {
                break;
            }
        }
        if let Some(exchange) = &mut self.exchange {
            out.save(&mut exchange.unsent);
        }
        if self.input_ended && hungry && !blocked {
            self.pass_to(State::Closed, End::Dropped(DropReason::NoCloseFrame), &world);
        }
        if !hungry {
            // Whom we do not read from cannot be heard.
            self.heard(now);
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
        if self.http().is_some_and(|exchange| exchange.reply.is_some()) {
            return self.give_reply(now, world, out, write);
        }
        match &mut self.state {
            State::Open(open) => open.give_out(now, world, out, write),
            State::Events(events) => match world.app.declared {
                Some(declared) => (declared.speaks.give_events)(events, world, out, write),
                None => true,
            },
            State::Http | State::Ending | State::Lingering(_) | State::Closed => {
                let answered = out.kept() > 0;
                let all = out.flush(None, &mut 0, write);
                match self.state {
                    State::Ending if all => self.linger(now),
                    State::Http if all && answered => self.answer_ended(now),
                    _ => {}
                }
                all
            }
        }
    }

    /// Writes what comes next of a reply. Says whether the socket took all of it.
    fn give_reply(
        &mut self,
        now: Instant,
        world: &World<'_>,
        out: &mut Outgoing<'_>,
        write: &mut dyn FnMut(&[u8]) -> usize,
    ) -> bool {
        let Some(exchange) = self.http_mut() else { return true };
        let Some(reply) = &mut exchange.reply else { return true };
        let bodies = thing::Bodies { world, now, port: exchange.local_port };
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
            exchange.answer(None, exchange.body);
            self.answer_ended(now);
        }
        true
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
        let waits = self.waits();
        match core::mem::replace(&mut self.state, next) {
            State::Open(open) => open.leave(end, world.device, world.compression),
            State::Events(events) => events.leave(end, world),
            State::Http => {
                if let Waits::Answer(client) = waits {
                    world.device.withdraw(client);
                }
            }
            _ => {}
        }
    }
}
