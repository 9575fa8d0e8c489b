//! How many messages one address may send.

use instep::Instant;
use std::sync::atomic::{AtomicU64, Ordering};

const SECOND: u64 = 1_000_000_000;

/// What the clients of one address have left to send: at most the messages of one second at once. All shards use it,
/// without a lock. Above the rate nothing is lost: it is not read.
#[derive(Debug)]
pub(crate) struct Rate {
    /// Nanoseconds for each message.
    interval: u64,
    /// When a whole second's messages are allowed again, in nanoseconds.
    full: AtomicU64,
}

impl Rate {
    /// `per_second`: `None` for 0, which is no limit.
    pub(crate) fn new(per_second: u32) -> Option<Self> {
        let interval = SECOND.checked_div(per_second.into())?;
        Some(Self { interval, full: AtomicU64::new(0) })
    }

    /// How many messages may be taken now.
    pub(crate) fn allowance(&self, now: Instant) -> u32 {
        let missing = self.full.load(Ordering::Relaxed).saturating_sub(nanoseconds(now));
        u32::try_from(SECOND.saturating_sub(missing) / self.interval).unwrap_or(u32::MAX)
    }

    /// So many messages were taken.
    pub(crate) fn spend(&self, now: Instant, messages: u32) {
        if messages > 0 {
            let spent = u64::from(messages) * self.interval;
            let _ = self.full.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full| {
                Some(full.max(nanoseconds(now)) + spent)
            });
        }
    }

    /// When there is one more.
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
    fn a_second_at_once_and_then_one_after_the_other() {
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
        assert_eq!(rate.allowance(at(7_000)), 10, "what is not used is not kept for longer than a second");
        assert!(Rate::new(0).is_none());
    }
}
