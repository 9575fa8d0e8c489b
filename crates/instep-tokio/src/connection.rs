//! Connection: a socket, and the state machine of the client.

use crate::deadlines::Tick;
use crate::dispatch::Accepted;
use crate::mount::{Mount, Next, Switch};
use crate::permit::Permit;
use crate::server::Server;
use crate::shard_state::{Buffers, ShardState};
use crate::socket::{Read, ReadEvent};
use crate::tail::Tail;
#[cfg(feature = "tls")]
use crate::tls;
use crate::transport::Transport;
use instep::Instant;
use instep::driver::{
    Buffer, Client, ConnectionInfo, EvictionPriority, HttpState, HttpStateMemory, Mounts, Turn, TurnContext,
};
use instep_proto::delivery::Feed;
use instep_proto::frame::CloseCode;
use socket2::SockRef;
use std::cell::{Cell, RefCell};
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Space for control frames and handshake responses beside one frame, in bytes.
const CONTROL_RESERVE: usize = 1024;

/// Maximum reads of one connection before the other connections are served.
const READS_PER_TURN: usize = 4;

/// Number of a slot that is none.
const NO_SLOT: u32 = u32::MAX;

/// Connection: a socket, and the state machine of the client.
///
/// A connection stays on the shard's thread. It gets a turn when the socket is ready, when it has output, and when a
/// deadline has passed.
pub(crate) struct Connection {
    socket: RefCell<Socket>,
    key: u32,
    /// Device behind the server that the client is connected to. It is boxed, because few connections have one.
    place: RefCell<Option<Box<Place>>>,
    /// Number of the client's slot, or [`NO_SLOT`].
    slot: Cell<u32>,
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

/// Whether the client has an open WebSocket or a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    NotOpen,
    Open,
    /// It follows the compressed feed.
    Compressed,
}

/// How far the connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    None,
    /// Writing is shut down.
    ShutDown,
    Closed,
}

/// Device behind the server, and its part of the path.
struct Place {
    mount: Rc<Mount>,
    path: Box<str>,
}

struct Socket {
    transport: Transport,
    client: Client,
    /// Input that the client has not consumed.
    ///
    /// This is a partial request or frame, or one for whose effects the client has no space.
    tail: Tail,
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
            socket: RefCell::new(Socket { transport, client, tail: Tail::default() }),
            key: u32::try_from(key).map_err(io::Error::other)?,
            place: RefCell::new(None),
            slot: Cell::new(NO_SLOT),
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
        self.key as usize
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
        } else if self.wants_read.get() && self.has_input() {
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
        self.follows() && self.place.borrow().is_none()
    }

    /// Returns how many revisions the client is behind. `feed` is that of the server's own device.
    pub(crate) fn lag(&self, feed: &Feed<'_>) -> Option<u64> {
        let client = &self.socket.borrow().client;
        match &*self.place.borrow() {
            Some(place) => client.lag(&*place.mount.feed()?),
            None => client.lag(feed),
        }
    }

    /// Changes to the context of the next request, which is another device behind the server, or the server itself.
    ///
    /// Returns `false` if the device cannot be shown here.
    fn change_device(&self, shard: &ShardState, next: Next) -> bool {
        self.leave(shard);
        if let Next::Device(shown, own) = next {
            let Some(mount) = shard.enter(&shown, self.key()) else { return false };
            self.place.replace(Some(Box::new(Place { mount, path: own })));
        }
        true
    }

    /// Leaves the device behind the server, if the client is connected to one.
    pub(crate) fn leave(&self, shard: &ShardState) {
        if let Some(place) = self.place.take() {
            shard.leave(&place.mount, self.key());
        }
    }

    /// Calls the client outside of a turn.
    fn with_client<T>(
        &self,
        shard: &ShardState,
        call: impl FnOnce(&mut Client, &mut TurnContext<'_>) -> T,
    ) -> T {
        let mount = self.place.borrow();
        let mount = mount.as_ref().map(|place| &*place.mount);
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
        if self.has_input() {
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
            if self.wants_write.get()
                && self.socket.borrow().transport.socket().poll_write_ready(&mut context).is_ready()
            {
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
                match self.read(shard, &mut context) {
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

    /// Reads into the shard's buffer, after space for the unconsumed input.
    fn read(&self, shard: &ShardState, context: &mut Context<'_>) -> Poll<io::Result<Read>> {
        let Socket { transport, tail, .. } = &mut *self.socket.borrow_mut();
        let tail = tail.bytes_mut();
        let Buffers { input, records, .. } = &mut *shard.buffers.borrow_mut();
        transport.poll_read(context, &mut input[tail.len()..], records)
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
            if !self.change_device(shard, next) {
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
            let Socket { transport, client, .. } = &mut *self.socket.borrow_mut();
            client.accepted(now);
            transport.accepted(now);
        }
        let (mut failed, mut wrote) = (false, false);
        if !self.is_open() {
            shard.catch_up();
        }
        let mount = self.place.borrow();
        let switch = shard.server.devices.map(|devices| Switch {
            devices,
            own: shard.server.device,
            open: &shard.server.meters.open,
            places: shard.server.device.limits().clients,
            has_place: Cell::new(false),
            current: mount.as_ref().map(|place| (&place.mount.shown, &*place.path)),
            next: RefCell::new(None),
        });
        let turn = {
            let Buffers { feeds, scratch, input, records } = &mut *shard.buffers.borrow_mut();
            let Socket { transport, client, tail } = &mut *self.socket.borrow_mut();
            match transport.begin_turn(now, client) {
                Ok(progress) => wrote |= progress,
                Err(_) => failed = true,
            }
            let mut write = |bytes: &[u8]| match transport.write(bytes, records) {
                Ok(length) => {
                    shard.meter().sent.add(length);
                    wrote |= length > 0;
                    length
                }
                Err(_) => {
                    failed = true;
                    0
                }
            };
            let feed = mount.as_ref().and_then(|place| Some((&*place.mount, place.mount.feed()?)));
            let place = feed.as_ref().map(|(mount, feed)| (*mount, &**feed));
            let mut context = shard.turn_context(feeds, place, scratch);
            if let Some(rate) = self.permit.rate() {
                context.allowance = rate.allowance(now);
            }
            context.address_limit = Some(&self.permit);
            context.mounts = switch.as_ref().map(|switch| switch as &dyn Mounts);
            let turn = if fresh > 0 {
                let before = tail.bytes_mut();
                let input = &mut input[..before.len() + fresh];
                input[..before.len()].copy_from_slice(before);
                let turn = client.turn(now, input, &mut context, &mut write);
                tail.keep(&input[turn.used..]);
                turn
            } else {
                let turn = client.turn(now, tail.bytes_mut(), &mut context, &mut write);
                tail.remove(turn.used);
                turn
            };
            // An idle WebSocket or stream has none.
            client.release_http_state();
            shard.meter().messages.add(turn.messages as usize);
            transport.end_turn(turn, now, shard.server.device.limits().write_stall, client)
        };
        if switch.as_ref().is_some_and(|switch| switch.has_place.get()) {
            // It is counted before the client hears that it is open, and once.
            self.stage.set(Stage::Open);
        }
        let next = switch.and_then(|switch| switch.next.take());
        drop(mount);
        let turn = match turn {
            Ok(turn) if !failed => turn,
            _ => {
                self.abandon(shard);
                return None;
            }
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
            // This fails only if the peer has reset the connection.
            let _ =
                SockRef::from(self.socket.borrow().transport.socket()).shutdown(std::net::Shutdown::Write);
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
        let unacknowledged =
            instep_sys_linux::socket::unacknowledged(self.socket.borrow().transport.socket())
                .unwrap_or(u32::MAX);
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
        let mount = self.place.borrow();
        let stage = if !socket.client.is_open() {
            Stage::NotOpen
        } else if socket.client.follows_compressed() && mount.is_none() {
            Stage::Compressed
        } else {
            Stage::Open
        };
        let old = self.stage.replace(stage);
        if (old == Stage::NotOpen) != (stage == Stage::NotOpen) {
            shard.count_open(stage != Stage::NotOpen);
        }
        if (old == Stage::Compressed) != (stage == Stage::Compressed) {
            shard.count_compressed(stage == Stage::Compressed);
        }
        let slot = socket.client.slot().and_then(|slot| u32::try_from(slot).ok()).unwrap_or(NO_SLOT);
        let before = self.slot.replace(slot);
        if slot != before {
            let assign = |slot, key| match mount.as_ref() {
                Some(place) => place.mount.assign(slot, key),
                None => shard.assign(slot, key),
            };
            if slot != NO_SLOT {
                assign(slot, Some(self.key()));
            } else {
                assign(before, None);
            }
        }
    }

    /// Returns whether the socket holds unread input.
    fn has_input(&self) -> bool {
        SockRef::from(self.socket.borrow().transport.socket())
            .peek(&mut [MaybeUninit::uninit()])
            .is_ok_and(|length| length > 0)
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
