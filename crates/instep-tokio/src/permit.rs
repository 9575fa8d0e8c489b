//! The right of a connection to be there, and the decision on each newcomer.

use crate::admission::{AdmissionControl, Counts, Eviction, Holder, REJECT_RESPONSES_MAX};
use crate::rate_limit::Rate;
use instep::Instant;
use instep::driver::{AddressLimit, EvictionPriority};
use std::cell::OnceCell;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError};

/// What a new connection meets.
#[derive(Debug)]
pub(crate) enum Admission {
    /// It may come in, if only to be told that all places are taken.
    Permit(Permit),
    /// All places are taken, but one becomes free: ask again when [`AdmissionControl::changed`] says so. If a holder is
    /// named, it has yet to be asked to leave.
    Wait(Option<Eviction>),
    /// There are by far too many.
    Closed,
}

/// The right to be connected, if only to be told that all places are taken. Dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct Permit {
    gate: Arc<AdmissionControl>,
    address: IpAddr,
    /// The key of its holder.
    number: usize,
    /// How many messages the address may send; `None`: as many as it likes.
    rate: Option<Arc<Rate>>,
    /// For whom a proxy forwards, once that is known, and how many messages may come from there.
    forwarded: OnceCell<Box<(IpAddr, Option<Arc<Rate>>)>>,
    /// It is above the limits.
    pub(crate) refused: bool,
}

impl AdmissionControl {
    /// Decides on a connection from `address`. If all places are taken, it gets that of the one that has been
    /// idle longest.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Admission {
        let address = address.to_canonical();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let from_here = counts.addresses.get(&address).map_or(0, |from_here| from_here.connections);
        let mut refused = false;
        if self.is_limited(address) && from_here >= self.per_address {
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
        let number = counts.holders.insert(Holder::default());
        drop(counts);
        Admission::Permit(Permit {
            gate: self.clone(),
            address,
            number,
            rate,
            forwarded: OnceCell::new(),
            refused,
        })
    }

    /// Descriptors or memory have run out: chooses who gives up its place. First idle connections, then requests
    /// that do not end, then clients that answer no pings; none that is well. `None`: there is nobody.
    pub(crate) fn evict(&self) -> Option<Admission> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        self.evict_from(&mut counts, EvictionPriority::Unresponsive(Instant::NEVER))
    }

    /// Chooses one whose standing is no better than `best`, unless one that was chosen before is on its way out.
    fn evict_from(&self, counts: &mut Counts, best: EvictionPriority) -> Option<Admission> {
        if counts.evicting.is_some() {
            return Some(Admission::Wait(None));
        }
        let (number, standing) = self.priorities.first(best)?;
        let Holder { shard, key } = *counts.holders.get(number)?;
        counts.evicting = Some(number);
        Some(Admission::Wait(Some(Eviction { shard: shard.into(), key: key as usize, priority: standing })))
    }
}

impl AddressLimit for Permit {
    fn count(&self, address: IpAddr) -> bool {
        let gate = &self.gate;
        let mut counts = gate.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let from_there = counts.addresses.get(&address).map_or(0, |from_there| from_there.connections);
        if gate.is_limited(address) && from_there >= gate.per_address {
            counts.refused_per_address += 1;
            return false;
        }
        // A connection becomes a WebSocket once.
        self.forwarded.get_or_init(|| {
            Box::new((address, counts.connect(address, gate.message_rate, gate.total_limit)))
        });
        true
    }
}

impl Permit {
    /// How many messages may come over it; `None`: any number.
    pub(crate) fn rate(&self) -> Option<&Rate> {
        self.forwarded.get().map_or(&self.rate, |forwarded| &forwarded.1).as_deref()
    }

    /// Takes note of who holds it.
    pub(crate) fn register(&self, shard: usize, key: usize) {
        let mut counts = self.gate.counts.lock().unwrap_or_else(PoisonError::into_inner);
        // There are never so many of either.
        let (Ok(shard), Ok(key)) = (shard.try_into(), key.try_into()) else { return };
        counts.holders[self.number] = Holder { shard, key };
    }

    /// Takes note of how the connection stands.
    pub(crate) fn set_priority(&self, standing: EvictionPriority) {
        // Who is only told that there is no place takes none, so it cannot give any up.
        if !self.refused {
            self.gate.priorities.set(self.number, standing);
        }
    }

    /// The number of how the connection stands.
    pub(crate) fn priority(&self) -> u64 {
        self.gate.priorities.of(self.number)
    }

    /// It was asked to leave, but is in use by now: another one is to be asked.
    pub(crate) fn keep(&self) {
        let mut counts = self.gate.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.evicting.take_if(|asked| *asked == self.number);
        self.gate.changed.notify_one();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate.priorities.set(self.number, EvictionPriority::InUse);
        let mut counts = self.gate.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.holders.remove(self.number);
        counts.evicting.take_if(|asked| *asked == self.number);
        self.gate.changed.notify_one();
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
    fn permit(gate: &Arc<AdmissionControl>, address: IpAddr) -> Permit {
        match gate.admit(address) {
            Admission::Permit(permit) => permit,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn waits_for(admission: &Admission) -> Option<usize> {
        match admission {
            Admission::Wait(asked) => asked.map(|asked| asked.key),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn limits_at_and_above_and_places_given_back() {
        let limits = SocketLimits::default().with_http_slots(1).with_per_address(2);
        let gate = AdmissionControl::new(3, limits, &ACCESS);
        let refused = |address| permit(&gate, address).refused;
        let (a, b) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let mapped = "::ffff:192.0.2.1".parse().unwrap();
        let first = permit(&gate, a);
        let _second = permit(&gate, mapped);
        assert!(refused(a), "two from one address");
        drop(first);
        let _third = permit(&gate, a);
        assert!(!_third.refused);
        let local = IpAddr::from([127, 0, 0, 1]);
        let _locals = [permit(&gate, local), permit(&gate, local)];
        assert!(refused(b) && refused(local), "four in all");
        let _told: Vec<_> = (0..REJECT_RESPONSES_MAX).map(|_| permit(&gate, b)).collect();
        assert!(matches!(gate.admit(b), Admission::Closed), "and no more than can be told");
        let tally = Snapshot {
            open: 4 + REJECT_RESPONSES_MAX as u64,
            refused_full: 3 + REJECT_RESPONSES_MAX as u64,
            refused_per_address: 1,
        };
        assert_eq!(gate.snapshot(), tally);
    }

    #[test]
    fn all_connections_of_an_address_share_one_rate_and_so_do_those_that_come_later() {
        let gate = AdmissionControl::new(1, SocketLimits::default().with_message_rate(5), &ACCESS);
        let (here, there) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let now = Instant::from_millis(1_000);
        let allowance = |permit: &Permit| permit.rate().unwrap().allowance(now);
        let (one, other) = (permit(&gate, here), permit(&gate, here));
        one.rate().unwrap().spend(now, 4);
        assert_eq!((allowance(&one), allowance(&other)), (1, 1));
        drop((one, other));
        assert_eq!(allowance(&permit(&gate, here)), 1);
        assert_eq!(allowance(&permit(&gate, there)), 5);
        let many = (0..1000_u16)
            .map(|number| IpAddr::from([10, 0, number.to_be_bytes()[0], number.to_be_bytes()[1]]));
        many.for_each(|address| drop(permit(&gate, address)));
        let kept = gate.counts.lock().unwrap().addresses.len();
        assert!(kept <= 2 * gate.total_limit + 1, "{kept} addresses");
    }

    #[test]
    fn above_the_limit_who_is_idle_longest_gives_up_its_place() {
        let gate =
            AdmissionControl::new(1, SocketLimits::default().with_http_slots(2).with_per_address(3), &ACCESS);
        let (here, there) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let idle = |at| EvictionPriority::Idle(Instant::from_millis(at));
        let mut permits = [1, 2, 3].map(|key| {
            let permit = permit(&gate, here);
            permit.register(0, key);
            Some(permit)
        });
        let standings = [EvictionPriority::InUse, idle(8), idle(5)];
        permits
            .iter()
            .zip(standings)
            .for_each(|(permit, standing)| permit.as_ref().unwrap().set_priority(standing));
        assert!(
            permit(&gate, here).refused,
            "nobody gives up a place for an address that has all of its own"
        );
        assert_eq!(waits_for(&gate.admit(there)), Some(3));
        assert_eq!(waits_for(&gate.admit(there)), None, "one at a time");
        let third = permits[2].as_ref().unwrap();
        third.set_priority(EvictionPriority::InUse);
        third.keep();
        assert_eq!(waits_for(&gate.admit(there)), Some(2), "the first has been given work meanwhile");
        permits[1] = None;
        let newcomer = permit(&gate, there);
        assert!(!newcomer.refused);
        assert!(permit(&gate, there).refused, "nobody else is idle");
        assert!(gate.evict().is_none());
        permits[0].as_ref().unwrap().set_priority(EvictionPriority::Unresponsive(Instant::from_millis(1)));
        assert!(permit(&gate, there).refused, "an unresponsive client keeps its place,");
        assert_eq!(waits_for(&gate.evict().unwrap()), Some(1), "unless descriptors run out");
    }

    #[test]
    fn who_is_only_told_that_there_is_no_place_cannot_give_one_up() {
        let gate = AdmissionControl::new(1, SocketLimits::default().with_http_slots(0), &ACCESS);
        let local = IpAddr::from([127, 0, 0, 1]);
        let _client = permit(&gate, local);
        let told = permit(&gate, local);
        told.set_priority(EvictionPriority::Idle(Instant::from_millis(0)));
        assert!(told.refused && permit(&gate, local).refused);
    }

    #[test]
    fn a_proxy_has_any_number_and_each_of_its_clients_as_many_as_others() {
        let limits = SocketLimits::default().with_http_slots(0).with_per_address(2);
        let gate = AdmissionControl::new(100, limits, &ACCESS);
        let (client, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let mut forwarded: Vec<_> = (0..5).map(|_| permit(&gate, PROXY)).collect();
        assert!(forwarded.iter().all(|permit| !permit.refused));
        assert!(forwarded[0].count(client) && forwarded[1].count(client));
        assert!(!forwarded[2].count(client) && permit(&gate, client).refused, "two, by whatever way");
        assert!(forwarded[2].count(other));
        forwarded.remove(0);
        let direct = permit(&gate, client);
        assert!(!direct.refused && !forwarded[2].count(client));
        drop(direct);
        assert!(forwarded[2].count(client));
        drop(forwarded);
        let counts = gate.counts.lock().unwrap();
        assert!(counts.addresses.is_empty() && counts.total == 0, "nothing is left behind");
    }

    #[test]
    fn what_a_client_may_say_does_not_depend_on_the_way() {
        let gate = AdmissionControl::new(9, SocketLimits::default().with_message_rate(5), &ACCESS);
        let client = IpAddr::from([192, 0, 2, 1]);
        let now = Instant::from_millis(1_000);
        let (direct, forwarded, another) =
            (permit(&gate, client), permit(&gate, PROXY), permit(&gate, PROXY));
        assert!(forwarded.count(client) && another.count(IpAddr::from([192, 0, 2, 2])));
        direct.rate().unwrap().spend(now, 4);
        let allowed = [&forwarded, &another].map(|permit| permit.rate().unwrap().allowance(now));
        assert_eq!(allowed, [1, 5]);
    }
}
