//! The clock of a server.

use instep::Instant;

/// The time that clients are told: milliseconds since `epoch`.
pub(crate) fn now(epoch: tokio::time::Instant) -> Instant {
    Instant::from_millis(u64::try_from(epoch.elapsed().as_millis()).unwrap_or(u64::MAX))
}
