//! Throttle of repeated log lines.

use std::time::Duration;
use tokio::time::Instant;

/// The log is told no more often than this.
const LOG_INTERVAL: Duration = Duration::from_secs(5);

/// How often the log is told of what goes on for long.
#[derive(Debug, Default)]
pub(crate) struct LogThrottle {
    last: Option<Instant>,
}

impl LogThrottle {
    /// Returns whether the line is due now, and counts it as logged if so.
    pub(crate) fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let due = self.last.is_none_or(|last| now >= last + LOG_INTERVAL);
        if due {
            self.last = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
