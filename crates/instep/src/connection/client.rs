//! One client, from the first byte to the last: its state, and what a driver asks of it between turns.

use super::context::{ConnectionContext, TurnContext};
use super::http_state::{BodyRemaining, HttpState, HttpStateMemory};
use super::info::ConnectionInfo;
use super::timers::Timing;
use super::websocket::Open;
use crate::device::{DropReason, End};
use crate::limits::Limits;
use crate::service::{Events, FORM_MAX, Pending, body_max};
use crate::time::Instant;
use core::net::{IpAddr, Ipv4Addr};
use instep_proto::delivery::{Feed, Outgoing, Storage as _};
use instep_proto::frame::{CloseCode, Opcode, SERVER_HEADER_MAX, encode_header};
use instep_proto::http::Reply;
use instep_proto::message::PART_MAX;

/// What the client is waiting for.
#[derive(Debug)]
pub(super) enum State {
    /// A request, or that the answer to one is written: see its [`HttpState`].
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

/// The state machine of one connection, without a socket and without a clock. It has no queue: what a client is sent comes from the
/// feed, and input that is incomplete stays with the driver.
///
/// # Contract
///
/// A driver makes three kinds of calls. *Events* tell what happened to the transport or the device since the last turn:
/// [`input_ended`](Self::input_ended), [`accepted`](Self::accepted), [`heard_from`](Self::heard_from),
/// [`blocked_since`](Self::blocked_since), [`refuse_unencrypted`](Self::refuse_unencrypted),
/// [`expect_reply`](Self::expect_reply), and the ends that the driver decides, [`close`](Self::close),
/// [`break_off`](Self::break_off) and [`abandon`](Self::abandon). A [`turn`](Self::turn) takes input, handles the timers that are
/// due and writes output; nothing else does. *Queries*, such as [`is_open`](Self::is_open), [`slot`](Self::slot) or
/// [`lag`](Self::lag), change nothing, and their answers hold until the next event or turn. Events come before the turn that
/// takes the input that was read with them; after `input_ended`, `expect_reply`, `close` and `break_off` a turn is due. Further
/// turns are due when there is more input ([`Turn::wants_read`](super::Turn::wants_read)), when the socket accepts more output
/// ([`Turn::wants_write`](super::Turn::wants_write)), when the feed has news or the device names the [`slot`](Self::slot), and at
/// [`Turn::wake_at`](super::Turn::wake_at); an early turn does no harm. `now` is monotonic: in no call is it earlier than in the
/// one before. When [`Turn::closed`](super::Turn::closed) says so, the driver closes the socket and drops the client; a client
/// that is given up before that is abandoned first, because its slot at the device would stay taken else. The memory for requests
/// comes back by [`release_http_state`](Self::release_http_state), after any turn, or by
/// [`take_http_state`](Self::take_http_state), at the end.
#[derive(Debug)]
pub struct Client {
    pub(super) state: State,
    /// Always there while requests are what it is about.
    pub(super) http_state: Option<HttpStateMemory>,
    pub(super) input_ended: bool,
    /// Pings since it was heard.
    pub(super) pings: u8,
    /// Bytes of the input that were there in the last turn, too.
    pub(super) seen: usize,
    pub(super) timing: Timing,
}

impl Client {
    /// A connection that was just accepted.
    pub fn new(info: ConnectionInfo, mut exchange: HttpStateMemory, now: Instant) -> Self {
        exchange.begin(info);
        Self {
            state: State::Http,
            http_state: Some(exchange),
            input_ended: false,
            pings: 0,
            seen: 0,
            timing: Timing::new(now),
        }
    }

    /// The most bytes of input that a turn leaves unused and yet wants more: a driver has room for them, and more.
    pub const fn tail_max(limits: &Limits) -> usize {
        let request = limits.head.bytes + Self::content_max(limits);
        if request > PART_MAX { request } else { PART_MAX }
    }

    /// Bytes of the longest content that is kept behind its head until all of it is there.
    pub(super) const fn content_max(limits: &Limits) -> usize {
        let (form, body) = (FORM_MAX, body_max(limits));
        if form > body { form } else { body }
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
            State::Open(open) => Some(usize::from(open.slot.client.slot)),
            State::Events(events) => Some(usize::from(events.slot.client.slot)),
            State::Http => match self.pending() {
                Pending::Invocation(pending) => Some(usize::from(pending.client.slot)),
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
            self.note_alive(now);
        }
    }

    /// The peer is there.
    pub(super) fn note_alive(&mut self, now: Instant) {
        if self.is_open() {
            (self.timing.since, self.pings) = (now, 0);
        }
    }

    /// A reply may wait at the device: the next turn looks.
    pub fn expect_reply(&mut self) {
        match &mut self.state {
            State::Open(open) => open.replies = true,
            State::Events(events) => events.check_revoked = true,
            _ => {}
        }
    }

    /// The socket failed: gives up everything.
    pub fn abandon(&mut self, surroundings: &mut TurnContext<'_>) {
        let (world, _) = ConnectionContext::of(surroundings);
        self.transition(State::Closed, End::Dropped(DropReason::SocketError), &world);
    }

    /// Ends the connection; an open WebSocket with this close code. A turn is due, and an open WebSocket is one until then.
    pub fn close(&mut self, code: CloseCode, surroundings: &mut TurnContext<'_>) {
        match (&mut self.state, self.http_state.as_deref_mut()) {
            (State::Open(open), _) => open.close = Some(code),
            (State::Http, Some(HttpState { reply: Some(reply), .. })) => *reply = reply.and_close(),
            // An answer that has begun is written to its end.
            (State::Http, Some(exchange))
                if !matches!(exchange.pending, Pending::Invocation(_))
                    && !exchange.unsent.bytes().is_empty() =>
            {
                self.state = State::Ending;
            }
            (State::Http, _) => {
                let (world, _) = ConnectionContext::of(surroundings);
                self.transition(State::Closed, End::Closed(Some(code)), &world);
            }
            (State::Events(_), _) => {
                let (world, _) = ConnectionContext::of(surroundings);
                self.transition(State::Ending, End::Closed(Some(code)), &world);
            }
            (State::Ending | State::Lingering(_) | State::Closed, _) => {}
        }
    }

    pub(super) fn linger(&mut self, now: Instant) {
        self.state = State::Lingering(0);
        self.timing.begin(now);
    }

    /// Puts the close frame into the output. Nothing follows it. `None`: the peer's had no code.
    pub(super) fn end_open(
        &mut self,
        code: Option<CloseCode>,
        world: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) {
        let mut frame = [0; SERVER_HEADER_MAX];
        let length = encode_header(true, Opcode::Close, 2, &mut frame);
        frame[length..length + 2].copy_from_slice(&code.unwrap_or(CloseCode::NORMAL).number().to_be_bytes());
        // Without room for it, the client has not read for long, and would not read it either.
        let _ = out.push(&frame[..length + 2]);
        self.transition(State::Ending, End::Closed(code), world);
    }

    /// A new state; whoever leaves an open WebSocket gives its place back and is counted.
    pub(super) fn transition(&mut self, next: State, end: End, world: &ConnectionContext<'_>) {
        let waits = self.pending();
        match core::mem::replace(&mut self.state, next) {
            State::Open(open) => {
                if let Some(inflater) = open.close(end, world.device)
                    && let Some(compression) = world.compression
                {
                    compression.return_inflater(inflater);
                }
            }
            State::Events(events) => events.close(end, world),
            State::Http => {
                if let Pending::Invocation(pending) = waits {
                    world.device.withdraw(pending.client, pending.left);
                }
            }
            _ => {}
        }
    }

    /// Gives back what was lent for requests, if nothing more comes of them, and nothing waits in it that has yet to be sent. What an open WebSocket, or
    /// who listens to events, is sent from now on has to have room in its socket: [`TurnContext::room`](super::TurnContext::room).
    pub fn release_http_state(&mut self) -> Option<&'static mut HttpState> {
        let waits = self.http_state.as_ref().is_some_and(|exchange| !exchange.unsent.bytes().is_empty());
        let needs = !self.is_open() && !matches!(self.state, State::Lingering(_));
        if needs || waits { None } else { self.take_http_state() }
    }

    /// The client is gone: gives back what was lent for requests, if it still has that.
    pub fn take_http_state(&mut self) -> Option<&'static mut HttpState> {
        match self.http_state.take()? {
            HttpStateMemory::Lent(exchange) => Some(exchange),
            #[cfg(feature = "alloc")]
            owned @ HttpStateMemory::Owned(_) => {
                self.http_state = Some(owned);
                None
            }
        }
    }

    /// What the request that stands first in the input waits for.
    pub(super) fn pending(&self) -> Pending {
        self.http().map_or(Pending::Nothing, |exchange| exchange.pending)
    }

    /// The exchange, while that is what it is about.
    pub(super) fn http(&self) -> Option<&HttpState> {
        self.http_state.as_deref().filter(|_| matches!(self.state, State::Http))
    }

    pub(super) fn http_mut(&mut self) -> Option<&mut HttpState> {
        self.http_state.as_deref_mut().filter(|_| matches!(self.state, State::Http))
    }

    /// From where it came.
    pub(super) fn peer(&self) -> IpAddr {
        self.http_state.as_ref().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |exchange| exchange.peer)
    }

    /// Whether there are too many connections.
    pub(super) fn is_refused(&self) -> bool {
        self.http_state.as_ref().is_some_and(|exchange| exchange.refused)
    }

    /// The port of the device at which it came in.
    pub(super) fn local_port(&self) -> u16 {
        self.http_state.as_ref().map_or(0, |exchange| exchange.local_port)
    }

    /// Answers the request, of whose body nothing is to come.
    pub(super) fn answer(&mut self, reply: Reply) {
        self.answer_and_discard(Some(reply), BodyRemaining::NOTHING);
    }
}
