//! Timer wheel of a shard: when each connection needs a turn without an event.
//!
//! A connection has at most one entry that counts, at its deadline or earlier. A deadline that moves back costs nothing: its entry
//! fires in vain, and is made anew.

use instep::Instant;

/// Duration of a tick, in ms.
const TICK: u64 = 4;
/// Number of ticks that the wheel covers. Later deadlines fire in vain at its end.
const TICKS: usize = 2_048;

/// Timer wheel. A tick is a number of [`TICK`]s since the epoch.
#[derive(Debug)]
pub(crate) struct Deadlines {
    /// The keys of each tick modulo [`TICKS`].
    wheel: Vec<Vec<u32>>,
    /// The last tick that has fired.
    fired: u64,
    /// The first tick with an entry.
    next: Option<u64>,
    entries: usize,
}

/// Tick of the entry of a connection that counts, which has fired if it is not above the last one.
pub(crate) type Tick = u64;

impl Deadlines {
    pub(crate) fn new() -> Self {
        Self { wheel: vec![Vec::new(); TICKS], fired: 0, next: None, entries: 0 }
    }

    /// Returns the time at which [`Deadlines::fire`] is due, or [`Instant::NEVER`].
    pub(crate) fn next(&self) -> Instant {
        self.next.map_or(Instant::NEVER, |tick| Instant::from_millis(tick * TICK))
    }

    /// Adds an entry for a deadline, unless the entry at `scheduled` comes in time. Returns the tick of the entry that counts.
    pub(crate) fn schedule(&mut self, now: Instant, key: usize, deadline: Instant, scheduled: Tick) -> Tick {
        let Ok(key) = u32::try_from(key) else { return scheduled };
        if deadline == Instant::NEVER {
            return scheduled;
        }
        if self.entries == 0 {
            self.fired = self.fired.max(now.as_millis() / TICK);
        }
        let tick = deadline.as_millis().div_ceil(TICK).clamp(self.fired + 1, self.fired + TICKS as u64);
        if scheduled > self.fired && scheduled <= tick {
            return scheduled;
        }
        self.wheel[slot(tick)].push(key);
        self.entries += 1;
        self.next = Some(self.next.map_or(tick, |next| next.min(tick)));
        tick
    }

    /// Moves the keys of all entries up to `now` to `keys`.
    ///
    /// The entry of a connection that has another one later does not count.
    pub(crate) fn fire(&mut self, now: Instant, keys: &mut Vec<u32>) {
        let last = now.as_millis() / TICK;
        // After a suspension of the process, each slot is looked at once.
        let first = (self.fired + 1).max(last.saturating_sub(TICKS as u64 - 1));
        for tick in first..=last {
            keys.append(&mut self.wheel[slot(tick)]);
        }
        self.entries -= keys.len();
        self.fired = self.fired.max(last);
        let ticks = self.fired + 1..=self.fired + TICKS as u64;
        let has_entries = |tick: &u64| !self.wheel[slot(*tick)].is_empty();
        self.next = if self.entries == 0 { None } else { ticks.into_iter().find(has_entries) };
    }

    /// Returns whether the entry at this tick has fired.
    pub(crate) fn has_fired(&self, scheduled: Tick) -> bool {
        scheduled <= self.fired
    }
}

fn slot(tick: u64) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "it is below TICKS")]
    let slot = (tick % TICKS as u64) as usize;
    slot
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn fired(deadlines: &mut Deadlines, now: u64) -> Vec<u32> {
        let mut keys = Vec::new();
        deadlines.fire(at(now), &mut keys);
        keys
    }

    #[test]
    fn deadline_that_moves_back_has_no_second_entry() {
        let mut deadlines = Deadlines::new();
        let scheduled = deadlines.schedule(at(0), 7, at(100), 0);
        assert_eq!(deadlines.schedule(at(0), 7, at(5_000), scheduled), scheduled);
        assert_eq!((deadlines.next(), fired(&mut deadlines, 99)), (at(100), vec![]));
        assert_eq!(fired(&mut deadlines, 100), [7]);
        assert_eq!((deadlines.next(), deadlines.has_fired(scheduled)), (Instant::NEVER, true));
    }

    #[test]
    fn earlier_deadline_has_an_entry_of_its_own() {
        let mut deadlines = Deadlines::new();
        let late = deadlines.schedule(at(0), 7, at(5_000), 0);
        let early = deadlines.schedule(at(0), 7, at(50), late);
        assert_eq!((early < late, deadlines.next(), fired(&mut deadlines, 60)), (true, at(52), vec![7]));
        assert!(deadlines.has_fired(early) && !deadlines.has_fired(late));
    }

    #[test]
    fn wheel_without_entries_keeps_up_with_time() {
        let mut deadlines = Deadlines::new();
        deadlines.schedule(at(1_000_000), 7, at(1_001_000), 0);
        assert_eq!(deadlines.next(), at(1_001_000));
    }

    proptest! {
        /// Whatever happens, a connection is looked at between its deadline and the next look after it.
        #[test]
        fn every_deadline_fires_in_time(
            steps in proptest::collection::vec((0_usize..8, 0_u64..30_000, 0_u64..3_000), 1..200),
        ) {
            let mut deadlines = Deadlines::new();
            let (mut wanted, mut scheduled) = ([Instant::NEVER; 8], [0; 8]);
            let mut now = 0;
            for (key, wait, pause) in steps {
                wanted[key] = at(now + wait);
                scheduled[key] = deadlines.schedule(at(now), key, wanted[key], scheduled[key]);
                now += pause;
                for fired in fired(&mut deadlines, now) {
                    let key = fired as usize;
                    if wanted[key] <= at(now) {
                        wanted[key] = Instant::NEVER;
                    } else if deadlines.has_fired(scheduled[key]) {
                        scheduled[key] = deadlines.schedule(at(now), key, wanted[key], scheduled[key]);
                    }
                }
                for wanted in wanted {
                    prop_assert!(wanted == Instant::NEVER || wanted.as_millis() + TICK > now);
                    prop_assert!(wanted == Instant::NEVER || deadlines.next() != Instant::NEVER);
                }
            }
        }
    }
}
