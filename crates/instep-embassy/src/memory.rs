//! Memory of a server, of fixed size and in one value.

use crate::arrays::{Array, Arrays, Bytes};
use crate::connection::Connection;
use crate::driver::Driver;
use crate::server::Server;
use crate::shared::{Head, Heads, Shared};
use crate::signals::{SIGNALS, Signals};
use crate::sizes::{ACCEPTING, send_min};
use crate::syn_filter::{Listeners, SynFilter};
#[cfg(debug_assertions)]
use crate::without_turn::WithoutTurn;
use core::array::from_fn;
use core::slice::IterMut;
use core::sync::atomic::{AtomicUsize, Ordering};
use embassy_net::Stack;
use embassy_net::tcp::TcpSocket;
use heapless::Vec;
use instep::driver::{
    Buffer, Feed, Follower, HttpState, Memory, Recorder, Ring, RingEntry, SlotIndex, SlotMemory, Table,
    TableEntry,
};
use instep::thing::HistoryPoint;
use instep::{Access, App, Device, Inbox};
use static_cell::{ConstStaticCell, StaticCell};

/// Memory of a device.
pub struct DeviceMemory<A: Arrays, const SLOTS: usize, const FOLLOWERS: usize> {
    feed: FeedMemory<A>,
    slots: StaticCell<[SlotMemory; SLOTS]>,
    messages: ConstStaticCell<[A::Message; SLOTS]>,
    outboxes: ConstStaticCell<[A::Outbox; SLOTS]>,
    followers: StaticCell<[Follower; FOLLOWERS]>,
    ready: ConstStaticCell<[[SlotIndex; SLOTS]; FOLLOWERS]>,
    inbox_queue: ConstStaticCell<[SlotIndex; SLOTS]>,
    waiting_queue: ConstStaticCell<[SlotIndex; SLOTS]>,
    history: StaticCell<A::History>,
    recorders: StaticCell<A::Recorders>,
    inbox: ConstStaticCell<A::Message>,
    device: StaticCell<Device>,
}

impl<A: Arrays, const SLOTS: usize, const FOLLOWERS: usize> DeviceMemory<A, SLOTS, FOLLOWERS> {
    /// Returns unused memory.
    #[expect(clippy::new_without_default, reason = "only a static has use for it")]
    pub const fn new() -> Self {
        Self {
            feed: FeedMemory::new(),
            slots: StaticCell::new(),
            messages: ConstStaticCell::new([A::Message::ZEROES; SLOTS]),
            outboxes: ConstStaticCell::new([A::Outbox::ZEROES; SLOTS]),
            followers: StaticCell::new(),
            ready: ConstStaticCell::new([[SlotIndex::FIRST; SLOTS]; FOLLOWERS]),
            inbox_queue: ConstStaticCell::new([SlotIndex::FIRST; SLOTS]),
            waiting_queue: ConstStaticCell::new([SlotIndex::FIRST; SLOTS]),
            history: StaticCell::new(),
            recorders: StaticCell::new(),
            inbox: ConstStaticCell::new(A::Message::ZEROES),
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
        let mut messages = self.messages.take().iter_mut();
        let mut outboxes = self.outboxes.take().iter_mut();
        let mut ready = self.ready.take().iter_mut();
        let (topics, topic_storage, events, event_storage) = self.feed.take();
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
            inbox_queue: self.inbox_queue.take(),
            waiting_queue: self.waiting_queue.take(),
            requests: A::REQUESTS,
            backlog: app.has_backlog(),
            thing: app.as_thing(),
            history: fill(&self.history, || HistoryPoint::NONE),
            recorders: fill(&self.recorders, || Recorder::NEW),
        };
        let device = self.device.init_with(|| Device::new(memory, A::LIMITS));
        let inbox = device.inbox(Buffer::lent(self.inbox.take().as_mut()));
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
    /// Index of the interface, from 0.
    ///
    /// It is set when the server starts. Until then all memory is zero, so that it takes no space in the image.
    number: AtomicUsize,
    feed: FeedMemory<A>,
    scratch: ConstStaticCell<A::Scratch>,
    receive: ConstStaticCell<[A::Receive; SOCKETS]>,
    send: ConstStaticCell<[A::Send; SOCKETS]>,
    input: ConstStaticCell<A::Input>,
    signals: Signals,
    connections: StaticCell<Vec<Connection, SOCKETS>>,
    reserve: StaticCell<Reserve<A>>,
    head_bytes: ConstStaticCell<[A::Head; ACCEPTING]>,
    unsent: ConstStaticCell<[A::Unsent; ACCEPTING]>,
    http_states: StaticCell<[HttpState; ACCEPTING]>,
    heads: StaticCell<Heads>,
    driver: StaticCell<Driver>,
    listeners: Listeners,
    #[cfg(debug_assertions)]
    without_turn: WithoutTurn,
}

impl<A: Arrays, const SOCKETS: usize> InterfaceMemory<A, SOCKETS> {
    /// Number of sockets for which the network stack must have room.
    pub const SOCKETS: usize = SOCKETS;

    /// Returns unused memory.
    #[expect(clippy::new_without_default, reason = "only a static has use for it")]
    pub const fn new() -> Self {
        Self {
            number: AtomicUsize::new(0),
            feed: FeedMemory::new(),
            scratch: ConstStaticCell::new(A::Scratch::ZEROES),
            receive: ConstStaticCell::new([A::Receive::ZEROES; SOCKETS]),
            send: ConstStaticCell::new([A::Send::ZEROES; SOCKETS]),
            input: ConstStaticCell::new(A::Input::ZEROES),
            signals: Signals::new(),
            connections: StaticCell::new(),
            reserve: StaticCell::new(),
            head_bytes: ConstStaticCell::new([A::Head::ZEROES; ACCEPTING]),
            unsent: ConstStaticCell::new([A::Unsent::ZEROES; ACCEPTING]),
            http_states: StaticCell::new(),
            heads: StaticCell::new(),
            driver: StaticCell::new(),
            listeners: Listeners::new(),
            #[cfg(debug_assertions)]
            without_turn: WithoutTurn::new(),
        }
    }

    /// Returns the index of the interface, for `start` to set.
    pub const fn number(&self) -> &AtomicUsize {
        &self.number
    }

    /// Returns what needed no turn, in builds for tests.
    #[cfg(debug_assertions)]
    pub const fn without_turn(&self) -> &WithoutTurn {
        &self.without_turn
    }

    /// Returns `device` with a filter, for the stack that [`driver`](Self::driver) gets.
    ///
    /// With the filter, a connection to `port` waits until a socket listens. Without the filter, the connection is refused.
    pub fn filter<D>(&'static self, device: D, port: u16) -> SynFilter<D> {
        SynFilter::new(device, port, &self.listeners)
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
        let reserve = self.reserve.init_with(|| Reserve {
            stack,
            receive: self.receive.take().iter_mut(),
            send: self.send.take().iter_mut(),
        });
        let connections = self.connections.init_with(Vec::new).as_mut_view();
        let mut bytes = self.head_bytes.take().iter_mut();
        let mut unsent = self.unsent.take().iter_mut();
        let http_states =
            self.http_states.init_with(|| from_fn(|_| HttpState::new(Buffer::lent(next(&mut unsent)))));
        let mut http_states = http_states.iter_mut();
        let heads = self.heads.init_with(|| {
            from_fn(|_| http_states.next().map(|http_state| Head { bytes: next(&mut bytes), http_state }))
        });
        let (topics, topic_storage, events, event_storage) = self.feed.take();
        let feed = Feed::new(Table::new(topics, topic_storage), Ring::new(events, event_storage));
        let (scratch, input) = (self.scratch.take().as_mut(), self.input.take().as_mut());
        let follower = self.number.load(Ordering::Relaxed);
        let shared = Shared {
            server,
            follower,
            port,
            feed,
            scratch,
            input,
            heads,
            send_capacity: size_of::<A::Send>(),
            #[cfg(debug_assertions)]
            without_turn: &self.without_turn,
        };
        self.driver.init_with(|| Driver::new(shared, connections, reserve, &self.signals, &self.listeners))
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
    topic_bytes: ConstStaticCell<A::TopicBytes>,
    events: StaticCell<A::Events>,
    event_bytes: ConstStaticCell<A::EventBytes>,
}

impl<A: Arrays> FeedMemory<A> {
    const fn new() -> Self {
        Self {
            topics: StaticCell::new(),
            topic_bytes: ConstStaticCell::new(A::TopicBytes::ZEROES),
            events: StaticCell::new(),
            event_bytes: ConstStaticCell::new(A::EventBytes::ZEROES),
        }
    }

    fn take(
        &'static self,
    ) -> (&'static mut [TableEntry], &'static mut [u8], &'static mut [RingEntry], &'static mut [u8]) {
        let topics = fill(&self.topics, TableEntry::default);
        let events = fill(&self.events, RingEntry::default);
        (topics, self.topic_bytes.take().as_mut(), events, self.event_bytes.take().as_mut())
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
