//! The part of an interface's memory that has no length of its own, so that all interfaces share its code.

use crate::connection::Connection;
use crate::driver::Driver;
use crate::server::Server;
use crate::shared::{Head, Heads, Shared};
use crate::signals::Signals;
use crate::sizes::ACCEPTING;
use crate::syn_filter::Listeners;
#[cfg(debug_assertions)]
use crate::without_turn::WithoutTurn;
use core::sync::atomic::{AtomicUsize, Ordering};
use heapless::VecView;
use instep::driver::{Buffer, Feed, HttpState};
use static_cell::StaticCell;

/// Memory of one network interface, beside its buffers.
pub(crate) struct Interface {
    /// Index of the interface, from 0.
    ///
    /// It is set when the server starts. Until then all memory is zero, so that it takes no space in the image.
    pub(crate) number: AtomicUsize,
    pub(crate) listeners: Listeners,
    signals: Signals,
    http_states: StaticCell<[HttpState; ACCEPTING]>,
    heads: StaticCell<Heads>,
    driver: StaticCell<Driver>,
    #[cfg(debug_assertions)]
    pub(crate) without_turn: WithoutTurn,
}

/// Buffers of one network interface.
pub(crate) struct InterfaceBuffers {
    pub(crate) feed: Feed<'static>,
    pub(crate) scratch: &'static mut [u8],
    pub(crate) input: &'static mut [u8],
    /// Buffers for the heads of requests.
    pub(crate) heads: [&'static mut [u8]; ACCEPTING],
    /// Buffers for unsent output, one for each head.
    pub(crate) unsent: [&'static mut [u8]; ACCEPTING],
    pub(crate) connections: &'static mut VecView<Connection>,
    /// Connections whose sockets have not joined the network stack.
    pub(crate) reserve: &'static mut dyn Iterator<Item = Connection>,
    /// Length of each socket's send buffer, in bytes.
    pub(crate) send_capacity: usize,
}

impl Interface {
    pub(crate) const fn new() -> Self {
        Self {
            number: AtomicUsize::new(0),
            listeners: Listeners::new(),
            signals: Signals::new(),
            http_states: StaticCell::new(),
            heads: StaticCell::new(),
            driver: StaticCell::new(),
            #[cfg(debug_assertions)]
            without_turn: WithoutTurn::new(),
        }
    }

    /// Creates the driver that serves `port`.
    ///
    /// # Panics
    /// If it was called before.
    pub(crate) fn driver(
        &'static self,
        server: Server,
        port: u16,
        buffers: InterfaceBuffers,
    ) -> &'static mut Driver {
        let InterfaceBuffers { feed, scratch, input, heads, unsent, connections, reserve, send_capacity } =
            buffers;
        let http_states = unsent.map(|unsent| HttpState::new(Buffer::lent(unsent)));
        let mut http_states = self.http_states.init(http_states).iter_mut();
        let heads = heads.map(|bytes| http_states.next().map(|http_state| Head { bytes, http_state }));
        let shared = Shared {
            server,
            follower: self.number.load(Ordering::Relaxed),
            port,
            feed,
            scratch,
            input,
            heads: self.heads.init(heads),
            send_capacity,
            #[cfg(debug_assertions)]
            without_turn: &self.without_turn,
        };
        let driver = Driver::new(shared, connections, reserve, &self.signals, &self.listeners);
        self.driver.init(driver)
    }
}
