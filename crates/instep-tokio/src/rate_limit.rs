//! Limit of the messages from one address: a token bucket (GCRA).

use instep::Instant;
use std::sync::atomic::{AtomicU64, Ordering};

/// One second, in nanoseconds.
const SECOND: u64 = 1_000_000_000;

/// Token bucket of the messages from one address, with one second's messages.
///
/// All shards use it without a lock. Above the rate no message is lost, because the server stops reading.
#[derive(Debug)]
pub(crate) struct Rate {
    /// Time for each message, in nanoseconds.
    interval: u64,
    /// Time at which the bucket is full, in nanoseconds.
    full: AtomicU64,
}

impl Rate {
    /// Creates a bucket. Returns `None` if `per_second` is 0, for no limit.
    pub(crate) fn new(per_second: u32) -> Option<Self> {
        let interval = SECOND.checked_div(per_second.into())?;
        Some(Self { interval, full: AtomicU64::new(0) })
    }

    /// Returns how many messages are allowed now.
    pub(crate) fn allowance(&self, now: Instant) -> u32 {
        let missing = self.full.load(Ordering::Relaxed).saturating_sub(nanoseconds(now));
        u32::try_from(SECOND.saturating_sub(missing) / self.interval).unwrap_or(u32::MAX)
    }

    /// Takes `messages` from the bucket.
    pub(crate) fn spend(&self, now: Instant, messages: u32) {
        if messages > 0 {
            let spent = u64::from(messages) * self.interval;
            let _ = self.full.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full| {
                Some(full.max(nanoseconds(now)) + spent)
            });
        }
    }

    /// Returns when the next message is allowed.
    pub(crate) fn next(&self) -> Instant {
        let next = self.full.load(Ordering::Relaxed) + self.interval;
        Instant::from_millis(next.saturating_sub(SECOND).div_ceil(1_000_000))
    }
}

fn nanoseconds(now: Instant) -> u64 {
    now.as_millis().saturating_mul(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burst_of_one_second_then_steady_rate() {
        let at = Instant::from_millis;
        let rate = Rate::new(10).unwrap();
        assert_eq!(rate.allowance(at(5_000)), 10);
        rate.spend(at(5_000), 9);
        assert_eq!(rate.allowance(at(5_000)), 1, "below the limit");
        rate.spend(at(5_000), 1);
        assert_eq!((rate.allowance(at(5_000)), rate.next()), (0, at(5_100)), "at the limit");
        assert_eq!(rate.allowance(at(5_099)), 0);
        assert_eq!(rate.allowance(at(5_100)), 1);
        rate.spend(at(5_100), 1);
        assert_eq!(rate.next(), at(5_200));
        assert_eq!(rate.allowance(at(7_000)), 10, "more than one second's messages were saved");
        assert!(Rate::new(0).is_none());
    }
}
