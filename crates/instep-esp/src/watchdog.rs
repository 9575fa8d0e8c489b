//! The watchdog, which restarts a device that hangs or has panicked.

use embassy_executor::{SpawnError, SpawnToken};
use embassy_time::Timer;
use esp_hal::peripherals::TIMG0;
use esp_hal::time::Duration;
use esp_hal::timer::timg::{MwdtStage, Wdt};

/// Timeout of the watchdog, in s.
///
/// All tasks of the firmware are one task of the scheduler, with the lowest priority, and wait while the radio's task
/// runs. That task runs longest when it derives a key from a WPA password (PBKDF2 with 4,096 rounds), for 1 s or more
/// without a pause. It does so when the device's own network opens for the first time, and when a network is joined.
/// Meanwhile, lines of the log stay in the ring.
const TIMEOUT: u64 = 10;
/// Interval of feeding the watchdog, in s.
const FEED_INTERVAL: u64 = 2;
/// Maximum time for which the radio's task runs without a pause, in s.
///
/// It is several times that of a key.
const MAX_RADIO_TIME: u64 = 6;

const _: () = assert!(
    FEED_INTERVAL + MAX_RADIO_TIME < TIMEOUT,
    "the watchdog's timeout is shorter than the radio's pause"
);

/// Starts the watchdog, and returns the task that feeds it while tasks run.
pub(crate) fn start(mut watchdog: Wdt<TIMG0<'static>>) -> Result<SpawnToken<impl Sized>, SpawnError> {
    watchdog.enable();
    watchdog.set_timeout(MwdtStage::Stage0, Duration::from_secs(TIMEOUT));
    watchdog.feed();
    feed(watchdog)
}

#[embassy_executor::task]
async fn feed(mut watchdog: Wdt<TIMG0<'static>>) -> ! {
    loop {
        watchdog.feed();
        Timer::after_secs(FEED_INTERVAL).await;
    }
}
