//! Socket of a driver, across its successive connections.
//!
//! Each socket has a signal, which its waker sets. Any change of a socket, even a new waker, wakes its network stack. So
//! the driver polls a socket only if its signal is set, or if its client has work.

use crate::input::{self, narrow, poll_once};
use crate::shared::{Head, Shared};
use core::task::{Context, Poll};
use embassy_net::tcp::{State, TcpSocket};
use instep::Instant;
use instep::driver::{Client, CloseCode, EvictionPriority, HttpState, SendWindow};

/// Time limit for an RST to leave, in ms.
const RESET_DELAY_MS: u64 = 100;
/// Delay between FIN and RST, in ms, so that the peer can read pending data.
const READ_DELAY_MS: u64 = 100;

/// Socket of a driver, with the client of its current connection.
///
/// A connection that answers requests has a buffer for their heads, into which all input is read, and a buffer for
/// unsent output. An open WebSocket has neither. Its input is processed in the socket's own buffer, where unused input
/// stays, so the peer slows down. Its output is whole frames that fit into the socket.
pub(crate) struct Connection {
    pub(crate) socket: TcpSocket<'static>,
    pub(crate) stage: Stage,
    /// Buffer for request heads, while the socket listens or answers requests.
    pub(crate) head: Option<&'static mut [u8]>,
    /// Number of bytes in `head`.
    pub(crate) length: u16,
    /// State of HTTP that belongs to `head`, while no client has it.
    pub(crate) http_state: Option<&'static mut HttpState>,
    /// Whether the socket sets its signal for input, and on any change of its state.
    pub(crate) awaits_input: bool,
}

/// Stage of a socket.
#[allow(
    clippy::large_enum_variant,
    reason = "most connections of a device serve one after the other, in memory that is reserved"
)]
pub(crate) enum Stage {
    /// Without a connection, and not listening.
    Free,
    /// Listening, with a deadline once a peer has begun to connect.
    Listening(Option<Instant>),
    Serving(Serving),
    /// Draining until the peer closes, at most until this time.
    Closing(Instant),
    /// Resetting until the RST has left, at most until this time.
    Resetting(Instant),
}

/// Client of a connection, and the events for which it waits.
pub(crate) struct Serving {
    pub(crate) client: Client,
    pub(crate) wants_read: bool,
    pub(crate) wants_write: bool,
    pub(crate) shut_down: bool,
    /// Bytes that the peer had not acknowledged after the last turn.
    pub(crate) queued: u16,
    /// Whether a turn is due in any state of the socket.
    pub(crate) due: bool,
    pub(crate) wake_at: Instant,
}

impl Connection {
    pub(crate) fn new(mut socket: TcpSocket<'static>) -> Self {
        // Nagle's algorithm would only delay, because the output of a turn leaves in one write.
        socket.set_nagle_enabled(false);
        Self { socket, stage: Stage::Free, head: None, length: 0, http_state: None, awaits_input: false }
    }

    /// Returns how many bytes the socket accepts now.
    pub(crate) fn room(&self, shared: &Shared) -> usize {
        shared.send_capacity - self.socket.send_queue()
    }

    /// Returns whether the connection concerns only its own client.
    ///
    /// It is open, holds no buffer for heads, and its socket sets its signal when it has work.
    pub(crate) fn is_settled(&self) -> bool {
        let Stage::Serving(serving) = &self.stage else { return false };
        let is_woken = self.awaits_input || serving.wants_write;
        self.head.is_none() && is_woken && serving.client.is_open() && !serving.shut_down
    }

    /// Returns whether the connection must be looked at whenever the driver is polled.
    ///
    /// Its socket does not tell every change that matters.
    pub(crate) fn is_unsettled(&self, head_is_free: bool) -> bool {
        match &self.stage {
            Stage::Free => head_is_free,
            Stage::Listening(None) => false,
            Stage::Listening(Some(_)) | Stage::Closing(_) | Stage::Resetting(_) => true,
            Stage::Serving(serving) => !self.awaits_input && !serving.wants_write,
        }
    }

    /// Returns whether the connection has no work, and will be woken when it has.
    pub(crate) fn is_asleep(&self, now: Instant, head_is_free: bool) -> bool {
        match &self.stage {
            Stage::Free => !head_is_free,
            Stage::Listening(None) => self.awaits_input,
            Stage::Serving(serving) => {
                let has_time = !serving.due && !serving.wants_write && now < serving.wake_at;
                has_time && self.awaits_input && !self.socket.can_recv()
            }
            _ => false,
        }
    }

    /// Returns whether the socket listens.
    pub(crate) fn listens(&self) -> bool {
        self.socket.state() == State::Listen
    }

    /// Returns whether the socket listens, or will in a moment.
    pub(crate) fn listens_soon(&self) -> bool {
        matches!(self.stage, Stage::Listening(None) | Stage::Resetting(_))
    }

    /// Returns whether the peer has all data and our FIN, but has not closed.
    pub(crate) fn is_closed_by_us(&self) -> bool {
        let received_all = match self.socket.state() {
            State::FinWait1 => self.socket.send_queue() == 0,
            state => state == State::FinWait2,
        };
        let over = match &self.stage {
            Stage::Closing(_) => true,
            Stage::Serving(serving) => serving.shut_down,
            _ => false,
        };
        over && received_all
    }

    /// Returns the eviction priority, if an eviction would let another socket listen.
    pub(crate) fn eviction_priority(&self) -> Option<EvictionPriority> {
        match &self.stage {
            Stage::Serving(serving) if self.head.is_some() && !self.socket.can_recv() => {
                // An unread response counts as a partial request.
                Some(match (serving.client.eviction_priority(), serving.client.stalled_since()) {
                    (EvictionPriority::InUse, Some(since)) => EvictionPriority::PartialRequest(since),
                    // A WebSocket still holds the buffer if it sent frames before it got the response of the
                    // handshake (RFC 6455 section 4.1). It counts as the oldest partial request.
                    _ if serving.client.is_open() => {
                        EvictionPriority::PartialRequest(Instant::from_millis(0))
                    }
                    (priority, _) => priority,
                })
            }
            _ => None,
        }
    }

    /// Returns whether a request was answered.
    pub(crate) fn was_served(&self) -> bool {
        matches!(&self.stage, Stage::Serving(serving) if serving.client.was_served())
    }

    /// Returns the next deadline.
    pub(crate) fn wake_at(&self) -> Instant {
        match &self.stage {
            Stage::Serving(serving) => serving.wake_at,
            Stage::Listening(Some(until)) | Stage::Closing(until) | Stage::Resetting(until) => *until,
            Stage::Free | Stage::Listening(None) => Instant::NEVER,
        }
    }

    /// Announces a reply or inbox space to the client in `slot` of the device. Returns whether it is this client.
    pub(crate) fn expect_reply(&mut self, slot: usize) -> bool {
        match &mut self.stage {
            Stage::Serving(serving) if serving.client.slot() == Some(slot) => {
                serving.client.expect_reply();
                serving.due = true;
                true
            }
            _ => false,
        }
    }

    /// Returns whether a published frame causes a turn.
    pub(crate) fn awaits_frames(&self) -> bool {
        matches!(&self.stage, Stage::Serving(serving) if serving.client.is_open() && !serving.wants_write)
    }

    /// Announces published frames.
    pub(crate) fn expect_frames(&mut self) {
        if let Stage::Serving(serving) = &mut self.stage {
            serving.due = true;
        }
    }

    /// Closes the connection, so that another socket can listen.
    pub(crate) fn evict(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared) {
        let Stage::Serving(serving) = &mut self.stage else { return };
        if serving.wants_write {
            return self.abandon(context, now, shared);
        }
        serving.client.close(CloseCode::GOING_AWAY, &mut shared.lend().0);
        self.turn(context, now, shared, 0);
    }

    /// Listens, if a buffer for request heads is free.
    pub(crate) fn listen(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared) {
        if self.head.is_none() {
            let Some(Head { bytes, http_state }) = shared.take_head() else { return };
            (self.head, self.http_state) = (Some(bytes), Some(http_state));
        }
        self.length = 0;
        // One poll starts listening; a new connection shows in the socket's state.
        match poll_once(context, self.socket.accept(shared.port)) {
            Poll::Pending => self.stage = Stage::Listening(None),
            Poll::Ready(_) => self.reset(context, now),
        }
    }

    /// Gives the client a turn with its input.
    ///
    /// The input comes from the connection's buffer for heads, if it has one. Otherwise it comes from the first `read`
    /// bytes of the shared buffer, or from the socket if `read` is 0.
    pub(crate) fn turn(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared, read: usize) {
        let room = SendWindow { free: self.room(shared), capacity: shared.send_capacity };
        let Self { socket, stage, head, length, .. } = self;
        let Stage::Serving(serving) = stage else { return };
        serving.due = false;
        let (mut turn_context, spare) = shared.lend();
        let peeked = head.is_none() && read == 0;
        let input = match head {
            Some(head) => &mut head[..usize::from(*length)],
            None if read > 0 => &mut spare[..read],
            // The input stays in the socket until the control frame is complete.
            None if serving.client.least_input() > 1 => &mut [],
            None => input::peek(context, socket, spare),
        };
        let mut failed = false;
        turn_context.room = room;
        let mut write = |bytes: &[u8]| {
            let mut written = 0;
            while written < bytes.len() {
                match poll_once(context, socket.write(&bytes[written..])) {
                    Poll::Ready(Ok(length)) => written += length,
                    Poll::Ready(Err(_)) => {
                        failed = true;
                        break;
                    }
                    Poll::Pending => break,
                }
            }
            written
        };
        let turn = serving.client.turn(now, input, &mut turn_context, &mut write);
        debug_assert!(
            read == 0 || turn.used == read || !serving.client.is_open(),
            "input was read but not used"
        );
        if peeked {
            input::put_back(context, socket, input, turn.used);
        }
        if let Some(head) = head {
            head.copy_within(turn.used..usize::from(*length), 0);
            *length -= narrow(turn.used);
        }
        if failed {
            return self.abandon(context, now, shared);
        }
        (serving.wants_read, serving.wants_write) = (turn.wants_read, turn.wants_write);
        serving.queued = narrow(socket.send_queue());
        // At least 1 ms must pass between turns that only a deadline causes.
        serving.wake_at = turn.wake_at.max(now.after(1));
        if turn.shut_down && !core::mem::replace(&mut serving.shut_down, true) {
            socket.close();
        }
        if turn.closed {
            let linger_time = shared.server.device.limits().linger_time;
            self.release(shared);
            // A peer that has our FIN and keeps sending gets less time to drain.
            let drain_time = if self.socket.state() == State::FinWait2 { READ_DELAY_MS } else { linger_time };
            self.socket.close();
            self.finish(context, now, now.after(drain_time), shared);
        } else if *length == 0
            && head.is_some()
            && let Some(http_state) = serving.client.release_http_state()
            && let Some(bytes) = head.take()
        {
            shared.return_head(Head { bytes, http_state });
            if serving.client.pings() {
                // The network stack asks for the time-out of each socket at each frame.
                socket.set_timeout(None);
            }
            // The socket may hold input that had no turn yet, and another socket can listen now.
            serving.due = true;
            context.waker().wake_by_ref();
        }
    }

    /// Resets the connection, because the socket failed or is needed.
    pub(crate) fn abandon(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared) {
        if let Stage::Serving(serving) = &mut self.stage {
            serving.client.abandon(&mut shared.lend().0);
        }
        self.release(shared);
        self.reset(context, now);
    }

    /// Ends the client, and returns its buffers.
    fn release(&mut self, shared: &mut Shared) {
        let mut http_state = self.http_state.take();
        if let Stage::Serving(mut serving) = core::mem::replace(&mut self.stage, Stage::Free) {
            http_state = serving.client.take_http_state();
        }
        self.length = 0;
        if let Some((bytes, http_state)) = self.head.take().zip(http_state) {
            shared.return_head(Head { bytes, http_state });
        }
    }

    /// Drains the peer until it closes, at most until `until`.
    pub(crate) fn finish(
        &mut self,
        context: &mut Context<'_>,
        now: Instant,
        until: Instant,
        shared: &mut Shared,
    ) {
        self.stage = Stage::Closing(until);
        loop {
            match poll_once(context, self.socket.read(shared.input)) {
                Poll::Ready(Ok(0) | Err(_)) | Poll::Pending => break,
                Poll::Ready(Ok(_)) => {}
            }
        }
        if matches!(self.socket.state(), State::Closed | State::TimeWait) {
            self.stage = Stage::Free;
            self.listen(context, now, shared);
        } else if now >= until {
            self.reset(context, now);
        } else {
            let _ = poll_once(context, self.socket.wait_read_ready());
        }
    }

    /// Sends RST.
    pub(crate) fn reset(&mut self, context: &mut Context<'_>, now: Instant) {
        self.socket.abort();
        self.stage = Stage::Resetting(now.after(RESET_DELAY_MS));
        context.waker().wake_by_ref();
    }
}
