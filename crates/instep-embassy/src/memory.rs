//! The memory of a server: nothing of it grows, and all of it is in one value.

use crate::connection::Connection;
use crate::driver::Driver;
use crate::server::Server;
use crate::shared::{Head, Heads, Shared};
use crate::sizes::ACCEPTING;
use crate::syn_filter::{Listeners, SynFilter};
use core::array::from_fn;
use core::sync::atomic::{AtomicUsize, Ordering};
use embassy_net::Stack;
use embassy_net::tcp::TcpSocket;
use instep::driver::{
    Buffer, Feed, Follower, HttpState, Memory, Recorder, Ring, RingEntry, SlotMemory, Table, TableEntry,
};
use instep::thing::HistoryPoint;
use instep::{Access, App, Device, Inbox, Limits};
use static_cell::{ConstStaticCell, StaticCell};

/// The memory of a device.
pub struct DeviceMemory<
    const SLOTS: usize,
    const TOPICS: usize,
    const TOPIC_BYTES: usize,
    const EVENTS: usize,
    const EVENT_BYTES: usize,
    const MESSAGE: usize,
    const OUTBOX: usize,
    const FOLLOWERS: usize,
    const REQUESTS: usize,
    const POINTS: usize,
    const RECORDERS: usize,
> {
    table: TableMemory<TOPICS, TOPIC_BYTES>,
    ring: RingMemory<EVENTS, EVENT_BYTES>,
    slots: StaticCell<[SlotMemory; SLOTS]>,
    messages: ConstStaticCell<[[u8; MESSAGE]; SLOTS]>,
    outboxes: ConstStaticCell<[[u8; OUTBOX]; SLOTS]>,
    followers: StaticCell<[Follower; FOLLOWERS]>,
    attention: ConstStaticCell<[[u16; SLOTS]; FOLLOWERS]>,
    inbox_queue: ConstStaticCell<[u16; SLOTS]>,
    waiting_queue: ConstStaticCell<[u16; SLOTS]>,
    history: StaticCell<[HistoryPoint; POINTS]>,
    recorders: StaticCell<[Recorder; RECORDERS]>,
    inbox: ConstStaticCell<[u8; MESSAGE]>,
    device: StaticCell<Device>,
}

impl<
    const SLOTS: usize,
    const TOPICS: usize,
    const TOPIC_BYTES: usize,
    const EVENTS: usize,
    const EVENT_BYTES: usize,
    const MESSAGE: usize,
    const OUTBOX: usize,
    const FOLLOWERS: usize,
    const REQUESTS: usize,
    const POINTS: usize,
    const RECORDERS: usize,
>
    DeviceMemory<
        SLOTS,
        TOPICS,
        TOPIC_BYTES,
        EVENTS,
        EVENT_BYTES,
        MESSAGE,
        OUTBOX,
        FOLLOWERS,
        REQUESTS,
        POINTS,
        RECORDERS,
    >
{
    /// The memory, unused.
    #[expect(clippy::new_without_default, reason = "only a static has use for it")]
    pub const fn new() -> Self {
        Self {
            table: TableMemory::new(),
            ring: RingMemory::new(),
            slots: StaticCell::new(),
            messages: ConstStaticCell::new([[0; MESSAGE]; SLOTS]),
            outboxes: ConstStaticCell::new([[0; OUTBOX]; SLOTS]),
            followers: StaticCell::new(),
            attention: ConstStaticCell::new([[0; SLOTS]; FOLLOWERS]),
            inbox_queue: ConstStaticCell::new([0; SLOTS]),
            waiting_queue: ConstStaticCell::new([0; SLOTS]),
            history: StaticCell::new(),
            recorders: StaticCell::new(),
            inbox: ConstStaticCell::new([0; MESSAGE]),
            device: StaticCell::new(),
        }
    }

    /// Sets the device up.
    ///
    /// # Panics
    /// If it has been before, or the application has more topics, or a Thing with more history, than were declared.
    pub fn start(
        &'static self,
        app: &'static App,
        access: &'static Access,
        limits: Limits,
        clients: [usize; FOLLOWERS],
    ) -> (Server, Inbox<'static>) {
        assert!(app.topic_count() <= TOPICS, "the application has more topics than its memory");
        let mut messages = self.messages.take().iter_mut();
        let mut outboxes = self.outboxes.take().iter_mut();
        let mut attention = self.attention.take().iter_mut();
        let (topics, topic_storage) = self.table.take();
        let (events, event_storage) = self.ring.take();
        let memory = Memory {
            topics,
            topic_storage,
            events,
            event_storage,
            slots: self.slots.init_with(|| {
                from_fn(|_| SlotMemory::new(next(&mut messages), next(&mut outboxes), limits.replies))
            }),
            followers: self.followers.init_with(|| {
                clients.map(|clients| {
                    let queue: &'static mut [u16] =
                        attention.next().map_or(&mut [], |queue| queue.as_mut_slice());
                    Follower::new(queue).with_clients(clients)
                })
            }),
            inbox_queue: self.inbox_queue.take(),
            waiting_queue: self.waiting_queue.take(),
            requests: REQUESTS,
            backlog: app.has_backlog(),
            thing: app.as_thing(),
            history: self.history.init_with(|| from_fn(|_| HistoryPoint::NONE)),
            recorders: self.recorders.init_with(|| from_fn(|_| Recorder::NEW)),
        };
        let device = self.device.init_with(|| Device::new(memory, limits));
        let inbox = device.inbox(Buffer::lent(self.inbox.take()));
        (
            Server { app, access, log_in: None, board: None, device },
            inbox.expect("nobody else has had the device"),
        )
    }
}

/// The memory of one network interface.
pub struct InterfaceMemory<
    const SOCKETS: usize,
    const TOPICS: usize,
    const TOPIC_BYTES: usize,
    const EVENTS: usize,
    const EVENT_BYTES: usize,
    const UNSENT: usize,
    const SCRATCH: usize,
    const HEAD: usize,
    const INPUT: usize,
    const RECEIVE: usize,
    const SEND: usize,
    const SEND_MIN: usize,
> {
    /// Counts the interfaces of a device from 0. It is told when the server starts: until then all memory is zeroes, or
    /// it would be in the image.
    number: AtomicUsize,
    table: TableMemory<TOPICS, TOPIC_BYTES>,
    ring: RingMemory<EVENTS, EVENT_BYTES>,
    scratch: ConstStaticCell<[u8; SCRATCH]>,
    receive: ConstStaticCell<[[u8; RECEIVE]; SOCKETS]>,
    send: ConstStaticCell<[[u8; SEND]; SOCKETS]>,
    input: ConstStaticCell<[u8; INPUT]>,
    connections: StaticCell<[Connection; SOCKETS]>,
    head_bytes: ConstStaticCell<[[u8; HEAD]; ACCEPTING]>,
    unsent: ConstStaticCell<[[u8; UNSENT]; ACCEPTING]>,
    exchanges: StaticCell<[HttpState; ACCEPTING]>,
    heads: StaticCell<Heads>,
    driver: StaticCell<Driver>,
    listeners: Listeners,
}

impl<
    const SOCKETS: usize,
    const TOPICS: usize,
    const TOPIC_BYTES: usize,
    const EVENTS: usize,
    const EVENT_BYTES: usize,
    const UNSENT: usize,
    const SCRATCH: usize,
    const HEAD: usize,
    const INPUT: usize,
    const RECEIVE: usize,
    const SEND: usize,
    const SEND_MIN: usize,
>
    InterfaceMemory<
        SOCKETS,
        TOPICS,
        TOPIC_BYTES,
        EVENTS,
        EVENT_BYTES,
        UNSENT,
        SCRATCH,
        HEAD,
        INPUT,
        RECEIVE,
        SEND,
        SEND_MIN,
    >
{
    /// How many sockets its network stack has to have room for.
    pub const SOCKETS: usize = SOCKETS;

    /// The memory, unused.
    #[expect(clippy::new_without_default, reason = "only a static has use for it")]
    pub const fn new() -> Self {
        Self {
            number: AtomicUsize::new(0),
            table: TableMemory::new(),
            ring: RingMemory::new(),
            scratch: ConstStaticCell::new([0; SCRATCH]),
            receive: ConstStaticCell::new([[0; RECEIVE]; SOCKETS]),
            send: ConstStaticCell::new([[0; SEND]; SOCKETS]),
            input: ConstStaticCell::new([0; INPUT]),
            connections: StaticCell::new(),
            head_bytes: ConstStaticCell::new([[0; HEAD]; ACCEPTING]),
            unsent: ConstStaticCell::new([[0; UNSENT]; ACCEPTING]),
            exchanges: StaticCell::new(),
            heads: StaticCell::new(),
            driver: StaticCell::new(),
            listeners: Listeners::new(),
        }
    }

    /// Where its number goes.
    pub const fn number(&self) -> &AtomicUsize {
        &self.number
    }

    /// Returns the network device with a filter: a connection to `port` for which no socket listens waits until one does.
    /// Without it, such a connection is refused. It has to be the device of the stack that [`driver`](Self::driver) gets.
    pub fn filter<D>(&'static self, device: D, port: u16) -> SynFilter<D> {
        SynFilter::new(device, port, &self.listeners)
    }

    /// The driver that serves `port` on `stack`.
    ///
    /// # Panics
    /// If it has been called before, or the stack has no room for so many sockets.
    pub fn driver(&'static self, server: Server, stack: Stack<'static>, port: u16) -> &'static mut Driver {
        const { assert!(SEND >= SEND_MIN, "a send buffer is shorter than what it has to hold at once") }
        let mut receive = self.receive.take().iter_mut();
        let mut send = self.send.take().iter_mut();
        let connections = self.connections.init_with(|| {
            from_fn(|_| {
                let socket = TcpSocket::new(stack, slice(&mut receive), slice(&mut send));
                Connection::new(socket)
            })
        });
        let mut bytes = self.head_bytes.take().iter_mut();
        let mut unsent = self.unsent.take().iter_mut();
        let exchanges = self.exchanges.init_with(|| from_fn(|_| HttpState::new(next(&mut unsent))));
        let mut exchanges = exchanges.iter_mut();
        let heads = self.heads.init_with(|| {
            from_fn(|_| exchanges.next().map(|exchange| Head { bytes: slice(&mut bytes), exchange }))
        });
        let (topics, topic_storage) = self.table.take();
        let (events, event_storage) = self.ring.take();
        let feed = Feed::new(Table::new(topics, topic_storage), Ring::new(events, event_storage));
        let (scratch, input) = (self.scratch.take(), self.input.take());
        let follower = self.number.load(Ordering::Relaxed);
        let shared = Shared { server, follower, port, feed, scratch, input, heads };
        self.driver.init_with(|| Driver::new(shared, connections, &self.listeners))
    }
}

struct TableMemory<const TOPICS: usize, const BYTES: usize> {
    entries: StaticCell<[TableEntry; TOPICS]>,
    bytes: ConstStaticCell<[u8; BYTES]>,
}

impl<const TOPICS: usize, const BYTES: usize> TableMemory<TOPICS, BYTES> {
    const fn new() -> Self {
        Self { entries: StaticCell::new(), bytes: ConstStaticCell::new([0; BYTES]) }
    }

    fn take(&'static self) -> (&'static mut [TableEntry], &'static mut [u8]) {
        (self.entries.init_with(|| from_fn(|_| TableEntry::default())), self.bytes.take())
    }
}

struct RingMemory<const EVENTS: usize, const BYTES: usize> {
    entries: StaticCell<[RingEntry; EVENTS]>,
    bytes: ConstStaticCell<[u8; BYTES]>,
}

impl<const EVENTS: usize, const BYTES: usize> RingMemory<EVENTS, BYTES> {
    const fn new() -> Self {
        Self { entries: StaticCell::new(), bytes: ConstStaticCell::new([0; BYTES]) }
    }

    fn take(&'static self) -> (&'static mut [RingEntry], &'static mut [u8]) {
        (self.entries.init_with(|| from_fn(|_| RingEntry::default())), self.bytes.take())
    }
}

/// The next part, of which there are as many as are asked for.
fn slice<const LENGTH: usize>(
    parts: &mut impl Iterator<Item = &'static mut [u8; LENGTH]>,
) -> &'static mut [u8] {
    parts.next().map_or(&mut [], |part| part.as_mut_slice())
}

fn next<const LENGTH: usize>(parts: &mut impl Iterator<Item = &'static mut [u8; LENGTH]>) -> Buffer {
    Buffer::lent(slice(parts))
}
