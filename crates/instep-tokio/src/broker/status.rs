//! How the connection to a broker stands.

use std::sync::atomic::{AtomicU64, Ordering};

/// How the connection to a broker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerStatus {
    /// Whether the broker has accepted the client, and the connection has not ended.
    pub connected: bool,
    /// The number of connections that the broker has accepted.
    pub connections: u64,
}

/// Count of the connections to a broker.
#[derive(Debug, Default)]
pub struct Connections {
    opened: AtomicU64,
    closed: AtomicU64,
}

impl Connections {
    /// Returns how the connection stands.
    pub fn status(&self) -> BrokerStatus {
        let closed = self.closed.load(Ordering::Relaxed);
        let connections = self.opened.load(Ordering::Relaxed);
        BrokerStatus { connected: connections > closed, connections }
    }

    pub(super) fn note_opened(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn note_closed(&self) {
        self.closed.fetch_add(1, Ordering::Relaxed);
    }
}
