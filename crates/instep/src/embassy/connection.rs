//! One socket, from one connection to the next.
//!
//! All sockets of a driver wake one task. Whatever changes a socket wakes its network stack too, even that it is asked to wake
//! somebody, so one that has nothing to do is left alone: its state and its queue tell.

use super::driver::Shared;
use super::sizes;
use crate::buffer::Buffer;
use crate::client::{Client, Instant, Standing};
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll};
use embassy_net::tcp::{State, TcpSocket};
use instep_proto::frame::CloseCode;

/// Reads in one go, before the others have their turn.
const READS: usize = 8;
/// How long a reset may take to leave, in milliseconds.
const RESET_TIME: u64 = 100;
/// How long whoever was sent our end may take to read what stood before it: a reset would throw that away.
const READING_TIME: u64 = 100;

/// A socket. All that waits in it is taken at once, because it wakes nobody for what it had before.
pub(super) struct Connection {
    socket: TcpSocket<'static>,
    stage: Stage,
    /// Input of a client that is not taken yet, while there is no buffer for a head.
    input: &'static mut [u8],
    /// The buffer for a head, while it listens or answers requests.
    head: Option<&'static mut [u8]>,
    /// How many bytes wait in one of the two.
    length: usize,
    /// Lent to the client while there is one.
    unsent: Option<Buffer>,
    /// The state in which the socket was asked to wake the driver, and has not since: it does when that changes, and for
    /// bytes.
    waits_in: Option<State>,
}

#[expect(clippy::large_enum_variant, reason = "memory is set aside for the largest anyway")]
enum Stage {
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

struct Serving {
    client: Client,
    wants_read: bool,
    wants_write: bool,
    shut_down: bool,
    /// Since when the socket has taken nothing of what it is to take.
    blocked_since: Option<Instant>,
    /// A turn is due whatever the socket says.
    due: bool,
    wake_at: Instant,
}

/// Polls a future that loses nothing when it is dropped.
fn poll_once<F: Future>(context: &mut Context<'_>, future: F) -> Poll<F::Output> {
    pin!(future).poll(context)
}

impl Connection {
    pub(super) fn new(mut socket: TcpSocket<'static>, unsent: Buffer, input: &'static mut [u8]) -> Self {
        // All that a turn has to say leaves in one write.
        socket.set_nagle_enabled(false);
        Self {
            socket,
            stage: Stage::Free,
            input,
            head: None,
            length: 0,
            unsent: Some(unsent),
            waits_in: None,
        }
    }

    /// Whether nothing has come for it to do, and it will be woken when something does.
    pub(super) fn is_asleep(&self, now: Instant, head_is_free: bool) -> bool {
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
    pub(super) fn forget_waker(&mut self) {
        self.waits_in = None;
    }

    /// Whether it listens, or will in a moment.
    pub(super) fn listens_soon(&self) -> bool {
        matches!(self.stage, Stage::Listening(None) | Stage::Resetting(_))
    }

    /// Whether the peer has had everything, and that it was the last; it has yet to close.
    pub(super) fn is_closed_by_us(&self) -> bool {
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
    pub(super) fn standing(&self) -> Option<Standing> {
        match &self.stage {
            Stage::Serving(serving) if self.head.is_some() && !self.socket.can_recv() => {
                // Whoever does not read its answer is as far as one that does not end its request.
                Some(match (serving.client.standing(), serving.blocked_since) {
                    (Standing::InUse, Some(since)) => Standing::Unfinished(since),
                    (standing, _) => standing,
                })
            }
            _ => None,
        }
    }

    /// Whether it has answered a request.
    pub(super) fn was_served(&self) -> bool {
        matches!(&self.stage, Stage::Serving(serving) if serving.client.was_served())
    }

    pub(super) fn wake_at(&self) -> Instant {
        match &self.stage {
            Stage::Serving(serving) => serving.wake_at,
            Stage::Listening(Some(until)) | Stage::Closing(until) | Stage::Resetting(until) => *until,
            Stage::Free | Stage::Listening(None) => Instant::NEVER,
        }
    }

    /// A reply, or room in the inbox, waits for the client in that slot of the device.
    pub(super) fn expect_reply(&mut self, slot: usize) {
        if let Stage::Serving(serving) = &mut self.stage
            && serving.client.slot() == Some(slot)
        {
            serving.client.expect_reply();
            serving.due = true;
        }
    }

    /// Something was published.
    pub(super) fn expect_frames(&mut self) {
        if let Stage::Serving(serving) = &mut self.stage {
            serving.due |= serving.client.is_open() && !serving.wants_write;
        }
    }

    /// Gives its socket up, for another one to listen.
    pub(super) fn leave(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared) {
        let Stage::Serving(serving) = &mut self.stage else { return };
        if serving.wants_write {
            return self.abandon(context, now, shared);
        }
        serving.client.close(CloseCode::GOING_AWAY, &mut shared.surroundings());
        self.turn(context, now, shared);
    }

    /// Does what can be done now.
    pub(super) fn serve(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared) {
        self.waits_in = None;
        match &mut self.stage {
            Stage::Free => self.listen(context, now, shared),
            Stage::Listening(_) => self.accept(context, now, shared),
            Stage::Serving(_) => self.talk(context, now, shared),
            Stage::Closing(until) => {
                let until = *until;
                self.finish(context, now, until, shared);
            }
            Stage::Resetting(until) => {
                if poll_once(context, self.socket.flush()).is_ready() || now >= *until {
                    self.stage = Stage::Free;
                    self.listen(context, now, shared);
                }
            }
        }
    }

    /// Listens, if there is a buffer for a head.
    fn listen(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared) {
        if self.head.is_none() {
            self.head = shared.take_head();
        }
        if self.head.is_none() {
            return;
        }
        self.length = 0;
        // Once is enough to listen: who has connected is seen by the state of the socket.
        match poll_once(context, self.socket.accept(shared.port)) {
            Poll::Pending => self.stage = Stage::Listening(None),
            Poll::Ready(_) => self.reset(context, now),
        }
    }

    fn accept(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared) {
        let limits = shared.server.device.limits();
        match (self.socket.state(), &mut self.stage) {
            (State::Listen, stage) => *stage = Stage::Listening(None),
            (State::SynReceived, Stage::Listening(Some(until))) if now >= *until => {
                return self.reset(context, now);
            }
            (State::SynReceived, Stage::Listening(Some(_))) => {}
            (State::SynReceived, stage) => *stage = Stage::Listening(Some(now.after(limits.head_time))),
            _ => {
                let (Some(peer), Some(unsent)) = (self.socket.remote_endpoint(), self.unsent.take()) else {
                    return self.reset(context, now);
                };
                let mut client = Client::new(peer.addr.into(), peer.port, unsent, now);
                client.came_in_at(shared.port);
                self.stage = Stage::Serving(Serving {
                    client,
                    wants_read: true,
                    wants_write: false,
                    shut_down: false,
                    blocked_since: None,
                    due: false,
                    wake_at: now.after(limits.head_time),
                });
                return self.talk(context, now, shared);
            }
        }
        // Any change of the state wakes who waits for bytes.
        self.wait(context);
    }

    /// Asks the socket to wake the driver.
    fn wait(&mut self, context: &mut Context<'_>) {
        if poll_once(context, self.socket.wait_read_ready()).is_pending() {
            self.waits_in = Some(self.socket.state());
        }
    }

    /// Reads, and gives turns.
    fn talk(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared) {
        let mut reads = 0;
        loop {
            let Stage::Serving(serving) = &mut self.stage else { return };
            let writable =
                serving.wants_write && poll_once(context, self.socket.wait_write_ready()).is_ready();
            if serving.due || writable || now >= serving.wake_at {
                serving.due = false;
                self.turn(context, now, shared);
                continue;
            }
            if !serving.wants_read {
                // A peer that resets the connection is to be noticed.
                if self.socket.state() == State::Closed {
                    self.abandon(context, now, shared);
                } else if !self.socket.can_recv() {
                    self.wait(context);
                }
                return;
            }
            if reads == READS {
                context.waker().wake_by_ref();
                return;
            }
            reads += 1;
            let buffer = self.head.as_deref_mut().unwrap_or(self.input);
            // What comes behind a head has to fit where the client goes on without it. There is always room: a client
            // that wants more leaves no more than `Client::tail_max`.
            let end = buffer.len().min(self.length + sizes::INPUT);
            debug_assert!(self.length < end);
            match poll_once(context, self.socket.read(&mut buffer[self.length..end])) {
                Poll::Pending => {
                    self.waits_in = Some(self.socket.state());
                    return;
                }
                Poll::Ready(Ok(0)) => {
                    serving.client.input_ended();
                    self.turn(context, now, shared);
                }
                Poll::Ready(Ok(read)) => {
                    self.length += read;
                    self.turn(context, now, shared);
                }
                Poll::Ready(Err(_)) => self.abandon(context, now, shared),
            }
        }
    }

    /// Gives the client a turn with the input there is.
    fn turn(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared) {
        let Self { socket, stage, input, head, length, .. } = self;
        let Stage::Serving(serving) = stage else { return };
        let buffer = head.as_deref_mut().unwrap_or(input);
        let (mut failed, mut wrote) = (false, false);
        let mut write = |bytes: &[u8]| {
            let mut written = 0;
            while written < bytes.len() {
                match poll_once(context, socket.write(&bytes[written..])) {
                    Poll::Ready(Ok(length)) => {
                        written += length;
                        wrote = true;
                    }
                    Poll::Ready(Err(_)) => {
                        failed = true;
                        break;
                    }
                    Poll::Pending => break,
                }
            }
            written
        };
        let turn = serving.client.turn(now, &mut buffer[..*length], &mut shared.surroundings(), &mut write);
        buffer.copy_within(turn.used..*length, 0);
        *length -= turn.used;
        if failed {
            return self.abandon(context, now, shared);
        }
        (serving.wants_read, serving.wants_write) = (turn.wants_read, turn.wants_write);
        if !turn.wants_write {
            serving.blocked_since = None;
        } else if wrote || serving.blocked_since.is_none() {
            serving.blocked_since = Some(now);
        }
        // Time has to pass between turns that only time asks for.
        serving.wake_at = turn.wake_at.max(now.after(1));
        if turn.shut_down && !core::mem::replace(&mut serving.shut_down, true) {
            socket.close();
        }
        let answers_requests = !serving.client.is_open() && !serving.shut_down;
        if turn.closed {
            let linger_time = shared.server.device.limits().linger_time;
            self.part(shared);
            // Whoever has had our end, and sends on, gets little more time.
            let patience = if self.socket.state() == State::FinWait2 { READING_TIME } else { linger_time };
            self.socket.close();
            self.finish(context, now, now.after(patience), shared);
        } else if !answers_requests
            && *length <= input.len()
            && let Some(head) = head.take()
        {
            input[..*length].copy_from_slice(&head[..*length]);
            shared.return_head(head);
            // Another socket can listen now.
            context.waker().wake_by_ref();
        }
    }

    /// The socket failed, or is needed for somebody else.
    pub(super) fn abandon(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared) {
        if let Stage::Serving(serving) = &mut self.stage {
            serving.client.abandon(&mut shared.surroundings());
        }
        self.part(shared);
        self.reset(context, now);
    }

    /// The client is gone: takes back what it was lent.
    fn part(&mut self, shared: &mut Shared) {
        if let Stage::Serving(serving) = core::mem::replace(&mut self.stage, Stage::Free) {
            self.unsent = Some(serving.client.into_unsent());
        }
        self.length = 0;
        if let Some(head) = self.head.take() {
            shared.return_head(head);
        }
    }

    /// Waits until the peer has closed, too, and throws away what it still sends.
    fn finish(&mut self, context: &mut Context<'_>, now: Instant, until: Instant, shared: &mut Shared) {
        self.stage = Stage::Closing(until);
        loop {
            match poll_once(context, self.socket.read(self.input)) {
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
    fn reset(&mut self, context: &mut Context<'_>, now: Instant) {
        self.socket.abort();
        self.stage = Stage::Resetting(now.after(RESET_TIME));
        context.waker().wake_by_ref();
    }
}
