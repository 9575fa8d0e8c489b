//! The clock of embassy-time, for clients.

use instep::Instant;

/// The time as drivers tell it to their clients.
pub(crate) fn now() -> Instant {
    Instant::from_millis(embassy_time::Instant::now().as_millis())
}
