//! Limit to lines of the log about one matter, so that a flood of it does not flood the log.

use crate::time::Instant;

/// Limit to lines about refusals: 20 in each second.
pub(crate) type Refusals = LogRateLimit<20, 1_000>;

/// Limit to lines of the log: at most `LINES` in `PERIOD_MS`, which begins with the first of them.
#[derive(Debug, Default)]
pub struct LogRateLimit<const LINES: u32, const PERIOD_MS: u64> {
    /// End of the period.
    end: Instant,
    lines: u32,
    left_out: u64,
}

impl<const LINES: u32, const PERIOD_MS: u64> LogRateLimit<LINES, PERIOD_MS> {
    /// Whether there may be another line; then, how many there would have been since the last one.
    pub fn allow(&mut self, now: Instant) -> Option<u64> {
        if now >= self.end {
            (self.end, self.lines) = (now.after(PERIOD_MS), 0);
        }
        if self.lines == LINES {
            self.left_out += 1;
            return None;
        }
        self.lines += 1;
        Some(core::mem::take(&mut self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_in_each_second_and_the_others_are_counted() {
        let mut told = Refusals::default();
        let mut flood = |now: u64| {
            let now = Instant::from_millis(now);
            (0..100).filter_map(|_| told.allow(now)).collect::<std::vec::Vec<_>>()
        };
        assert_eq!(flood(0), [0; 20]);
        assert_eq!(flood(999), []);
        let next = flood(1000);
        assert_eq!((next.len(), next[0], next[1]), (20, 180, 0));
        assert_eq!(flood(9_000)[0], 80);
        assert_eq!(flood(9_999), []);
    }

    #[test]
    fn period_begins_with_its_first_line() {
        let mut limit = LogRateLimit::<1, 5_000>::default();
        let told =
            [700, 5_000, 5_699, 5_700, 10_000, 10_700].map(|now| limit.allow(Instant::from_millis(now)));
        assert_eq!(told, [Some(0), None, None, Some(2), None, Some(1)]);
    }
}
