//! One client, from the first byte to the last: a synchronous state machine that every driver turns.

mod incoming;
mod requests;
mod timing;

pub use timing::Instant;

use crate::access::Access;
use crate::app::App;
use crate::buffer::Buffer;
use crate::device::{Device, Place};
use core::net::IpAddr;
use instep_proto::delivery::{Cursor, Feed, Outgoing};
use instep_proto::frame::{CloseCode, Opcode, SERVER_HEADER_MAX, encode_header};
use instep_proto::http::Reply;
use instep_proto::message::{Kind, Receiver};

/// The least room for output with which input is read: a pong, or the answer to a handshake.
const ROOM_MIN: usize = 256;

/// What a client needs of the world for one turn. A driver makes it once for all its clients.
#[derive(Debug)]
pub struct Surroundings<'a> {
    /// The application: its pages and endpoints.
    pub app: &'a App,
    /// Who may come in.
    pub access: &'a Access,
    /// The device.
    pub device: &'a Device,
    /// What the clients of this driver follow.
    pub feed: &'a Feed<'static>,
    /// Which of the device's followers this driver is.
    pub follower: usize,
    /// Where output is gathered, shared by all clients: as long as what one client may keep
    /// ([`Client::new`]) and one frame.
    pub scratch: &'a mut [u8],
}

/// What a driver has to do after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Bytes of the input that were used. The driver presents the others again, with what comes after them.
    pub used: usize,
    /// The client takes more input.
    pub wants_read: bool,
    /// The socket did not take everything: a turn is due when it takes more.
    pub wants_write: bool,
    /// A turn is due then, at the latest.
    pub wake_at: Instant,
    /// Nothing more will be written: shut down that direction, and go on reading.
    pub shut_down: bool,
    /// It is over: close the socket and drop the client.
    pub closed: bool,
}

/// What the client is waiting for.
#[derive(Debug)]
enum State {
    /// A request.
    ExpectHead,
    /// That an answer is written.
    Responding(Reply),
    /// Messages.
    Open,
    /// That our last bytes, a close frame or an error's body, are written.
    Ending,
    /// That the peer closes, too; so many bytes were thrown away meanwhile.
    Lingering(usize),
    Closed,
}

/// A piece of a message that was unmasked, but that the inbox had no room for.
#[derive(Clone, Copy, Debug)]
struct HeldPiece {
    first: bool,
    last: bool,
    kind: Kind,
    length: usize,
}

/// A connection of one client. It holds what is incomplete, and where the client stands: it has no queue.
#[derive(Debug)]
pub struct Client {
    state: State,
    peer: IpAddr,
    port: u16,
    /// A part of a request's head.
    head: Buffer,
    /// What the socket did not take.
    unsent: Buffer,
    unsent_limit: usize,
    /// Bytes of a request's body that are still to be thrown away.
    body: u64,
    receiver: Receiver,
    held: Option<HeldPiece>,
    /// Where it stands in the feed; an echo endpoint follows nothing.
    cursor: Option<Cursor>,
    place: Option<Place>,
    echo: bool,
    /// A reply may wait at the device.
    replies: bool,
    /// The close frame has been put into the output.
    closing: bool,
    input_ended: bool,
    /// There are too many connections: every request is answered by 503.
    refused: bool,
    timing: timing::Timing,
}

impl Client {
    /// A connection that was just accepted. `head` has room for the longest head of a request, `unsent` for
    /// `unsent_limit` bytes: at least one frame, and 256 bytes more.
    pub fn new(
        peer: IpAddr,
        port: u16,
        head: Buffer,
        unsent: Buffer,
        unsent_limit: usize,
        now: Instant,
    ) -> Self {
        Self {
            state: State::ExpectHead,
            peer,
            port,
            head,
            unsent,
            unsent_limit,
            body: 0,
            receiver: Receiver::new(),
            held: None,
            cursor: None,
            place: None,
            echo: false,
            replies: false,
            closing: false,
            input_ended: false,
            refused: false,
            timing: timing::Timing::new(now),
        }
    }

    /// Whether it is an open WebSocket.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// The slot at the device, while it has one.
    pub fn slot(&self) -> Option<usize> {
        self.place.map(|place| usize::from(place.client.slot))
    }

    /// There are too many connections: whatever this one asks for is answered by 503.
    pub fn refuse(&mut self) {
        self.refused = true;
    }

    /// The peer has closed its direction: after what is in the input now, nothing will come.
    pub fn input_ended(&mut self) {
        self.input_ended = true;
    }

    /// A reply may wait at the device: the next turn looks.
    pub fn expect_reply(&mut self) {
        self.replies = true;
    }

    /// The socket failed: gives up everything.
    pub fn abandon(&mut self, device: &Device) {
        self.state = State::Closed;
        self.leave(device);
    }

    /// Ends the connection; an open WebSocket with this close code. A turn is due.
    pub fn close(&mut self, code: CloseCode, surroundings: &mut Surroundings<'_>) {
        match self.state {
            State::Open => {
                let mut out = self.load(surroundings.scratch);
                self.end_open(code, &mut out);
                out.save(&mut self.unsent);
                self.leave(surroundings.device);
            }
            State::ExpectHead => self.state = State::Closed,
            State::Responding(reply) => self.state = State::Responding(reply.and_close()),
            State::Ending | State::Lingering(_) | State::Closed => {}
        }
    }

    /// One turn: takes what it can of `input`, does what time asks for, and gives what it has to `write`, in
    /// one call where the socket takes it all. `write` says how many bytes it accepted.
    ///
    /// Input is unmasked in place; a part of it that was not used must come again unchanged.
    pub fn turn(
        &mut self,
        now: Instant,
        input: &mut [u8],
        surroundings: &mut Surroundings<'_>,
        write: &mut dyn FnMut(&[u8]) -> usize,
    ) -> Turn {
        let Surroundings { app, access, device, feed, follower, scratch } = surroundings;
        let world = World { app, access, device, feed, follower: *follower };
        let mut out = Outgoing::load(scratch, &mut self.unsent, self.unsent_limit);
        if !input.is_empty() {
            self.timing.heard(now);
        }
        self.keep_time(now, &world, &mut out);
        let (mut used, mut blocked, mut starved);
        used = 0;
        loop {
            let taken = self.take_in(now, &mut input[used..], &world, &mut out);
            used += taken;
            starved = used == input.len() && self.held.is_none();
            if self.replies {
                self.fetch_replies(&world, &mut out);
            }
            let mut accepted = 0;
            blocked = !self.give_out(now, &world, &mut out, &mut |bytes| {
                let length = write(bytes);
                accepted += length;
                length
            });
            self.timing.wrote(now, accepted > 0, blocked);
            let progress = accepted > 0 || taken > 0;
            if blocked || !progress || matches!(self.state, State::Closed) {
                break;
            }
        }
        out.save(&mut self.unsent);
        if self.input_ended && starved && !blocked {
            self.state = State::Closed;
        }
        if matches!(self.state, State::Closed) {
            self.leave(device);
        }
        let paused = self.held.is_some() || !starved;
        if paused {
            // Whom we do not read from cannot be heard.
            self.timing.heard(now);
        }
        Turn {
            used,
            wants_read: !paused && !self.input_ended,
            wants_write: blocked,
            wake_at: self.wake_at(device.limits(), blocked),
            shut_down: matches!(self.state, State::Lingering(_)),
            closed: matches!(self.state, State::Closed),
        }
    }

    fn load<'s>(&mut self, scratch: &'s mut [u8]) -> Outgoing<'s> {
        Outgoing::load(scratch, &mut self.unsent, self.unsent_limit)
    }

    /// Writes what there is to write. Says whether the socket took all of it.
    fn give_out(
        &mut self,
        now: Instant,
        world: &World<'_>,
        out: &mut Outgoing<'_>,
        write: &mut dyn FnMut(&[u8]) -> usize,
    ) -> bool {
        if let State::Responding(reply) = &mut self.state {
            while !reply.is_done() {
                let length = reply.produce(world.device, out.space());
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
                self.state = State::ExpectHead;
            }
            return true;
        }
        let mut missed = 0;
        let follower = match &mut self.cursor {
            Some(cursor) if matches!(self.state, State::Open) => Some((cursor, world.feed)),
            _ => None,
        };
        let all = out.flush(follower, &mut missed, write);
        if missed > 0
            && let Some(place) = self.place
        {
            log::warn!(client = place.client.number; "[{}] Missed {missed} events: it reads too slowly", place.client);
        }
        if all && matches!(self.state, State::Ending) {
            self.linger(now);
        }
        all
    }

    fn linger(&mut self, now: Instant) {
        self.state = State::Lingering(0);
        self.timing.begin(now);
    }

    /// Puts replies into the output, each after what was published before it.
    fn fetch_replies(&mut self, world: &World<'_>, out: &mut Outgoing<'_>) {
        let (Some(place), Some(cursor), State::Open) = (self.place, &mut self.cursor, &self.state) else {
            return;
        };
        let mut missed = 0;
        // A frame that is longer than the room goes as soon as what is before it has gone.
        while world.device.fetch_reply(place, &mut |revision, frame| {
            revision <= world.feed.revision()
                && out.keep_frames(cursor, world.feed, revision, &mut missed)
                && out.push(frame)
        }) {}
        self.replies = world.device.has_reply(place);
    }

    /// Puts the close frame into the output. Nothing follows it.
    fn end_open(&mut self, code: CloseCode, out: &mut Outgoing<'_>) {
        if !core::mem::replace(&mut self.closing, true) {
            let mut frame = [0; SERVER_HEADER_MAX];
            let length = encode_header(true, Opcode::Close, 2, &mut frame);
            frame[length..length + 2].copy_from_slice(&code.number().to_be_bytes());
            // Without room for it, the client has not read for long, and would not read it either.
            let _ = out.push(&frame[..length + 2]);
        }
        self.state = State::Ending;
        self.held = None;
    }

    /// Gives the place back.
    fn leave(&mut self, device: &Device) {
        if let Some(place) = self.place.take() {
            device.depart(place);
            if !place.heard {
                place.client.log_disconnected();
            }
        }
    }
}

/// [`Surroundings`] without what is lent for change.
struct World<'a> {
    app: &'a App,
    access: &'a Access,
    device: &'a Device,
    feed: &'a Feed<'static>,
    follower: usize,
}
