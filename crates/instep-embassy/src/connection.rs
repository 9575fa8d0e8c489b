//! One socket, from one connection to the next.
//!
//! All sockets of a driver wake one task. Whatever changes a socket wakes its network stack too, even that it is asked to wake
//! somebody, so one that has nothing to do is left alone: its state and its queue tell.

use crate::input::{self, narrow, poll_once};
use crate::shared::{Head, Shared};
use core::task::{Context, Poll};
use embassy_net::tcp::{State, TcpSocket};
use instep::Instant;
use instep::driver::{Client, CloseCode, EvictionPriority, HttpState, SendWindow};

/// How long a reset may take to leave, in milliseconds.
const RESET_DELAY_MS: u64 = 100;
/// How long whoever was sent our end may take to read what stood before it: a reset would throw that away.
const READ_DELAY_MS: u64 = 100;

/// A socket.
///
/// As long as it answers requests, it has a buffer for their heads, into which all that comes is read, and one for what it
/// did not take. An open WebSocket has neither. Its input is looked at where it lies, in the socket's own buffer; what cannot be taken
/// now stays there, and so the peer slows down. Its output is frames that have room in the socket, whole.
pub(crate) struct Connection {
    pub(crate) socket: TcpSocket<'static>,
    pub(crate) stage: Stage,
    /// The buffer for a head, while it listens or answers requests.
    pub(crate) head: Option<&'static mut [u8]>,
    /// How many bytes wait in it.
    pub(crate) length: u16,
    /// What comes with the head's buffer, while no client has it.
    pub(crate) exchange: Option<&'static mut HttpState>,
    /// The state in which the socket was asked to wake the driver, and has not since: it does when that changes, and for
    /// bytes.
    pub(crate) waits_in: Option<State>,
}

pub(crate) enum Stage {
    /// Nobody is there.
    Free,
    /// It listens. Somebody may have begun to connect, until then.
    Listening(Option<Instant>),
    Serving(Serving),
    /// The client is gone; the peer has until then to close, too.
    Closing(Instant),
    /// A reset is to leave until then.
    Resetting(Instant),
}

pub(crate) struct Serving {
    pub(crate) client: Client,
    pub(crate) wants_read: bool,
    pub(crate) wants_write: bool,
    pub(crate) shut_down: bool,
    /// Bytes in the socket that the peer did not have after the last turn.
    pub(crate) queued: u16,
    /// A turn is due whatever the socket says.
    pub(crate) due: bool,
    pub(crate) wake_at: Instant,
}

impl Connection {
    pub(crate) fn new(mut socket: TcpSocket<'static>) -> Self {
        // All that a turn has to say leaves in one write.
        socket.set_nagle_enabled(false);
        Self { socket, stage: Stage::Free, head: None, length: 0, exchange: None, waits_in: None }
    }

    /// Whether nothing has come for it to do, and it will be woken when something does.
    pub(crate) fn is_asleep(&self, now: Instant, head_is_free: bool) -> bool {
        let waits = || self.waits_in.is_some_and(|state| self.socket.state() == state);
        match &self.stage {
            Stage::Free => !head_is_free,
            Stage::Listening(None) => waits(),
            Stage::Serving(serving) => {
                let has_time = !serving.due && !serving.wants_write && now < serving.wake_at;
                has_time && waits() && !self.socket.can_recv()
            }
            _ => false,
        }
    }

    /// Whom it was to wake is gone: it is to ask again.
    pub(crate) fn forget_waker(&mut self) {
        self.waits_in = None;
    }

    /// Whether it listens.
    pub(crate) fn listens(&self) -> bool {
        self.socket.state() == State::Listen
    }

    /// Whether it listens, or will in a moment.
    pub(crate) fn listens_soon(&self) -> bool {
        matches!(self.stage, Stage::Listening(None) | Stage::Resetting(_))
    }

    /// Whether the peer has had everything, and that it was the last; it has yet to close.
    pub(crate) fn is_closed_by_us(&self) -> bool {
        let had_everything = match self.socket.state() {
            State::FinWait1 => self.socket.send_queue() == 0,
            state => state == State::FinWait2,
        };
        let over = match &self.stage {
            Stage::Closing(_) => true,
            Stage::Serving(serving) => serving.shut_down,
            _ => false,
        };
        over && had_everything
    }

    /// What giving it up would cost, if that let another one listen.
    pub(crate) fn eviction_priority(&self) -> Option<EvictionPriority> {
        match &self.stage {
            Stage::Serving(serving) if self.head.is_some() && !self.socket.can_recv() => {
                // Whoever does not read its answer is as far as one that does not end its request.
                Some(match (serving.client.eviction_priority(), serving.client.stalled_since()) {
                    (EvictionPriority::InUse, Some(since)) => EvictionPriority::PartialRequest(since),
                    // It sent more before it had the answer to its handshake (RFC 6455 section 4.1), and that waits.
                    _ if serving.client.is_open() => {
                        EvictionPriority::PartialRequest(Instant::from_millis(0))
                    }
                    (standing, _) => standing,
                })
            }
            _ => None,
        }
    }

    /// Whether it has answered a request.
    pub(crate) fn was_served(&self) -> bool {
        matches!(&self.stage, Stage::Serving(serving) if serving.client.was_served())
    }

    pub(crate) fn wake_at(&self) -> Instant {
        match &self.stage {
            Stage::Serving(serving) => serving.wake_at,
            Stage::Listening(Some(until)) | Stage::Closing(until) | Stage::Resetting(until) => *until,
            Stage::Free | Stage::Listening(None) => Instant::NEVER,
        }
    }

    /// A reply, or room in the inbox, waits for the client in that slot of the device.
    pub(crate) fn expect_reply(&mut self, slot: usize) {
        if let Stage::Serving(serving) = &mut self.stage
            && serving.client.slot() == Some(slot)
        {
            serving.client.expect_reply();
            serving.due = true;
        }
    }

    /// Something was published.
    pub(crate) fn expect_frames(&mut self) {
        if let Stage::Serving(serving) = &mut self.stage {
            serving.due |= serving.client.is_open() && !serving.wants_write;
        }
    }

    /// Gives its socket up, for another one to listen.
    pub(crate) fn evict(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared) {
        let Stage::Serving(serving) = &mut self.stage else { return };
        if serving.wants_write {
            return self.abandon(context, now, shared);
        }
        serving.client.close(CloseCode::GOING_AWAY, &mut shared.lend().0);
        self.turn(context, now, shared, 0);
    }

    /// Listens, if there is a buffer for a head.
    pub(crate) fn listen(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared) {
        if self.head.is_none() {
            let Some(Head { bytes, exchange }) = shared.take_head() else { return };
            (self.head, self.exchange) = (Some(bytes), Some(exchange));
        }
        self.length = 0;
        // Once is enough to listen: who has connected is seen by the state of the socket.
        match poll_once(context, self.socket.accept(shared.port)) {
            Poll::Pending => self.stage = Stage::Listening(None),
            Poll::Ready(_) => self.reset(context, now),
        }
    }

    /// Gives the client a turn with the input there is: in the buffer for a head; where there is none, `read` bytes that were read,
    /// or else what is in the socket.
    pub(crate) fn turn(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared, read: usize) {
        let Self { socket, stage, head, length, .. } = self;
        let Stage::Serving(serving) = stage else { return };
        let (mut surroundings, spare) = shared.lend();
        let looked = head.is_none() && read == 0;
        let given = match head {
            Some(head) => &mut head[..usize::from(*length)],
            None if read > 0 => &mut spare[..read],
            // A part of a control frame is of no use.
            None if serving.client.least_input() > 1 => &mut [],
            None => input::peek(context, socket, spare),
        };
        let mut failed = false;
        let capacity = socket.send_capacity();
        surroundings.room = SendWindow { free: capacity - socket.send_queue(), capacity };
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
        let turn = serving.client.turn(now, given, &mut surroundings, &mut write);
        debug_assert!(read == 0 || turn.used == read || !serving.client.is_open(), "what was read is taken");
        if looked {
            input::put_back(context, socket, given, turn.used);
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
        // Time has to pass between turns that only time asks for.
        serving.wake_at = turn.wake_at.max(now.after(1));
        if turn.shut_down && !core::mem::replace(&mut serving.shut_down, true) {
            socket.close();
        }
        if turn.closed {
            let linger_time = shared.server.device.limits().linger_time;
            self.release(shared);
            // Whoever has had our end, and sends on, gets little more time.
            let patience = if self.socket.state() == State::FinWait2 { READ_DELAY_MS } else { linger_time };
            self.socket.close();
            self.finish(context, now, now.after(patience), shared);
        } else if *length == 0
            && head.is_some()
            && let Some(exchange) = serving.client.release_http_state()
            && let Some(bytes) = head.take()
        {
            shared.return_head(Head { bytes, exchange });
            // What is in the socket has been given no turn. And another socket can listen now.
            serving.due = true;
            context.waker().wake_by_ref();
        }
    }

    /// The socket failed, or is needed for somebody else.
    pub(crate) fn abandon(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared) {
        if let Stage::Serving(serving) = &mut self.stage {
            serving.client.abandon(&mut shared.lend().0);
        }
        self.release(shared);
        self.reset(context, now);
    }

    /// The client is gone: gives back what was lent.
    fn release(&mut self, shared: &mut Shared) {
        let mut exchange = self.exchange.take();
        if let Stage::Serving(mut serving) = core::mem::replace(&mut self.stage, Stage::Free) {
            exchange = serving.client.take_http_state();
        }
        self.length = 0;
        if let Some((bytes, exchange)) = self.head.take().zip(exchange) {
            shared.return_head(Head { bytes, exchange });
        }
    }

    /// Waits until the peer has closed, too, and throws away what it still sends.
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

    /// Ends the connection at once.
    pub(crate) fn reset(&mut self, context: &mut Context<'_>, now: Instant) {
        self.socket.abort();
        self.stage = Stage::Resetting(now.after(RESET_DELAY_MS));
        context.waker().wake_by_ref();
    }
}
