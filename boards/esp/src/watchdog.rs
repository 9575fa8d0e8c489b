//! The watchdog: a device that hangs, or that has said why it cannot go on, starts anew.

use embassy_executor::{SpawnError, SpawnToken};
use embassy_time::Timer;
use esp_hal::peripherals::TIMG0;
use esp_hal::time::Duration;
use esp_hal::timer::timg::{MwdtStage, Wdt};

/// How long nothing may happen, in seconds.
///
/// All our tasks are one task of the scheduler, with its lowest priority, and they wait while the radio's own task works. That
/// works longest when it makes a key from the password of a WPA network (PBKDF2 with 4,096 rounds, a second or more, without a
/// pause): of its own network when that opens for the first time, and of one that it joins. The log waits in its ring
/// meanwhile, and goes on behind it.
const PATIENCE: u64 = 10;
/// In seconds.
const FEED_EVERY: u64 = 2;
/// How long the radio may work without a pause, in seconds: several times what a key takes.
const RADIO: u64 = 6;

const _: () = assert!(FEED_EVERY + RADIO < PATIENCE, "the watchdog has to wait for the radio");

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
