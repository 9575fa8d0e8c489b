//! How many lines of the log tell of refusals: a flood of refused requests is not to flood the log.

use crate::time::Instant;

/// Lines in each second.
const LINES_PER_SECOND: u32 = 20;

/// What was told lately.
#[derive(Debug, Default)]
pub(crate) struct LogRateLimit {
    /// Since the device's clock began.
    second: u64,
    lines: u32,
    left_out: u64,
}

impl LogRateLimit {
    /// Whether there may be another line; then, how many there would have been since the last one.
    pub(crate) fn allow(&mut self, now: Instant) -> Option<u64> {
        let second = now.as_millis() / 1000;
        if second != self.second {
            (self.second, self.lines) = (second, 0);
        }
        if self.lines == LINES_PER_SECOND {
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
        let mut told = LogRateLimit::default();
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
}
