//! How many connections there may be: in all, and from one address; and who gives up its place for another.

use crate::eviction::Priorities;
use crate::limits::SocketLimits;
use crate::rate_limit::Rate;
use instep::Access;
use slab::Slab;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// Connections above the limits that are still told so, by 503. Further ones are closed at once.
pub(crate) const REJECT_RESPONSES_MAX: usize = 64;

#[derive(Debug)]
pub(crate) struct AdmissionControl {
    pub(crate) total_limit: usize,
    pub(crate) per_address: usize,
    pub(crate) message_rate: u32,
    access: &'static Access,
    pub(crate) counts: Mutex<Counts>,
    pub(crate) priorities: Priorities,
    /// A place became free, or one that was to become free did not.
    pub(crate) changed: Notify,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) total: usize,
    pub(crate) rejecting: usize,
    pub(crate) refused_full: u64,
    pub(crate) refused_per_address: u64,
    pub(crate) addresses: HashMap<IpAddr, PerAddress>,
    /// For each permit, whose it is.
    pub(crate) holders: Slab<Holder>,
    /// The permit whose holder was asked to give up its place, and has not answered.
    pub(crate) evicting: Option<usize>,
}

/// What comes from one address.
#[derive(Debug)]
pub(crate) struct PerAddress {
    pub(crate) connections: usize,
    /// `None`: it is not limited.
    rate: Option<Arc<Rate>>,
}

/// Where the holder of a permit is to be found. There is one for each client, so it is small.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Holder {
    pub(crate) shard: u16,
    /// The connection's key there.
    pub(crate) key: u32,
}

/// The holder of a permit who is to give up its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Eviction {
    pub(crate) shard: usize,
    /// The connection's key there.
    pub(crate) key: usize,
    /// How it stood when it was chosen ([`number`](crate::eviction::number)).
    pub(crate) priority: u64,
}

/// What the gate has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// Connections that are there now.
    pub(crate) open: u64,
    /// Connections that were refused because there were too many in all.
    pub(crate) refused_full: u64,
    /// The same, from one address.
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

    /// Takes note of a connection that was refused without a permit.
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

    /// This machine, and a proxy that forwards for many, may have as many connections as there are.
    pub(crate) fn is_limited(&self, address: IpAddr) -> bool {
        !address.is_loopback() && !self.access.is_proxy(address)
    }

    /// Waits until it makes sense to ask again.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }
}

impl Counts {
    /// One more connection from there. Says how many messages may come from there.
    pub(crate) fn connect(&mut self, address: IpAddr, message_rate: u32, limit: usize) -> Option<Arc<Rate>> {
        if self.addresses.len() > 2 * limit {
            self.addresses.retain(|_, from_here| from_here.connections > 0);
        }
        let from_here = self
            .addresses
            .entry(address)
            .or_insert_with(|| PerAddress { connections: 0, rate: Rate::new(message_rate).map(Arc::new) });
        from_here.connections += 1;
        from_here.rate.clone()
    }

    pub(crate) fn disconnect(&mut self, address: IpAddr) {
        if let Some(from_here) = self.addresses.get_mut(&address) {
            from_here.connections -= 1;
            // Who comes back at once has spent what it had.
            if from_here.connections == 0 && from_here.rate.is_none() {
                self.addresses.remove(&address);
            }
        }
    }
}
