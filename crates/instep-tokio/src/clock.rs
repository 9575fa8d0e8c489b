//! The clock of a server.

use instep::Instant;

/// Returns the time since `epoch`, in whole milliseconds.
pub(crate) fn now(epoch: tokio::time::Instant) -> Instant {
    Instant::from_millis(u64::try_from(epoch.elapsed().as_millis()).unwrap_or(u64::MAX))
}
