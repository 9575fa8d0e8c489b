//! Rate limit of log lines about refusals.

use crate::time::Instant;

/// Maximum number of lines in each second.
const LINES_PER_SECOND: u32 = 20;

/// Number of lines in the current second, and of lines left out.
#[derive(Debug, Default)]
pub(crate) struct LogRateLimit {
    /// The current second of the device's clock.
    second: u64,
    lines: u32,
    left_out: u64,
}

impl LogRateLimit {
    /// Counts a line.
    ///
    /// Returns `None` if it must be left out, else how many were left out since the last one.
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
    fn lines_above_20_a_second_are_left_out_and_counted() {
        let mut limit = LogRateLimit::default();
        let mut flood = |now: u64| {
            let now = Instant::from_millis(now);
            (0..100).filter_map(|_| limit.allow(now)).collect::<std::vec::Vec<_>>()
        };
        assert_eq!(flood(0), [0; 20]);
        assert_eq!(flood(999), []);
        let next = flood(1000);
        assert_eq!((next.len(), next[0], next[1]), (20, 180, 0));
        assert_eq!(flood(9_000)[0], 80);
        assert_eq!(flood(9_999), []);
    }
}
