//! Serves one connection: it listens, accepts a client, reads, and gives turns.

use crate::connection::{Connection, Serving, Stage};
use crate::input::poll_once;
use crate::shared::Shared;
use core::net::SocketAddr;
use core::task::Context;
use embassy_net::tcp::State;
use embassy_time::Duration;
use instep::Instant;
use instep::driver::{Client, ConnectionInfo, HttpStateMemory};

/// Reads in one go, before the others have their turn.
const READS: usize = 8;

impl Connection {
    /// Does what can be done now.
    pub(crate) fn serve(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared) {
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
                // Whoever has reset the connection meanwhile is nobody; what was lent is for the next one.
                let Some(peer) = self.socket.remote_endpoint() else { return self.reset(context, now) };
                let Some(exchange) = self.exchange.take() else { return self.reset(context, now) };
                let exchange = HttpStateMemory::Lent(exchange);
                // Who listens to events says nothing. That it is gone is noticed by what it does not acknowledge, and no
                // WebSocket is given up sooner than for want of pongs.
                let gone = limits.ping_every * (u64::from(limits.pings_missed) + 1);
                self.socket.set_timeout(Some(Duration::from_millis(gone)));
                let peer = SocketAddr::new(peer.addr.into(), peer.port);
                let client =
                    Client::new(ConnectionInfo::new(peer).with_local_port(shared.port), exchange, now);
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
            let Stage::Serving(serving) = &self.stage else { return };
            let writable = serving.wants_write && self.is_taken(context, now);
            let Stage::Serving(serving) = &mut self.stage else { return };
            if serving.due || writable || now >= serving.wake_at {
                serving.due = false;
                self.turn(context, now, shared, 0);
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
            if !self.read(context, now, shared) {
                return;
            }
        }
    }

    /// Whether the peer has had any of what waits in the socket since the last turn. If not, the socket wakes the driver when
    /// it has.
    fn is_taken(&mut self, context: &mut Context<'_>, now: Instant) -> bool {
        let Stage::Serving(serving) = &mut self.stage else { return false };
        // That a socket takes more would be no news: perhaps it did before, and it was too little. For this it wakes whenever
        // something has arrived.
        let _ = poll_once(context, self.socket.flush());
        let taken = self.socket.send_queue() < usize::from(serving.queued);
        if taken {
            serving.client.accepted(now);
        }
        taken
    }
}
