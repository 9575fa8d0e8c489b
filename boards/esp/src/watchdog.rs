//! The watchdog: a device that hangs, or that has said why it cannot go on, starts anew.

use embassy_executor::{SpawnError, SpawnToken};
use embassy_time::Timer;
use esp_hal::peripherals::TIMG0;
use esp_hal::time::Duration;
use esp_hal::timer::timg::{MwdtStage, Wdt};

/// How long nothing may happen, in seconds. The radio takes one or two to start.
const PATIENCE: u64 = 10;
/// In seconds.
const FEED_EVERY: u64 = 2;

/// Starts it. The task that comes is to be run with all others: it feeds the watchdog for as long as tasks have their turns.
pub fn start(mut watchdog: Wdt<TIMG0<'static>>) -> Result<SpawnToken<impl Sized>, SpawnError> {
    watchdog.enable();
    watchdog.set_timeout(MwdtStage::Stage0, Duration::from_secs(PATIENCE));
    watchdog.feed();
    feed(watchdog)
}

#[embassy_executor::task]
async fn feed(mut watchdog: Wdt<TIMG0<'static>>) -> ! {
    loop {
        watchdog.feed();
        Timer::after_secs(FEED_EVERY).await;
    }
}
