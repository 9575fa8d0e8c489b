//! How many connections there may be: in all, and from one address.

use super::SocketLimits;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Connections above the limits that are still told so, by 503. Further ones are closed at once.
const TOLD: usize = 64;

#[derive(Debug)]
pub(super) struct Gate {
    total_limit: usize,
    per_address: usize,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    told: usize,
    refused_full: u64,
    refused_per_address: u64,
    addresses: HashMap<IpAddr, usize>,
}

/// The right to be connected, if only to be told that all places are taken. Dropping it gives the place back.
#[derive(Debug)]
pub(super) struct Permit {
    gate: Arc<Gate>,
    address: IpAddr,
    /// It is above the limits.
    pub(super) refused: bool,
}

/// What the gate has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tally {
    /// Connections that are there now.
    pub(super) open: u64,
    /// Connections that were refused because there were too many in all.
    pub(super) refused_full: u64,
    /// The same, from one address.
    pub(super) refused_per_address: u64,
}

impl Gate {
    pub(super) fn new(clients: usize, limits: SocketLimits) -> Arc<Self> {
        let total_limit = clients + limits.http_slots;
        Arc::new(Self { total_limit, per_address: limits.per_address, counts: Mutex::default() })
    }

    /// A permit for a connection from `address`, or `None` if there are by far too many.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Permit> {
        let address = address.to_canonical();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let from_here = counts.addresses.get(&address).copied().unwrap_or_default();
        let full = counts.total >= self.total_limit;
        let refused = full || (!address.is_loopback() && from_here >= self.per_address);
        if full {
            counts.refused_full += 1;
        } else if refused {
            counts.refused_per_address += 1;
        }
        if !refused {
            counts.addresses.insert(address, from_here + 1);
            counts.total += 1;
        } else if counts.told < TOLD {
            counts.told += 1;
        } else {
            return None;
        }
        Some(Permit { gate: self.clone(), address, refused })
    }

    pub(super) fn tally(&self) -> Tally {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        Tally {
            open: (counts.total + counts.told) as u64,
            refused_full: counts.refused_full,
            refused_per_address: counts.refused_per_address,
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.gate.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if self.refused {
            counts.told -= 1;
            return;
        }
        counts.total -= 1;
        if let Some(count) = counts.addresses.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.addresses.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_at_and_above_and_places_given_back() {
        let limits = SocketLimits { http_slots: 1, per_address: 2, ..SocketLimits::default() };
        let gate = Gate::new(3, limits);
        let refused = |address| gate.admit(address).unwrap().refused;
        let (a, b) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let mapped = "::ffff:192.0.2.1".parse().unwrap();
        let first = gate.admit(a).unwrap();
        let _second = gate.admit(mapped).unwrap();
        assert!(refused(a), "two from one address");
        drop(first);
        let _third = gate.admit(a).filter(|permit| !permit.refused).unwrap();
        let local = IpAddr::from([127, 0, 0, 1]);
        let _locals = [gate.admit(local).unwrap(), gate.admit(local).unwrap()];
        assert!(refused(b) && refused(local), "four in all");
        let _told: Vec<_> = (0..TOLD).map(|_| gate.admit(b).unwrap()).collect();
        assert!(gate.admit(b).is_none(), "and no more than can be told");
        let tally = Tally { open: 4 + TOLD as u64, refused_full: 3 + TOLD as u64, refused_per_address: 1 };
        assert_eq!(gate.tally(), tally);
    }
}
