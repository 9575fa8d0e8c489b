//! How often the log is told of one and the same thing.

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
    /// Whether it is to be told now.
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
    async fn the_log_is_told_every_five_seconds() {
        let mut complaint = LogThrottle::default();
        let mut told = Vec::new();
        for at in 0..1250 {
            if complaint.is_due() {
                told.push(at);
            }
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        assert_eq!(told, [0, 500, 1000]);
    }
}
