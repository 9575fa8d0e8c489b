//! Throttle of repeated log lines.

use crate::clock::now;
use instep::driver::LogRateLimit;
use tokio::time::Instant;

/// Limit for log lines about a lasting condition: one line every 5 s.
#[derive(Debug)]
pub(crate) struct LogThrottle {
    epoch: Instant,
    limit: LogRateLimit<1, 5_000>,
}

impl LogThrottle {
    /// Returns whether the line is due now, and counts it as logged if so.
    pub(crate) fn is_due(&mut self) -> bool {
        self.limit.allow(now(self.epoch)).is_some()
    }
}

impl Default for LogThrottle {
    fn default() -> Self {
        Self { epoch: Instant::now(), limit: LogRateLimit::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn line_is_due_every_five_seconds() {
        let mut throttle = LogThrottle::default();
        let mut due = Vec::new();
        for i in 0..1250 {
            if throttle.is_due() {
                due.push(i);
            }
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        assert_eq!(due, [0, 500, 1000]);
    }
}
