//! Storage of the settings in the flash, and the button that clears them.

use crate::flash::{Flash, SETTINGS as PARTITION};
use crate::lines;
use crate::log;
use core::ops::Range;
use esp_hal::gpio::Input;
use instep_settings::{FlashStorage as Storage, Saver, Settings};
use instep_wifi::setup::SetUp;

/// Saver of the settings, or `None` without a usable partition.
pub(crate) type Keeper = Option<Saver<'static, Storage<Flash>>>;

/// Reads the settings. The device runs with defaults if that fails.
pub(crate) async fn open(settings: &'static Settings, flash: Flash, place: Option<Range<u32>>) -> Keeper {
    let Some(place) = place else {
        lines::warn(format_args!(
            "Settings are not kept: the flash has no partition `{PARTITION}`; a partition table with it must be flashed"
        ));
        return None;
    };
    let storage = match Storage::new(flash, place) {
        Ok(storage) => storage,
        Err(error) => {
            lines::warn(format_args!("Settings are not kept: {error}"));
            return None;
        }
    };
    let (saver, opened) = Saver::open(settings, storage).await;
    if opened.is_warning() {
        lines::warn(format_args!("{opened}"));
    }
    Some(saver)
}

/// Saves changes of the settings, and never returns.
#[embassy_executor::task]
pub(crate) async fn store(set_up: &'static SetUp, keeper: Keeper) -> ! {
    instep_wifi::setup::store(set_up, keeper).await
}

/// Clears the settings when the button is held, and restarts the device.
#[embassy_executor::task]
pub(crate) async fn watch_button(button: Input<'static>, set_up: &'static SetUp) -> ! {
    instep_wifi::setup::reset_when_held(set_up, || button.is_low()).await;
    restart()
}

/// Writes the lines of the log that wait, then restarts the chip.
pub fn restart() -> ! {
    log::flush();
    esp_hal::system::software_reset()
}
