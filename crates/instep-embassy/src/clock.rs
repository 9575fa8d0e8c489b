//! Clock of the server, from embassy-time.

use instep::Instant;

/// Returns the time since the start of the device, in whole milliseconds.
pub(crate) fn now() -> Instant {
    Instant::from_millis(embassy_time::Instant::now().as_millis())
}
