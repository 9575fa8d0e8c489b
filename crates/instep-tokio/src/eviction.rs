//! How each connection stands, for the one that has to choose which of them gives up its place.
//!
//! Shards write to it as they serve, without a lock; it is read only when places or descriptors have run out.

use instep::Standing;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the number of a standing has left for its moment: a few hundred million years.
const MOMENT: u64 = u64::MAX >> 2;
/// Greater than every other.
const IN_USE: u64 = u64::MAX;

/// A number for each connection: the lowest is that of the one that gives up its place first.
#[derive(Debug)]
pub(crate) struct Standings(Box<[AtomicU64]>);

impl Standings {
    pub(crate) fn new(connections: usize) -> Self {
        Self((0..connections).map(|_| AtomicU64::new(IN_USE)).collect())
    }

    /// Takes note of how a connection stands. Only one that serves it does.
    pub(crate) fn set(&self, connection: usize, standing: Standing) {
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
    pub(crate) fn first(&self, best: Standing) -> Option<(usize, u64)> {
        let numbers = self.0.iter().map(|number| number.load(Ordering::Relaxed));
        let (first, lowest) = numbers.enumerate().min_by_key(|(_, number)| *number)?;
        (lowest < IN_USE && lowest <= number(best)).then_some((first, lowest))
    }
}

/// In the order of [`Standing`].
pub(crate) fn number(standing: Standing) -> u64 {
    let (kind, since) = match standing {
        Standing::Idle(since) => (0, since),
        Standing::Unfinished(since) => (1, since),
        Standing::Unresponsive(since) => (2, since),
        Standing::InUse => return IN_USE,
    };
    kind << 62 | since.as_millis().min(MOMENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use instep::Instant;

    #[test]
    fn the_longest_idle_first_then_the_unfinished_then_the_unresponsive() {
        let standings = Standings::new(5);
        let at = Instant::from_millis;
        assert_eq!(standings.first(Standing::InUse), None);
        let order = [
            (3, Standing::Idle(at(7))),
            (1, Standing::Idle(at(9))),
            (4, Standing::Unfinished(at(0))),
            (2, Standing::Unfinished(at(8))),
            (0, Standing::Unresponsive(at(1))),
        ];
        for (connection, standing) in order {
            standings.set(connection, standing);
        }
        assert!(order.is_sorted_by(|(_, one), (_, two)| one < two), "it is the order of the type, too");
        for (connection, standing) in order {
            let found = Some((connection, number(standing)));
            assert_eq!(standings.first(Standing::Unresponsive(Instant::NEVER)), found);
            let unfinished = matches!(standing, Standing::Idle(_) | Standing::Unfinished(_));
            let expected = found.filter(|_| unfinished);
            assert_eq!(standings.first(Standing::Unfinished(Instant::NEVER)), expected);
            standings.set(connection, Standing::InUse);
        }
        assert_eq!(standings.first(Standing::Unresponsive(Instant::NEVER)), None);
    }
}
