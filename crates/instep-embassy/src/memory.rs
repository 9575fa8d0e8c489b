//! Memory of a server, of fixed size and in one value.

use crate::arrays::{Array, Arrays, Bytes};
use crate::connection::Connection;
use crate::driver::Driver;
use crate::interface::{Interface, InterfaceBuffers};
use crate::server::Server;
use crate::signals::SIGNALS;
use crate::sizes::{ACCEPTING, send_min};
use crate::syn_filter::SynFilter;
#[cfg(debug_assertions)]
use crate::without_turn::WithoutTurn;
use core::array::from_fn;
use core::slice::IterMut;
use core::sync::atomic::AtomicUsize;
use embassy_net::Stack;
use embassy_net::tcp::TcpSocket;
use heapless::Vec;
use instep::driver::{
    Buffer, Feed, Follower, Memory, Recorder, Ring, RingEntry, SlotIndex, SlotMemory, Table, TableEntry,
};
use instep::thing::HistoryPoint;
use instep::{Access, App, Device, Inbox};
use static_cell::{ConstStaticCell, StaticCell};

/// Memory of a device.
pub struct DeviceMemory<A: Arrays, const SLOTS: usize, const FOLLOWERS: usize> {
    feed: FeedMemory<A>,
    // One cell, because each has code for a second call.
    zeroes: ConstStaticCell<DeviceZeroes<A, SLOTS, FOLLOWERS>>,
    slots: StaticCell<[SlotMemory; SLOTS]>,
    followers: StaticCell<[Follower; FOLLOWERS]>,
    history: StaticCell<A::History>,
    recorders: StaticCell<A::Recorders>,
    device: StaticCell<Device>,
}

/// Memory of a device that begins as zeroes.
struct DeviceZeroes<A: Arrays, const SLOTS: usize, const FOLLOWERS: usize> {
    feed: FeedZeroes<A>,
    messages: [A::Message; SLOTS],
    outboxes: [A::Outbox; SLOTS],
    ready: [[SlotIndex; SLOTS]; FOLLOWERS],
    inbox_queue: [SlotIndex; SLOTS],
    waiting_queue: [SlotIndex; SLOTS],
    inbox: A::Message,
}

impl<A: Arrays, const SLOTS: usize, const FOLLOWERS: usize> DeviceMemory<A, SLOTS, FOLLOWERS> {
    /// Returns unused memory.
    #[expect(clippy::new_without_default, reason = "only a static has use for it")]
    pub const fn new() -> Self {
        Self {
            feed: FeedMemory::new(),
            zeroes: ConstStaticCell::new(DeviceZeroes {
                feed: FeedZeroes::NEW,
                messages: [A::Message::ZEROES; SLOTS],
                outboxes: [A::Outbox::ZEROES; SLOTS],
                ready: [[SlotIndex::FIRST; SLOTS]; FOLLOWERS],
                inbox_queue: [SlotIndex::FIRST; SLOTS],
                waiting_queue: [SlotIndex::FIRST; SLOTS],
                inbox: A::Message::ZEROES,
            }),
            slots: StaticCell::new(),
            followers: StaticCell::new(),
            history: StaticCell::new(),
            recorders: StaticCell::new(),
            device: StaticCell::new(),
        }
    }

    /// Sets up the device. `clients` is the maximum number of clients of each network interface.
    ///
    /// # Panics
    /// If it was called before, or the application has more topics, or a Thing with more history, than were declared.
    pub fn start(
        &'static self,
        app: &'static App,
        access: &'static Access,
        clients: &[usize],
    ) -> (Server, Inbox<'static>) {
        let DeviceZeroes { feed, messages, outboxes, ready, inbox_queue, waiting_queue, inbox } =
            self.zeroes.take();
        let (mut messages, mut outboxes) = (messages.iter_mut(), outboxes.iter_mut());
        let mut ready = ready.iter_mut();
        let (topics, topic_storage, events, event_storage) = self.feed.take(feed);
        assert!(app.topic_count() <= topics.len(), "the application has more topics than its memory");
        let memory = Memory {
            topics,
            topic_storage,
            events,
            event_storage,
            slots: self.slots.init_with(|| {
                from_fn(|_| {
                    let (message, outbox) = (next(&mut messages), next(&mut outboxes));
                    SlotMemory::new(Buffer::lent(message), Buffer::lent(outbox), A::LIMITS.replies)
                })
            }),
            followers: self.followers.init_with(|| {
                // The client of a broker has no clients.
                let clients = |index| clients.get(index).copied().unwrap_or(0);
                from_fn(|index| Follower::new(next(&mut ready)).with_clients(clients(index)))
            }),
            inbox_queue,
            waiting_queue,
            requests: A::REQUESTS,
            backlog: app.has_backlog(),
            thing: app.as_thing(),
            history: fill(&self.history, || HistoryPoint::NONE),
            recorders: fill(&self.recorders, || Recorder::NEW),
        };
        let device = self.device.init_with(|| Device::new(memory, A::LIMITS));
        let inbox = device.inbox(Buffer::lent(inbox.as_mut()));
        (
            Server {
                app,
                access,
                log_in: None,
                board: None,
                #[cfg(feature = "update")]
                update: None,
                #[cfg(feature = "mqtt")]
                broker: FOLLOWERS - 1,
                device,
            },
            inbox.expect("the inbox was taken before"),
        )
    }
}

/// Memory of one network interface.
pub struct InterfaceMemory<A: Arrays, const SOCKETS: usize> {
    common: Interface,
    feed: FeedMemory<A>,
    // One cell, because each has code for a second call.
    zeroes: ConstStaticCell<InterfaceZeroes<A, SOCKETS>>,
    connections: StaticCell<Vec<Connection, SOCKETS>>,
    reserve: StaticCell<Reserve<A>>,
}

/// Memory of one network interface that begins as zeroes.
struct InterfaceZeroes<A: Arrays, const SOCKETS: usize> {
    feed: FeedZeroes<A>,
    scratch: A::Scratch,
    receive: [A::Receive; SOCKETS],
    send: [A::Send; SOCKETS],
    input: A::Input,
    head_bytes: [A::Head; ACCEPTING],
    unsent: [A::Unsent; ACCEPTING],
}

impl<A: Arrays, const SOCKETS: usize> InterfaceMemory<A, SOCKETS> {
    /// Number of sockets for which the network stack must have room.
    pub const SOCKETS: usize = SOCKETS;

    /// Returns unused memory.
    #[expect(clippy::new_without_default, reason = "only a static has use for it")]
    pub const fn new() -> Self {
        Self {
            common: Interface::new(),
            feed: FeedMemory::new(),
            zeroes: ConstStaticCell::new(InterfaceZeroes {
                feed: FeedZeroes::NEW,
                scratch: A::Scratch::ZEROES,
                receive: [A::Receive::ZEROES; SOCKETS],
                send: [A::Send::ZEROES; SOCKETS],
                input: A::Input::ZEROES,
                head_bytes: [A::Head::ZEROES; ACCEPTING],
                unsent: [A::Unsent::ZEROES; ACCEPTING],
            }),
            connections: StaticCell::new(),
            reserve: StaticCell::new(),
        }
    }

    /// Returns the index of the interface, for `start` to set.
    pub const fn number(&self) -> &AtomicUsize {
        &self.common.number
    }

    /// Returns what needed no turn, in builds for tests.
    #[cfg(debug_assertions)]
    pub const fn without_turn(&self) -> &WithoutTurn {
        &self.common.without_turn
    }

    /// Returns `device` with a filter, for the stack that [`driver`](Self::driver) gets.
    ///
    /// With the filter, a connection to `port` waits until a socket listens. Without the filter, the connection is refused.
    pub fn filter<D>(&'static self, device: D, port: u16) -> SynFilter<D> {
        SynFilter::new(device, port, &self.common.listeners)
    }

    /// Creates the driver that serves `port` on `stack`.
    ///
    /// Sockets join the stack when they are needed, so no other user of the stack may take their places.
    ///
    /// # Panics
    /// If it was called before, or the stack has no room for [`SOCKETS`](Self::SOCKETS) sockets.
    pub fn driver(&'static self, server: Server, stack: Stack<'static>, port: u16) -> &'static mut Driver {
        const {
            let holds_a_turn = size_of::<A::Send>() >= send_min(&A::LIMITS);
            assert!(
                holds_a_turn,
                "a send buffer is too short for a frame, or for the response to a control frame"
            );
        }
        const { assert!(SOCKETS <= SIGNALS, "an interface has at most 64 sockets") };
        // All sockets must have room, although some of them join the stack only when they are needed.
        let _: [TcpSocket<'static>; SOCKETS] = from_fn(|_| TcpSocket::new(stack, &mut [], &mut []));
        let InterfaceZeroes { feed, scratch, receive, send, input, head_bytes, unsent } = self.zeroes.take();
        let reserve =
            self.reserve.init_with(|| Reserve { stack, receive: receive.iter_mut(), send: send.iter_mut() });
        let (topics, topic_storage, events, event_storage) = self.feed.take(feed);
        let (mut heads, mut unsent) = (head_bytes.iter_mut(), unsent.iter_mut());
        let buffers = InterfaceBuffers {
            feed: Feed::new(Table::new(topics, topic_storage), Ring::new(events, event_storage)),
            scratch: scratch.as_mut(),
            input: input.as_mut(),
            heads: from_fn(|_| next(&mut heads)),
            unsent: from_fn(|_| next(&mut unsent)),
            connections: self.connections.init_with(Vec::new).as_mut_view(),
            reserve,
            send_capacity: size_of::<A::Send>(),
        };
        self.common.driver(server, port, buffers)
    }
}

/// Connections whose sockets have not joined the network stack.
struct Reserve<A: Arrays> {
    stack: Stack<'static>,
    receive: IterMut<'static, A::Receive>,
    send: IterMut<'static, A::Send>,
}

impl<A: Arrays> Iterator for Reserve<A> {
    type Item = Connection;

    fn next(&mut self) -> Option<Connection> {
        let (receive, send) = self.receive.next().zip(self.send.next())?;
        Some(Connection::new(TcpSocket::new(self.stack, receive.as_mut(), send.as_mut())))
    }
}

struct FeedMemory<A: Arrays> {
    topics: StaticCell<A::Topics>,
    events: StaticCell<A::Events>,
}

/// Memory of a feed that begins as zeroes.
struct FeedZeroes<A: Arrays> {
    topics: A::TopicBytes,
    events: A::EventBytes,
}

impl<A: Arrays> FeedZeroes<A> {
    const NEW: Self = Self { topics: A::TopicBytes::ZEROES, events: A::EventBytes::ZEROES };
}

impl<A: Arrays> FeedMemory<A> {
    const fn new() -> Self {
        Self { topics: StaticCell::new(), events: StaticCell::new() }
    }

    fn take(
        &'static self,
        zeroes: &'static mut FeedZeroes<A>,
    ) -> (&'static mut [TableEntry], &'static mut [u8], &'static mut [RingEntry], &'static mut [u8]) {
        let topics = fill(&self.topics, TableEntry::default);
        let events = fill(&self.events, RingEntry::default);
        (topics, zeroes.topics.as_mut(), events, zeroes.events.as_mut())
    }
}

fn fill<T: 'static, C: Array<T>>(cell: &'static StaticCell<C>, make: impl FnMut() -> T) -> &'static mut [T] {
    cell.init_with(|| C::filled(make)).as_mut()
}

/// Returns the next part, or an empty slice after the last one.
fn next<T: 'static, C: AsMut<[T]> + 'static>(
    parts: &mut impl Iterator<Item = &'static mut C>,
) -> &'static mut [T] {
    parts.next().map_or(&mut [], C::as_mut)
}
