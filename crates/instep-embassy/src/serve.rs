//! Service of one connection: listening, accepting, reading and turns.

use crate::connection::{Connection, Serving, Stage};
use crate::input::poll_once;
use crate::shared::Shared;
use core::net::SocketAddr;
use core::task::{Context, Poll};
use embassy_net::tcp::State;
use embassy_time::Duration;
use instep::Instant;
use instep::driver::{Client, ConnectionInfo, HttpStateMemory};

/// Maximum reads of one connection before the other connections are served.
const READS_PER_TURN: usize = 8;

impl Connection {
    /// Advances the connection as far as possible now.
    pub(crate) fn serve(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared) {
        self.awaits_input = false;
        // Most calls are for a client.
        match self.stage {
            Stage::Serving(_) => self.talk(context, now, shared),
            _ => self.advance(context, now, shared),
        }
    }

    /// Advances a connection without a client.
    #[inline(never)]
    fn advance(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared) {
        match self.stage {
            Stage::Serving(_) => {}
            Stage::Free => self.listen(context, now, shared),
            Stage::Listening(_) => self.accept(context, now, shared),
            Stage::Closing(until) => self.finish(context, now, until, shared),
            Stage::Resetting(until) => {
                if poll_once(context, self.socket.flush()).is_ready() || now >= until {
                    self.stage = Stage::Free;
                    self.listen(context, now, shared);
                }
            }
        }
    }

    /// Starts a client once the connection is established.
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
                // The peer has reset the connection meanwhile, so its buffers go to the next connection.
                let Some(peer) = self.socket.remote_endpoint() else { return self.reset(context, now) };
                let Some(http_state) = self.http_state.take() else { return self.reset(context, now) };
                let http_state = HttpStateMemory::Lent(http_state);
                // A listener of events sends nothing, so it is dropped when data stays unacknowledged for as long as
                // a WebSocket may leave pings unanswered.
                let timeout = limits.ping_every * (u64::from(limits.pings_missed) + 1);
                self.socket.set_timeout(Some(Duration::from_millis(timeout)));
                let peer = SocketAddr::new(peer.addr.into(), peer.port);
                let client =
                    Client::new(ConnectionInfo::new(peer).with_local_port(shared.port), http_state, now);
                self.stage = Stage::Serving(Serving {
                    client,
                    wants_read: true,
                    wants_write: false,
                    shut_down: false,
                    queued: 0,
                    due: false,
                    wake_at: now.after(limits.head_time),
                });
                return self.talk(context, now, shared);
            }
        }
        // A socket wakes the waker for input on any change of its state.
        self.wait(context);
    }

    /// Registers the driver's waker with the socket.
    fn wait(&mut self, context: &mut Context<'_>) {
        if poll_once(context, self.socket.wait_read_ready()).is_pending() {
            self.awaits_input = true;
        }
    }

    /// Reads input, and gives the client its turns.
    fn talk(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared) {
        let mut reads = 0;
        loop {
            let Stage::Serving(serving) = &self.stage else { return };
            let writable = serving.wants_write && self.has_progress(context, now);
            let Stage::Serving(serving) = &mut self.stage else { return };
            if serving.due || writable || now >= serving.wake_at {
                self.turn(context, now, shared, 0);
                continue;
            }
            if !serving.wants_read {
                // No read reports a reset here, so the state is checked.
                if self.socket.state() == State::Closed {
                    self.abandon(context, now, shared);
                } else if !self.socket.can_recv() {
                    self.wait(context);
                }
                return;
            }
            if reads == READS_PER_TURN {
                context.waker().wake_by_ref();
                return;
            }
            reads += 1;
            match self.take_short_message(context, now, shared) {
                Poll::Ready(true) => {
                    // The end of the input may have come with the message. Then only a read finds it.
                    if self.socket.may_recv() {
                        self.wait(context);
                    }
                    if self.awaits_input {
                        return;
                    }
                    continue;
                }
                Poll::Ready(false) => {}
                Poll::Pending => return,
            }
            if !self.read(context, now, shared) {
                return;
            }
        }
    }

    /// Returns whether the peer acknowledged anything since the last turn.
    ///
    /// If it did not, the socket wakes the driver on the next acknowledgement.
    fn has_progress(&mut self, context: &mut Context<'_>, now: Instant) -> bool {
        let Stage::Serving(serving) = &mut self.stage else { return false };
        // `flush` registers for acknowledgements. A socket counts as writable while it has any space, even too little
        // for a frame.
        let _ = poll_once(context, self.socket.flush());
        let progress = self.socket.send_queue() < usize::from(serving.queued);
        if progress {
            serving.client.accepted(now);
        }
        progress
    }
}
