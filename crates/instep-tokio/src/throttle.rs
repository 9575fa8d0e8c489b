//! How often the log is told of one and the same thing.

use crate::clock::now;
use instep::driver::LogRateLimit;
use tokio::time::Instant;

/// Limit to lines of the log about what goes on for long: one every 5 s.
#[derive(Debug)]
pub(crate) struct LogThrottle {
    epoch: Instant,
    limit: LogRateLimit<1, 5_000>,
}

impl LogThrottle {
    /// Whether it is to be told now.
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
