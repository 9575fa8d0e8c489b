//! Permit of a connection, and the decision on each new one.

use crate::admission::{AdmissionControl, Counts, Eviction, Holder, REJECT_RESPONSES_MAX};
use crate::rate_limit::Rate;
use instep::Instant;
use instep::driver::{AddressLimit, EvictionPriority};
use std::cell::OnceCell;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError};

/// Decision on a new connection.
#[derive(Debug)]
pub(crate) enum Admission {
    /// The connection is served, or rejected with 503 if its permit is refused.
    Permit(Permit),
    /// Slots are full, but one will be free; see [`AdmissionControl::changed`].
    ///
    /// The caller evicts the given holder, if any.
    Wait(Option<Eviction>),
    /// Too many connections are being rejected, so this one must be closed without a response.
    Closed,
}

/// Permit of a connection, if only for a 503. Dropping the permit frees the slot.
#[derive(Debug)]
pub(crate) struct Permit {
    control: Arc<AdmissionControl>,
    address: IpAddr,
    /// Key of its holder in [`Counts::holders`].
    index: u32,
    /// Message rate of the address; `None` if unlimited.
    rate: Option<Arc<Rate>>,
    /// Client address that a proxy forwards for, once known, and its message rate.
    forwarded: OnceCell<Box<(IpAddr, Option<Arc<Rate>>)>>,
    /// Whether a limit is exceeded, so the connection only gets a 503.
    pub(crate) refused: bool,
}

impl AdmissionControl {
    /// Decides on a connection from `address`.
    ///
    /// If all slots are taken, the connection that has been idle longest is evicted.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Admission {
        let address = address.to_canonical();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let connections = counts.addresses.get(&address).map_or(0, |peer| peer.connections);
        let mut refused = false;
        if self.is_limited(address) && connections >= self.per_address {
            counts.refused_per_address += 1;
            refused = true;
        } else if counts.total >= self.total_limit {
            if let Some(wait) = self.evict_from(&mut counts, EvictionPriority::PartialRequest(Instant::NEVER))
            {
                return wait;
            }
            counts.refused_full += 1;
            refused = true;
        }
        let mut rate = None;
        if !refused {
            counts.total += 1;
            rate = counts.connect(address, self.message_rate, self.total_limit);
        } else if counts.rejecting < REJECT_RESPONSES_MAX {
            counts.rejecting += 1;
        } else {
            return Admission::Closed;
        }
        let index = u32::try_from(counts.holders.insert(Holder::default())).expect("too many connections");
        drop(counts);
        Admission::Permit(Permit {
            control: self.clone(),
            address,
            index,
            rate,
            forwarded: OnceCell::new(),
            refused,
        })
    }

    /// Chooses a connection to evict when descriptors or memory have run out.
    ///
    /// Idle connections come first, then partial requests, then clients that answer no pings. A responsive client is
    /// never chosen. Returns `None` if all clients are responsive.
    pub(crate) fn evict(&self) -> Option<Admission> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        self.evict_from(&mut counts, EvictionPriority::Unresponsive(Instant::NEVER))
    }

    /// Chooses a connection of at most priority `max`, unless an eviction is pending.
    fn evict_from(&self, counts: &mut Counts, max: EvictionPriority) -> Option<Admission> {
        if counts.evicting.is_some() {
            return Some(Admission::Wait(None));
        }
        let (index, priority) = self.priorities.first(max)?;
        let Holder { shard, key } = *counts.holders.get(index)?;
        counts.evicting = Some(index);
        Some(Admission::Wait(Some(Eviction { shard: shard.into(), key: key as usize, priority })))
    }
}

impl AddressLimit for Permit {
    fn count(&self, address: IpAddr) -> bool {
        let control = &self.control;
        let mut counts = control.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let connections = counts.addresses.get(&address).map_or(0, |peer| peer.connections);
        if control.is_limited(address) && connections >= control.per_address {
            counts.refused_per_address += 1;
            return false;
        }
        // A connection becomes a WebSocket only once.
        self.forwarded.get_or_init(|| {
            Box::new((address, counts.connect(address, control.message_rate, control.total_limit)))
        });
        true
    }
}

impl Permit {
    /// Returns the address of the peer, which may be a proxy.
    #[cfg(feature = "tls")]
    pub(crate) fn peer(&self) -> IpAddr {
        self.address
    }

    /// Returns the message rate of the connection; `None` if unlimited.
    pub(crate) fn rate(&self) -> Option<&Rate> {
        self.forwarded.get().map_or(&self.rate, |forwarded| &forwarded.1).as_deref()
    }

    /// Records which connection of which shard holds the permit.
    pub(crate) fn register(&self, shard: usize, key: usize) {
        let mut counts = self.control.counts.lock().unwrap_or_else(PoisonError::into_inner);
        // The limits keep both numbers below their types' maxima.
        let (Ok(shard), Ok(key)) = (shard.try_into(), key.try_into()) else { return };
        counts.holders[self.index as usize] = Holder { shard, key };
    }

    /// Records the connection's eviction priority.
    pub(crate) fn set_priority(&self, priority: EvictionPriority) {
        // A rejected connection takes no slot, so evicting it would free none.
        if !self.refused {
            self.control.priorities.set(self.index as usize, priority);
        }
    }

    /// Returns the connection's eviction priority, as a number.
    pub(crate) fn priority(&self) -> u64 {
        self.control.priorities.of(self.index as usize)
    }

    /// Declines an eviction because the connection is in use by now.
    ///
    /// Another connection is chosen instead.
    pub(crate) fn keep(&self) {
        let mut counts = self.control.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.evicting.take_if(|index| *index == self.index as usize);
        self.control.changed.notify_one();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.control.priorities.set(self.index as usize, EvictionPriority::InUse);
        let mut counts = self.control.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.holders.remove(self.index as usize);
        counts.evicting.take_if(|index| *index == self.index as usize);
        self.control.changed.notify_one();
        if self.refused {
            counts.rejecting -= 1;
            return;
        }
        counts.total -= 1;
        counts.disconnect(self.address);
        if let Some(forwarded) = self.forwarded.get() {
            counts.disconnect(forwarded.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::Snapshot;
    use crate::limits::SocketLimits;
    use instep::Access;

    const PROXY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 9));
    static ACCESS: Access = Access::new("").with_proxies(&[instep::access::IpNetwork::host(PROXY)]);

    #[track_caller]
    fn permit(control: &Arc<AdmissionControl>, address: IpAddr) -> Permit {
        match control.admit(address) {
            Admission::Permit(permit) => permit,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn waits_for(admission: &Admission) -> Option<usize> {
        match admission {
            Admission::Wait(eviction) => eviction.map(|eviction| eviction.key),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn connection_above_limits_is_refused() {
        let limits = SocketLimits::default().with_http_slots(1).with_per_address(2);
        let control = AdmissionControl::new(3, limits, &ACCESS);
        let refused = |address| permit(&control, address).refused;
        let (a, b) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let mapped = "::ffff:192.0.2.1".parse().unwrap();
        let first = permit(&control, a);
        let _second = permit(&control, mapped);
        assert!(refused(a), "limit per address");
        drop(first);
        let _third = permit(&control, a);
        assert!(!_third.refused);
        let local = IpAddr::from([127, 0, 0, 1]);
        let _locals = [permit(&control, local), permit(&control, local)];
        assert!(refused(b) && refused(local), "limit in all");
        let _rejected: Vec<_> = (0..REJECT_RESPONSES_MAX).map(|_| permit(&control, b)).collect();
        assert!(matches!(control.admit(b), Admission::Closed), "all responses are in use");
        let snapshot = Snapshot {
            open: 4 + REJECT_RESPONSES_MAX as u64,
            refused_full: 3 + REJECT_RESPONSES_MAX as u64,
            refused_per_address: 1,
        };
        assert_eq!(control.snapshot(), snapshot);
    }

    #[test]
    fn connections_of_an_address_share_one_message_rate() {
        let control = AdmissionControl::new(1, SocketLimits::default().with_message_rate(5), &ACCESS);
        let (here, there) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let now = Instant::from_millis(1_000);
        let allowance = |permit: &Permit| permit.rate().unwrap().allowance(now);
        let (one, other) = (permit(&control, here), permit(&control, here));
        one.rate().unwrap().spend(now, 4);
        assert_eq!((allowance(&one), allowance(&other)), (1, 1));
        drop((one, other));
        assert_eq!(allowance(&permit(&control, here)), 1);
        assert_eq!(allowance(&permit(&control, there)), 5);
        let many = (0..1000_u16).map(|i| IpAddr::from([10, 0, i.to_be_bytes()[0], i.to_be_bytes()[1]]));
        many.for_each(|address| drop(permit(&control, address)));
        let remembered = control.counts.lock().unwrap().addresses.len();
        assert!(remembered <= 2 * control.total_limit + 1, "{remembered} addresses");
    }

    #[test]
    fn connection_above_limit_evicts_longest_idle() {
        let control =
            AdmissionControl::new(1, SocketLimits::default().with_http_slots(2).with_per_address(3), &ACCESS);
        let (here, there) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let idle = |at| EvictionPriority::Idle(Instant::from_millis(at));
        let mut permits = [1, 2, 3].map(|key| {
            let permit = permit(&control, here);
            permit.register(0, key);
            Some(permit)
        });
        let priorities = [EvictionPriority::InUse, idle(8), idle(5)];
        permits
            .iter()
            .zip(priorities)
            .for_each(|(permit, priority)| permit.as_ref().unwrap().set_priority(priority));
        assert!(
            permit(&control, here).refused,
            "a connection was evicted for an address that is at its own limit"
        );
        assert_eq!(waits_for(&control.admit(there)), Some(3));
        assert_eq!(waits_for(&control.admit(there)), None, "one at a time");
        let third = permits[2].as_ref().unwrap();
        third.set_priority(EvictionPriority::InUse);
        third.keep();
        assert_eq!(waits_for(&control.admit(there)), Some(2), "the first is in use again");
        permits[1] = None;
        let newcomer = permit(&control, there);
        assert!(!newcomer.refused);
        assert!(permit(&control, there).refused, "no other connection is idle");
        assert!(control.evict().is_none());
        permits[0].as_ref().unwrap().set_priority(EvictionPriority::Unresponsive(Instant::from_millis(1)));
        assert!(permit(&control, there).refused, "an unresponsive client was evicted for a slot");
        assert_eq!(waits_for(&control.evict().unwrap()), Some(1), "it is evicted for a descriptor");
    }

    #[test]
    fn refused_connection_is_never_evicted() {
        let control = AdmissionControl::new(1, SocketLimits::default().with_http_slots(0), &ACCESS);
        let local = IpAddr::from([127, 0, 0, 1]);
        let _client = permit(&control, local);
        let rejected = permit(&control, local);
        rejected.set_priority(EvictionPriority::Idle(Instant::from_millis(0)));
        assert!(rejected.refused && permit(&control, local).refused);
    }

    #[test]
    fn proxy_is_unlimited_but_its_clients_are_not() {
        let limits = SocketLimits::default().with_http_slots(0).with_per_address(2);
        let control = AdmissionControl::new(100, limits, &ACCESS);
        let (client, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let mut forwarded: Vec<_> = (0..5).map(|_| permit(&control, PROXY)).collect();
        assert!(forwarded.iter().all(|permit| !permit.refused));
        assert!(forwarded[0].count(client) && forwarded[1].count(client));
        assert!(!forwarded[2].count(client) && permit(&control, client).refused, "two, direct or forwarded");
        assert!(forwarded[2].count(other));
        forwarded.remove(0);
        let direct = permit(&control, client);
        assert!(!direct.refused && !forwarded[2].count(client));
        drop(direct);
        assert!(forwarded[2].count(client));
        drop(forwarded);
        let counts = control.counts.lock().unwrap();
        assert!(counts.addresses.is_empty() && counts.total == 0, "counts are left over");
    }

    #[test]
    fn direct_and_forwarded_messages_share_one_rate() {
        let control = AdmissionControl::new(9, SocketLimits::default().with_message_rate(5), &ACCESS);
        let client = IpAddr::from([192, 0, 2, 1]);
        let now = Instant::from_millis(1_000);
        let (direct, forwarded, another) =
            (permit(&control, client), permit(&control, PROXY), permit(&control, PROXY));
        assert!(forwarded.count(client) && another.count(IpAddr::from([192, 0, 2, 2])));
        direct.rate().unwrap().spend(now, 4);
        let allowed = [&forwarded, &another].map(|permit| permit.rate().unwrap().allowance(now));
        assert_eq!(allowed, [1, 5]);
    }
}
