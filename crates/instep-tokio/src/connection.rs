//! Connection: when a client gets a turn, and what follows from it.

use crate::client_socket::ClientSocket;
use crate::deadlines::Tick;
use crate::dispatch::Accepted;
use crate::membership::{Membership, Stage};
use crate::mount::{Next, Switch};
use crate::permit::Permit;
use crate::server::Server;
use crate::shard_state::{Buffers, ShardState};
use crate::socket::ReadEvent;
#[cfg(feature = "tls")]
use crate::tls;
use crate::transport::Transport;
use instep::Instant;
use instep::driver::{
    Buffer, Client, ConnectionInfo, EvictionPriority, HttpState, HttpStateMemory, Mounts, Turn, TurnContext,
};
use instep_proto::delivery::Feed;
use instep_proto::frame::CloseCode;
use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

/// Space for control frames and handshake responses beside one frame, in bytes.
const CONTROL_RESERVE: usize = 1024;

/// Maximum reads of one connection before the other connections are served.
const READS_PER_TURN: usize = 4;

/// Connection of a client.
///
/// A connection stays on the shard's thread. It gets a turn when the socket is ready, when it has output, and when a
/// deadline has passed.
pub(crate) struct Connection {
    socket: RefCell<ClientSocket>,
    membership: Membership,
    wants_read: Cell<bool>,
    wants_write: Cell<bool>,
    stage: Cell<Stage>,
    end: Cell<End>,
    wake_at: Cell<Instant>,
    /// Tick of the entry among the shard's deadlines.
    scheduled: Cell<Tick>,
    /// Unacknowledged bytes in a full send buffer, at the last check.
    unacknowledged: Cell<u32>,
    permit: Permit,
}

/// How far the connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    None,
    /// Writing is shut down.
    ShutDown,
    Closed,
}

impl Connection {
    /// Capacity of a connection's output buffer, in bytes.
    pub(crate) fn unsent_limit(server: &Server) -> usize {
        server.longest_frame + CONTROL_RESERVE
    }

    pub(crate) fn new(accepted: Accepted, key: usize, shard: &ShardState) -> io::Result<Self> {
        let limits = shard.server.device.limits();
        let http = HttpState::new(Buffer::grown(Self::unsent_limit(&shard.server)));
        let http = HttpStateMemory::Owned(Box::new(http));
        let now = shard.now();
        let peer = SocketAddr::new(accepted.peer.ip().to_canonical(), accepted.peer.port());
        let info = ConnectionInfo::new(peer)
            .with_local_port(accepted.port)
            .encrypted(accepted.security.is_some())
            .over_capacity(accepted.permit.refused);
        let client = Client::new(info, http, now);
        let wake_at = now.after(limits.head_time);
        let transport = Transport::new(accepted.stream, accepted.security)?;
        accepted.permit.register(shard.follower, key);
        accepted.permit.set_priority(client.eviction_priority());
        let scheduled = Cell::default();
        shard.schedule(now, key, wake_at, &scheduled);
        Ok(Self {
            socket: RefCell::new(ClientSocket::new(transport, client)),
            membership: Membership::new(u32::try_from(key).map_err(io::Error::other)?),
            wants_read: Cell::new(true),
            wants_write: Cell::new(false),
            stage: Cell::new(Stage::NotOpen),
            end: Cell::new(End::None),
            wake_at: Cell::new(wake_at),
            scheduled,
            unacknowledged: Cell::new(0),
            permit: accepted.permit,
        })
    }

    /// Returns the connection's key within its shard.
    fn key(&self) -> usize {
        self.membership.key()
    }

    /// Returns whether the connection is open and its socket accepts output.
    pub(crate) fn follows(&self) -> bool {
        self.is_open() && !self.wants_write.get()
    }

    /// Gives the client a turn if its deadline has passed, and looks again later if it has not.
    pub(crate) fn check_deadline(&self, shard: &ShardState, now: Instant) {
        if !shard.deadlines.borrow().has_fired(self.scheduled.get()) {
            return;
        }
        let wake_at = self.wake_at.get();
        if wake_at > now {
            shard.schedule(now, self.key(), wake_at, &self.scheduled);
        } else if self.wants_read.get() && self.socket.borrow().has_input() {
            // After a suspension of the process, deadlines may have passed although the peer's input arrived in time. So it is
            // read first.
            shard.ready.wake(self.key());
            shard.schedule(now, self.key(), now, &self.scheduled);
        } else {
            self.turn(shard, now, 0);
        }
    }

    /// Returns whether the client has an open WebSocket or a stream.
    pub(crate) fn is_open(&self) -> bool {
        self.stage.get() != Stage::NotOpen
    }

    fn is_closed(&self) -> bool {
        self.end.get() == End::Closed
    }

    /// Returns whether the client follows the server's own device, and not one behind it.
    pub(crate) fn follows_server(&self) -> bool {
        self.follows() && self.membership.place().is_none()
    }

    /// Returns how many revisions the client is behind. `feed` is that of the server's own device.
    pub(crate) fn lag(&self, feed: &Feed<'_>) -> Option<u64> {
        let client = &self.socket.borrow().client;
        match self.membership.place() {
            Some(place) => client.lag(&*place.mount.feed()?),
            None => client.lag(feed),
        }
    }

    /// Leaves the device behind the server, if the client is connected to one.
    pub(crate) fn leave(&self, shard: &ShardState) {
        self.membership.leave_device(shard);
    }

    /// Calls the client outside of a turn.
    fn with_client<T>(
        &self,
        shard: &ShardState,
        call: impl FnOnce(&mut Client, &mut TurnContext<'_>) -> T,
    ) -> T {
        let place = self.membership.place();
        let mount = place.as_ref().map(|place| &*place.mount);
        shard.with_context(mount, |context| call(&mut self.socket.borrow_mut().client, context))
    }

    /// Announces a reply of the application to the client.
    pub(crate) fn expect_reply(&self) {
        self.socket.borrow_mut().client.expect_reply();
    }

    /// Closes the client with `code`.
    pub(crate) fn close(&self, shard: &ShardState, code: CloseCode, now: Instant) {
        self.with_client(shard, |client, context| client.close(code, context));
        self.turn(shard, now, 0);
    }

    /// Closes the connection, unless its priority has risen above `chosen`.
    ///
    /// A WebSocket gets a close frame if its socket accepts one.
    pub(crate) fn evict(&self, shard: &ShardState, chosen: u64) {
        if self.socket.borrow().has_input() {
            // The next turn sets the priority anew.
            self.permit.set_priority(EvictionPriority::InUse);
        }
        if self.permit.priority() > chosen {
            return self.permit.keep();
        }
        let priority = self.socket.borrow().client.eviction_priority();
        if let EvictionPriority::Unresponsive(_) = priority {
            self.socket.borrow().client.log_given_up();
            self.close(shard, CloseCode::TRY_AGAIN_LATER, shard.now());
        }
        // A new connection needs the slot now, so the closing handshake is not awaited.
        if !self.is_closed() {
            self.abandon(shard);
        }
    }

    /// Serves the socket as far as it is ready. Returns `true` if it is closed.
    pub(crate) fn serve(&self, shard: &ShardState, now: Instant) -> bool {
        let waker = shard.ready.waker(self.key());
        let mut context = Context::from_waker(&waker);
        let mut reads = 0;
        loop {
            if self.is_closed() {
                return true;
            }
            let mut idle = true;
            if self.wants_write.get() && self.socket.borrow().poll_writable(&mut context) {
                idle = false;
                self.turn(shard, now, 0);
            }
            if self.wants_read.get() && !self.is_closed() {
                if reads == READS_PER_TURN {
                    // More input is read after the other connections had their turn.
                    shard.ready.wake(self.key());
                    return false;
                }
                reads += 1;
                let read = self.socket.borrow_mut().poll_read(&mut context, &mut shard.buffers.borrow_mut());
                match read {
                    Poll::Pending => {}
                    Poll::Ready(Ok(read)) => {
                        idle = false;
                        shard.meter().received.add(read.length);
                        self.handle_event(shard, now, &read.event);
                        self.turn(shard, now, read.length);
                    }
                    Poll::Ready(Err(_)) => self.abandon(shard),
                }
            }
            if idle && !self.is_closed() {
                return false;
            }
        }
    }

    /// Passes the event of a read to the client.
    #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "only TLS reports violations"))]
    fn handle_event(&self, shard: &ShardState, now: Instant, event: &ReadEvent) {
        match event {
            ReadEvent::None => self.socket.borrow_mut().client.heard_from(now),
            ReadEvent::Ended => self.socket.borrow_mut().client.input_ended(),
            #[cfg(feature = "tls")]
            ReadEvent::Unencrypted => self.socket.borrow_mut().client.refuse_unencrypted(),
            #[cfg(feature = "tls")]
            ReadEvent::Broken(error) => {
                self.with_client(shard, |client, context| {
                    client.break_off(self.permit.peer(), &tls::Failure(error), now, context);
                });
            }
        }
    }

    /// Gives the client a turn.
    ///
    /// The input is the unconsumed rest of earlier input, followed by `fresh` new bytes.
    pub(crate) fn turn(&self, shard: &ShardState, now: Instant, fresh: usize) {
        let mut fresh = fresh;
        // Each turn that changes the context has answered a request before, or is the first one.
        while let Some(next) = self.turn_in_context(shard, now, fresh) {
            fresh = 0;
            if !self.membership.change_device(shard, next) {
                return self.abandon(shard);
            }
        }
    }

    /// Gives the client a turn, and returns the context of the next request if that is another one.
    fn turn_in_context(&self, shard: &ShardState, now: Instant, fresh: usize) -> Option<Next> {
        if self.is_closed() {
            return None;
        }
        if self.wants_write.get() && now >= self.wake_at.get() && self.peer_acknowledged() {
            self.socket.borrow_mut().accepted(now);
        }
        if !self.is_open() {
            shard.catch_up();
        }
        let place = self.membership.place();
        let switch = shard.server.devices.map(|devices| Switch {
            devices,
            own: shard.server.device,
            open: &shard.server.meters.open,
            places: shard.server.device.limits().clients,
            has_place: Cell::new(false),
            current: place.as_ref().map(|place| (&place.mount.shown, &*place.path)),
            next: RefCell::new(None),
        });
        let turn = {
            let Buffers { feeds, scratch, input, records } = &mut *shard.buffers.borrow_mut();
            let feed = place.as_ref().and_then(|place| Some((&*place.mount, place.mount.feed()?)));
            let mount = feed.as_ref().map(|(mount, feed)| (*mount, &**feed));
            let mut context = shard.turn_context(feeds, mount, scratch);
            if let Some(rate) = self.permit.rate() {
                context.allowance = rate.allowance(now);
            }
            context.address_limit = Some(&self.permit);
            context.mounts = switch.as_ref().map(|switch| switch as &dyn Mounts);
            self.socket.borrow_mut().turn(shard, now, (input, fresh), records, &mut context)
        };
        if switch.as_ref().is_some_and(|switch| switch.has_place.get()) {
            // It is counted before the client hears that it is open, and once.
            self.stage.set(Stage::Open);
        }
        let next = switch.and_then(|switch| switch.next.take());
        drop(place);
        let Some((turn, wrote)) = turn else {
            self.abandon(shard);
            return None;
        };
        let previous = (self.wants_read.replace(turn.wants_read), self.wants_write.replace(turn.wants_write));
        if turn.wants_write && (wrote || !previous.1) {
            self.peer_acknowledged();
        }
        let mut wake_at = turn.wake_at.min(self.charge_rate(now, &turn));
        if turn.wants_write {
            // No event reports acknowledgements of a full send buffer, so it is polled ten times per write
            // stall.
            wake_at = wake_at.min(now.after(shard.server.device.limits().write_stall / 10));
        }
        self.wake_at.set(wake_at);
        shard.schedule(now, self.key(), wake_at, &self.scheduled);
        self.publish_state(shard);
        if turn.shut_down && self.end.get() == End::None {
            self.end.set(End::ShutDown);
            self.socket.borrow().shut_down();
        }
        if turn.closed {
            self.end.set(End::Closed);
        }
        if turn.closed || previous != (turn.wants_read, turn.wants_write) {
            shard.ready.wake(self.key());
        }
        next
    }

    /// Returns whether the peer acknowledged anything since the last call.
    ///
    /// The kernel reports a full send buffer as writable only when a large part of it is free.
    fn peer_acknowledged(&self) -> bool {
        let unacknowledged = self.socket.borrow().unacknowledged();
        unacknowledged < self.unacknowledged.replace(unacknowledged)
    }

    /// Charges the messages of a turn to the rate limit.
    ///
    /// Returns when the next message is allowed, or [`Instant::NEVER`] if the connection does not wait for this.
    fn charge_rate(&self, now: Instant, turn: &Turn) -> Instant {
        let Some(rate) = self.permit.rate() else { return Instant::NEVER };
        rate.spend(now, turn.messages);
        if turn.wants_read || rate.allowance(now) > 0 { Instant::NEVER } else { rate.next() }
    }

    /// Closes the connection without a closing handshake.
    fn abandon(&self, shard: &ShardState) {
        self.with_client(shard, Client::abandon);
        self.end.set(End::Closed);
        self.wake_at.set(Instant::NEVER);
        self.publish_state(shard);
        shard.ready.wake(self.key());
    }

    /// Publishes the client's state to the shard and to admission control.
    fn publish_state(&self, shard: &ShardState) {
        let socket = self.socket.borrow();
        self.permit.set_priority(socket.client.eviction_priority());
        let stage = self.membership.stage_of(&socket.client);
        self.stage.replace(stage).count(stage, shard);
        self.membership.record_slot(shard, &socket.client);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The C library takes 8 bytes more. tokio's block for a socket has 272 bytes, and begins at a multiple of 128, so both together take
    /// 640. A connection of 336 bytes would take 128 more.
    #[test]
    fn connection_and_block_of_tokio_fill_five_times_128_bytes() {
        assert!(size_of::<Connection>() <= 328, "{} bytes", size_of::<Connection>());
    }
}
