//! Eviction priorities of all connections.
//!
//! Shards write the priorities without a lock while they serve. The priorities are read only when slots or descriptors
//! have run out.

use instep::driver::EvictionPriority;
use std::sync::atomic::{AtomicU64, Ordering};

/// Maximum time within a priority's number, in ms: several hundred million years.
const MOMENT_MAX: u64 = u64::MAX >> 2;
/// Number of [`EvictionPriority::InUse`], greater than all others.
const IN_USE: u64 = u64::MAX;

/// Priority of each connection as a number; the lowest is evicted first.
#[derive(Debug)]
pub(crate) struct Priorities(Box<[AtomicU64]>);

impl Priorities {
    pub(crate) fn new(connections: usize) -> Self {
        Self((0..connections).map(|_| AtomicU64::new(IN_USE)).collect())
    }

    /// Sets the priority of a connection. Only the shard that serves it calls this.
    pub(crate) fn set(&self, connection: usize, priority: EvictionPriority) {
        let (entry, number) = (&self.0[connection], number(priority));
        // Other shards read the same cache line, so an unchanged number is not written.
        if entry.load(Ordering::Relaxed) != number {
            entry.store(number, Ordering::Relaxed);
        }
    }

    /// Returns the priority of a connection, as a number.
    pub(crate) fn of(&self, connection: usize) -> u64 {
        self.0[connection].load(Ordering::Relaxed)
    }

    /// Returns the connection to evict first, and its number.
    ///
    /// Returns `None` if every priority is above `max`, or every connection is in use.
    pub(crate) fn first(&self, max: EvictionPriority) -> Option<(usize, u64)> {
        let numbers = self.0.iter().map(|number| number.load(Ordering::Relaxed));
        let (first, lowest) = numbers.enumerate().min_by_key(|(_, number)| *number)?;
        (lowest < IN_USE && lowest <= number(max)).then_some((first, lowest))
    }
}

/// Returns a number in the order of [`EvictionPriority`].
pub(crate) fn number(priority: EvictionPriority) -> u64 {
    let (kind, since) = match priority {
        EvictionPriority::Idle(since) => (0, since),
        EvictionPriority::PartialRequest(since) => (1, since),
        EvictionPriority::Unresponsive(since) => (2, since),
        EvictionPriority::InUse => return IN_USE,
    };
    kind << 62 | since.as_millis().min(MOMENT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use instep::Instant;

    #[test]
    fn idle_then_partial_then_unresponsive_is_evicted() {
        let priorities = Priorities::new(5);
        let at = Instant::from_millis;
        assert_eq!(priorities.first(EvictionPriority::InUse), None);
        let order = [
            (3, EvictionPriority::Idle(at(7))),
            (1, EvictionPriority::Idle(at(9))),
            (4, EvictionPriority::PartialRequest(at(0))),
            (2, EvictionPriority::PartialRequest(at(8))),
            (0, EvictionPriority::Unresponsive(at(1))),
        ];
        for (connection, priority) in order {
            priorities.set(connection, priority);
        }
        assert!(order.is_sorted_by(|(_, one), (_, two)| one < two), "the type has another order");
        for (connection, priority) in order {
            let found = Some((connection, number(priority)));
            assert_eq!(priorities.first(EvictionPriority::Unresponsive(Instant::NEVER)), found);
            let is_http = matches!(priority, EvictionPriority::Idle(_) | EvictionPriority::PartialRequest(_));
            let expected = found.filter(|_| is_http);
            assert_eq!(priorities.first(EvictionPriority::PartialRequest(Instant::NEVER)), expected);
            priorities.set(connection, EvictionPriority::InUse);
        }
        assert_eq!(priorities.first(EvictionPriority::Unresponsive(Instant::NEVER)), None);
    }
}
