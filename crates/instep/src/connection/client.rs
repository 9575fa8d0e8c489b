//! `Client`, the state of one connection, and its functions between turns.

use super::context::{ConnectionContext, TurnContext};
use super::http_state::{HttpState, HttpStateMemory};
use super::info::ConnectionInfo;
use super::timers::Timing;
use super::websocket::Open;
use crate::buffer::Buffer;
use crate::device::{DropReason, End};
use crate::limits::Limits;
use crate::service::{BodyRemaining, Events, FORM_MAX, Pending, Piecewise, body_max};
use crate::time::Instant;
use core::net::{IpAddr, Ipv4Addr};
use instep_proto::delivery::{Feed, Outgoing, Storage as _};
use instep_proto::frame::{CloseCode, Opcode, SERVER_HEADER_MAX, encode_header};
use instep_proto::http::Reply;
use instep_proto::message::PART_MAX;

/// State of a connection.
#[derive(Debug)]
pub(super) enum State {
    /// Reads requests and writes responses, see [`HttpState`].
    Http,
    /// Is an open WebSocket.
    Open(Open),
    /// Sends a stream of Server-Sent Events.
    Events(Events),
    /// Takes a request's content piece by piece, as [`FirmwareRoute`](crate::update::FirmwareRoute) does.
    Taking(Piecewise),
    /// Writes its last bytes, such as a close frame or an error's body.
    Ending,
    /// Drains the peer until it closes. Holds the number of drained bytes.
    Lingering(usize),
    Closed,
}

/// Memory of a client beside its state.
#[derive(Debug)]
pub(super) enum ClientMemory {
    /// The state of HTTP, always in [`State::Http`].
    Http(HttpStateMemory),
    /// The output that the socket has not accepted, once a state of HTTP on the heap is freed.
    #[cfg(feature = "alloc")]
    Unsent(Buffer),
    /// Nothing, once a lent state of HTTP is returned.
    Nothing,
}

impl ClientMemory {
    pub(super) fn http(&self) -> Option<&HttpState> {
        if let Self::Http(http) = self { Some(http) } else { None }
    }

    pub(super) fn http_mut(&mut self) -> Option<&mut HttpState> {
        if let Self::Http(http) = self { Some(http) } else { None }
    }
}

/// State machine of one connection, without a socket and without a clock.
///
/// It has no queue, because output comes from the feed, and incomplete input stays with the driver.
///
/// # Contract
///
/// A driver makes three kinds of calls:
///
/// * *Events* report what happened to the transport or the device since the last turn:
///   [`input_ended`](Self::input_ended), [`accepted`](Self::accepted), [`heard_from`](Self::heard_from),
///   [`blocked_since`](Self::blocked_since), [`refuse_unencrypted`](Self::refuse_unencrypted),
///   [`expect_reply`](Self::expect_reply), and the ends that the driver decides, [`close`](Self::close),
///   [`break_off`](Self::break_off) and [`abandon`](Self::abandon). Events come before the turn that takes the input that was
///   read with them.
/// * A [`turn`](Self::turn) takes input, runs the expired timers and writes output. Two other calls do a part of it for an open
///   WebSocket, or nothing: [`take_short_message`](Self::take_short_message) takes input, and [`deliver`](Self::deliver) writes
///   one frame. A driver need not make them.
/// * *Queries*, such as [`is_open`](Self::is_open), [`slot`](Self::slot) or [`lag`](Self::lag), change nothing. Their results
///   hold until the next event or turn.
///
/// A turn is due in these cases, and an early turn does no harm:
///
/// * after `input_ended`, `expect_reply`, `close` and `break_off`;
/// * when there is more input, if [`Turn::wants_read`](super::Turn::wants_read) is set;
/// * when the socket accepts more output, if [`Turn::wants_write`](super::Turn::wants_write) is set;
/// * when the feed has a new frame, or the device names the [`slot`](Self::slot);
/// * at [`Turn::wake_at`](super::Turn::wake_at).
///
/// `now` is monotonic, so it is never earlier than in the previous call. If [`Turn::closed`](super::Turn::closed) is set, the
/// driver closes the socket and drops the client. A driver that gives up a client earlier must abandon it first, because otherwise
/// the client's slot at the device stays taken. The driver gets the memory for requests back from
/// [`release_http_state`](Self::release_http_state), after any turn, or from [`take_http_state`](Self::take_http_state), at the end.
#[derive(Debug)]
pub struct Client {
    pub(super) state: State,
    pub(super) memory: ClientMemory,
    pub(super) input_ended: bool,
    /// The number of pings since the last sign of the peer.
    pub(super) pings: u8,
    /// The number of input bytes that the last turn left unused.
    pub(super) seen: usize,
    pub(super) timing: Timing,
}

impl Client {
    /// Creates the state of an accepted connection.
    pub fn new(info: ConnectionInfo, mut http: HttpStateMemory, now: Instant) -> Self {
        http.begin(info);
        Self {
            state: State::Http,
            memory: ClientMemory::Http(http),
            input_ended: false,
            pings: 0,
            seen: 0,
            timing: Timing::new(now),
        }
    }

    /// Returns the upper bound on input that a turn leaves unused, in bytes.
    ///
    /// The bound holds for turns that want more input. The input buffer of a driver must be larger.
    pub const fn tail_max(limits: &Limits) -> usize {
        let request = limits.head.bytes + Self::content_max(limits);
        if request > PART_MAX { request } else { PART_MAX }
    }

    /// Returns the maximum length of content that is kept, in bytes.
    ///
    /// Such content stays in the input until all of it has arrived.
    pub(super) const fn content_max(limits: &Limits) -> usize {
        let (form, body) = (FORM_MAX, body_max(limits));
        if form > body { form } else { body }
    }

    /// Returns the minimum number of input bytes of which a turn can use any.
    pub fn least_input(&self) -> usize {
        match &self.state {
            State::Open(open) => open.receiver.least(),
            _ => 1,
        }
    }

    /// Returns whether the client has an open WebSocket or a stream of Server-Sent Events.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_) | State::Events(_))
    }

    /// Returns whether the client is an open WebSocket, which ends by itself if its peer neither answers pings nor reads.
    pub fn pings(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// Returns whether the client receives compressed frames of the feed.
    pub fn follows_compressed(&self) -> bool {
        matches!(&self.state, State::Open(open) if open.follows_compressed())
    }

    /// Returns how far the client is behind `feed`, in revisions ([`Cursor::lag`](instep_proto::delivery::Cursor::lag)).
    ///
    /// Returns `None` if the client does not follow the feed.
    pub fn lag(&self, feed: &Feed<'_>) -> Option<u64> {
        match &self.state {
            State::Open(open) => open.lag(feed),
            State::Events(events) => Some(events.lag(feed)),
            _ => None,
        }
    }

    /// Returns the index of its slot in the device, if it has one.
    ///
    /// An open WebSocket, a stream of events and a request that waits for the application have one.
    pub fn slot(&self) -> Option<usize> {
        match &self.state {
            State::Open(open) => Some(open.slot.client.slot.get()),
            State::Events(events) => Some(events.slot.client.slot.get()),
            State::Http => match self.pending() {
                Pending::Invocation(pending) => Some(pending.client.slot.get()),
                _ => None,
            },
            _ => None,
        }
    }

    /// Notes that the peer has closed its direction.
    ///
    /// No input follows the present one.
    pub fn input_ended(&mut self) {
        self.input_ended = true;
    }

    /// Notes that the peer has acknowledged earlier output.
    ///
    /// So the peer has not stalled, even if the socket accepts no more yet.
    pub fn accepted(&mut self, now: Instant) {
        if self.timing.accepted(now) {
            // Our ping may be in the send queue behind the bytes that the peer takes.
            self.note_alive(now);
        }
    }

    /// Notes that the peer is alive.
    pub(super) fn note_alive(&mut self, now: Instant) {
        if self.is_open() {
            (self.timing.since, self.pings) = (now, 0);
        }
    }

    /// Notes that the device may have a reply, which the next turn fetches.
    pub fn expect_reply(&mut self) {
        match &mut self.state {
            State::Open(open) => open.replies = true,
            State::Events(events) => events.check_revoked = true,
            _ => {}
        }
    }

    /// Closes the connection after the socket has failed.
    pub fn abandon(&mut self, context: &mut TurnContext<'_>) {
        let (context, _) = ConnectionContext::of(context);
        self.transition(State::Closed, End::Dropped(DropReason::SocketError), &context);
    }

    /// Ends the connection, an open WebSocket with this close code.
    ///
    /// The driver must call [`Client::turn`] then. Until that turn, an open WebSocket stays open.
    pub fn close(&mut self, code: CloseCode, context: &mut TurnContext<'_>) {
        let (context, _) = ConnectionContext::of(context);
        let end = End::Closed(Some(code));
        match (&mut self.state, self.memory.http_mut()) {
            (State::Open(open), _) => open.close = Some(code),
            (State::Http, Some(HttpState { reply: Some(reply), .. })) => *reply = reply.and_close(),
            // An answer that has begun is written to its end.
            (State::Http, Some(http))
                if !matches!(http.pending, Pending::Invocation(_)) && !http.unsent.bytes().is_empty() =>
            {
                self.state = State::Ending;
            }
            (State::Http | State::Taking(_), _) => self.transition(State::Closed, end, &context),
            (State::Events(_), _) => self.transition(State::Ending, end, &context),
            (State::Ending | State::Lingering(_) | State::Closed, _) => {}
        }
    }

    pub(super) fn linger(&mut self, now: Instant) {
        self.state = State::Lingering(0);
        self.timing.begin(now);
    }

    /// Ends a WebSocket with a close frame, after which nothing is sent.
    ///
    /// `None` stands for a close frame without a code.
    pub(super) fn end_open(
        &mut self,
        code: Option<CloseCode>,
        context: &ConnectionContext<'_>,
        out: &mut Outgoing<'_>,
    ) {
        let mut frame = [0; SERVER_HEADER_MAX];
        let length = encode_header(true, Opcode::Close, 2, &mut frame);
        frame[length..length + 2].copy_from_slice(&code.unwrap_or(CloseCode::NORMAL).number().to_be_bytes());
        // Without room for it, the client has not read for long, and would not read it either.
        let _ = out.push(&frame[..length + 2]);
        self.transition(State::Ending, End::Closed(code), context);
    }

    /// Changes the state.
    ///
    /// Leaving an open WebSocket or a stream releases its slot and counts its end.
    pub(super) fn transition(&mut self, next: State, end: End, context: &ConnectionContext<'_>) {
        let waits = self.pending();
        match core::mem::replace(&mut self.state, next) {
            State::Open(open) => {
                if let Some(inflater) = open.close(end, context.device)
                    && let Some(compression) = context.compression
                {
                    compression.return_inflater(inflater);
                }
            }
            State::Events(events) => events.close(end, context),
            State::Taking(_) => {
                if let Some(update) = context.update {
                    update.abandon();
                }
            }
            State::Http => {
                if let Pending::Invocation(pending) = waits {
                    context.device.withdraw(pending.client, pending.left);
                }
            }
            _ => {}
        }
    }

    /// Returns the lent state of HTTP to the driver, if it is not needed any more, and frees one on the heap.
    ///
    /// The client needs it for requests. It also needs a lent one for output that the socket has not accepted: without it, an
    /// open WebSocket or a stream writes only what the socket is sure to accept ([`TurnContext::room`]).
    pub fn release_http_state(&mut self) -> Option<&'static mut HttpState> {
        if !self.is_open() && !matches!(self.state, State::Lingering(_)) {
            return None;
        }
        #[cfg(feature = "alloc")]
        if let ClientMemory::Http(HttpStateMemory::Owned(http)) = &mut self.memory {
            self.memory = ClientMemory::Unsent(core::mem::replace(&mut http.unsent, Buffer::lent(&mut [])));
        }
        if self.has_unsent() { None } else { self.take_http_state() }
    }

    /// Returns whether output waits that the socket has not accepted.
    pub(super) fn has_unsent(&self) -> bool {
        let unsent = match &self.memory {
            ClientMemory::Http(http) => &http.unsent,
            #[cfg(feature = "alloc")]
            ClientMemory::Unsent(unsent) => unsent,
            ClientMemory::Nothing => return false,
        };
        !unsent.bytes().is_empty()
    }

    /// Returns the storage of output that the socket has not accepted, if the client has one.
    pub(super) fn unsent_mut(&mut self) -> Option<&mut Buffer> {
        match &mut self.memory {
            ClientMemory::Http(http) => Some(&mut http.unsent),
            #[cfg(feature = "alloc")]
            ClientMemory::Unsent(unsent) => Some(unsent),
            ClientMemory::Nothing => None,
        }
    }

    /// Returns the lent state of HTTP to the driver, if the client still has it.
    ///
    /// For a connection that has ended.
    pub fn take_http_state(&mut self) -> Option<&'static mut HttpState> {
        match core::mem::replace(&mut self.memory, ClientMemory::Nothing) {
            ClientMemory::Http(HttpStateMemory::Lent(http)) => Some(http),
            other => {
                self.memory = other;
                None
            }
        }
    }

    /// Returns the step for which the first request in the input waits.
    pub(super) fn pending(&self) -> Pending {
        self.http().map_or(Pending::Nothing, |http| http.pending)
    }

    /// Returns the state of HTTP, if the connection is in [`State::Http`].
    pub(super) fn http(&self) -> Option<&HttpState> {
        self.memory.http().filter(|_| matches!(self.state, State::Http))
    }

    pub(super) fn http_mut(&mut self) -> Option<&mut HttpState> {
        self.memory.http_mut().filter(|_| matches!(self.state, State::Http))
    }

    /// Returns the address of the peer.
    pub(super) fn peer(&self) -> IpAddr {
        self.memory.http().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |http| http.peer)
    }

    /// Returns whether every request is answered with 503.
    pub(super) fn is_refused(&self) -> bool {
        self.memory.http().is_some_and(|http| http.refused)
    }

    /// Returns the device's port of the connection, or 0 if the driver did not set it.
    pub(super) fn local_port(&self) -> u16 {
        self.memory.http().map_or(0, |http| http.local_port)
    }

    /// Answers a request that has no more content.
    pub(super) fn answer(&mut self, reply: Reply) {
        self.answer_and_discard(Some(reply), BodyRemaining::NOTHING);
    }
}
