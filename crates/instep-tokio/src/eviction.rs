//! How each connection stands, for the one that has to choose which of them gives up its place.
//!
//! Shards write to it as they serve, without a lock; it is read only when places or descriptors have run out.

use instep::driver::EvictionPriority;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the number of a standing has left for its moment: a few hundred million years.
const MOMENT: u64 = u64::MAX >> 2;
/// Greater than every other.
const IN_USE: u64 = u64::MAX;

/// A number for each connection: the lowest is that of the one that gives up its place first.
#[derive(Debug)]
pub(crate) struct Priorities(Box<[AtomicU64]>);

impl Priorities {
    pub(crate) fn new(connections: usize) -> Self {
        Self((0..connections).map(|_| AtomicU64::new(IN_USE)).collect())
    }

    /// Takes note of how a connection stands. Only one that serves it does.
    pub(crate) fn set(&self, connection: usize, standing: EvictionPriority) {
        let (place, number) = (&self.0[connection], number(standing));
        // Others read what is beside it: they are not to be disturbed for nothing.
        if place.load(Ordering::Relaxed) != number {
            place.store(number, Ordering::Relaxed);
        }
    }

    /// The number of how a connection stands.
    pub(crate) fn of(&self, connection: usize) -> u64 {
        self.0[connection].load(Ordering::Relaxed)
    }

    /// The connection that gives up its place first, if any stands no better than `best`, and the number of how it
    /// stands.
    pub(crate) fn first(&self, best: EvictionPriority) -> Option<(usize, u64)> {
        let numbers = self.0.iter().map(|number| number.load(Ordering::Relaxed));
        let (first, lowest) = numbers.enumerate().min_by_key(|(_, number)| *number)?;
        (lowest < IN_USE && lowest <= number(best)).then_some((first, lowest))
    }
}

/// In the order of [`EvictionPriority`].
pub(crate) fn number(standing: EvictionPriority) -> u64 {
    let (kind, since) = match standing {
        EvictionPriority::Idle(since) => (0, since),
        EvictionPriority::PartialRequest(since) => (1, since),
        EvictionPriority::Unresponsive(since) => (2, since),
        EvictionPriority::InUse => return IN_USE,
    };
    kind << 62 | since.as_millis().min(MOMENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use instep::Instant;

    #[test]
    fn the_longest_idle_first_then_the_unfinished_then_the_unresponsive() {
        let standings = Priorities::new(5);
        let at = Instant::from_millis;
        assert_eq!(standings.first(EvictionPriority::InUse), None);
        let order = [
            (3, EvictionPriority::Idle(at(7))),
            (1, EvictionPriority::Idle(at(9))),
            (4, EvictionPriority::PartialRequest(at(0))),
            (2, EvictionPriority::PartialRequest(at(8))),
            (0, EvictionPriority::Unresponsive(at(1))),
        ];
        for (connection, standing) in order {
            standings.set(connection, standing);
        }
        assert!(order.is_sorted_by(|(_, one), (_, two)| one < two), "it is the order of the type, too");
        for (connection, standing) in order {
            let found = Some((connection, number(standing)));
            assert_eq!(standings.first(EvictionPriority::Unresponsive(Instant::NEVER)), found);
            let unfinished =
                matches!(standing, EvictionPriority::Idle(_) | EvictionPriority::PartialRequest(_));
            let expected = found.filter(|_| unfinished);
            assert_eq!(standings.first(EvictionPriority::PartialRequest(Instant::NEVER)), expected);
            standings.set(connection, EvictionPriority::InUse);
        }
        assert_eq!(standings.first(EvictionPriority::Unresponsive(Instant::NEVER)), None);
    }
}
