//! Admission control: limits of connections, in all and per address.

use crate::eviction::Priorities;
use crate::limits::SocketLimits;
use crate::rate_limit::Rate;
use instep::Access;
use slab::Slab;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// Maximum connections being rejected with 503; others are closed at once.
pub(crate) const REJECT_RESPONSES_MAX: usize = 64;

/// Admission control of all connections.
#[derive(Debug)]
pub(crate) struct AdmissionControl {
    pub(crate) total_limit: usize,
    pub(crate) per_address: usize,
    pub(crate) message_rate: u32,
    access: &'static Access,
    pub(crate) counts: Mutex<Counts>,
    pub(crate) priorities: Priorities,
    /// Notified when a slot is free, or an eviction was declined.
    pub(crate) changed: Notify,
}

/// Counts behind the lock of admission control.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Connections with a slot.
    pub(crate) total: usize,
    /// Connections that are being rejected with 503.
    pub(crate) rejecting: usize,
    pub(crate) refused_full: u64,
    pub(crate) refused_per_address: u64,
    pub(crate) addresses: HashMap<IpAddr, PerAddress>,
    /// Holder of each permit.
    pub(crate) holders: Slab<Holder>,
    /// Index of the permit whose eviction is pending.
    pub(crate) evicting: Option<usize>,
}

/// Connections and rate of one address.
#[derive(Debug)]
pub(crate) struct PerAddress {
    pub(crate) connections: usize,
    /// Message rate; `None` if unlimited.
    rate: Option<Arc<Rate>>,
}

/// Shard and key of the connection that holds a permit.
///
/// There is one for each client, so it is small.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Holder {
    pub(crate) shard: u16,
    /// Key of the connection within its shard.
    pub(crate) key: u32,
}

/// Connection to evict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Eviction {
    pub(crate) shard: usize,
    /// Key of the connection within its shard.
    pub(crate) key: usize,
    /// Priority at the time of the choice ([`number`](crate::eviction::number)).
    pub(crate) priority: u64,
}

/// Counts of admission control at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// Open connections.
    pub(crate) open: u64,
    /// Connections refused by the limit in all.
    pub(crate) refused_full: u64,
    /// Connections refused by the limit per address.
    pub(crate) refused_per_address: u64,
}

impl AdmissionControl {
    pub(crate) fn new(clients: usize, limits: SocketLimits, access: &'static Access) -> Arc<Self> {
        let total_limit = clients + limits.http_slots;
        Arc::new(Self {
            total_limit,
            per_address: limits.per_address,
            message_rate: limits.message_rate,
            access,
            counts: Mutex::default(),
            priorities: Priorities::new(total_limit + REJECT_RESPONSES_MAX),
            changed: Notify::new(),
        })
    }

    /// Counts a connection that was refused without a permit.
    pub(crate) fn count_refused(&self) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).refused_full += 1;
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        Snapshot {
            open: (counts.total + counts.rejecting) as u64,
            refused_full: counts.refused_full,
            refused_per_address: counts.refused_per_address,
        }
    }

    /// Returns whether the limit per address applies.
    ///
    /// Loopback and trusted proxies are exempt.
    pub(crate) fn is_limited(&self, address: IpAddr) -> bool {
        !address.is_loopback() && !self.access.is_proxy(address)
    }

    /// Waits until admission is worth retrying.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }
}

impl Counts {
    /// Counts one more connection from `address`, and returns its message rate.
    pub(crate) fn connect(&mut self, address: IpAddr, message_rate: u32, limit: usize) -> Option<Arc<Rate>> {
        if self.addresses.len() > 2 * limit {
            self.addresses.retain(|_, peer| peer.connections > 0);
        }
        let peer = self
            .addresses
            .entry(address)
            .or_insert_with(|| PerAddress { connections: 0, rate: Rate::new(message_rate).map(Arc::new) });
        peer.connections += 1;
        peer.rate.clone()
    }

    pub(crate) fn disconnect(&mut self, address: IpAddr) {
        if let Some(peer) = self.addresses.get_mut(&address) {
            peer.connections -= 1;
            // A rate is kept, so that an address that reconnects does not get a new allowance.
            if peer.connections == 0 && peer.rate.is_none() {
                self.addresses.remove(&address);
            }
        }
    }
}
