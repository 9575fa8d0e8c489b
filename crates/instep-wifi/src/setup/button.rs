//! The button that clears the settings.

use super::provisioning::SetUp;
use crate::lines;
use embassy_time::{Duration, Instant, Timer};

/// Time for which the button must be held to clear the settings.
pub const HELD: Duration = Duration::from_secs(10);
/// Interval of polling the button.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Clears the settings once the button was held for 10 s ([`HELD`]) without a break, and returns.
///
/// Restart the device then, even if the storage could not be cleared, which is logged.
pub async fn reset_when_held(set_up: &SetUp, mut is_held: impl FnMut() -> bool) {
    let mut since = None;
    loop {
        Timer::after(POLL_INTERVAL).await;
        if !is_held() {
            since = None;
            continue;
        }
        let since = *since.get_or_insert_with(|| {
            lines::info(format_args!(
                "The button is held: all settings are cleared after {} s",
                HELD.as_secs()
            ));
            Instant::now()
        });
        if since.elapsed() >= HELD {
            break;
        }
    }
    if set_up.reset().await {
        lines::warn(format_args!("All settings are cleared: the device starts anew"));
    } else {
        lines::error(format_args!("The settings could not be cleared: the device starts anew"));
    }
}
