//! Storage of the settings in the flash, and the button that clears them.

use crate::log;
use ::log::warn;
use embassy_embedded_hal::adapter::BlockingAsync;
use esp_bootloader_esp_idf::partitions::{PARTITION_TABLE_MAX_LEN, read_partition_table};
use esp_hal::gpio::Input;
use esp_hal::peripherals::FLASH;
use esp_storage::FlashStorage;
use instep_settings::{FlashStorage as Storage, Saver, Settings};
use instep_wifi::setup::SetUp;

/// Name of the partition.
const PARTITION: &str = "instep";

/// Saver of the settings, or `None` without a usable partition.
pub(crate) type Keeper = Option<Saver<'static, Storage<BlockingAsync<FlashStorage<'static>>>>>;

/// Reads the settings. The device runs with defaults if that fails.
pub(crate) async fn open(settings: &'static Settings, flash: FLASH<'static>) -> Keeper {
    let mut flash = FlashStorage::new(flash);
    let Some(range) = find(&mut flash) else {
        warn!(
            "Settings are not kept: the flash has no partition `{PARTITION}`; a partition table with it must be flashed"
        );
        return None;
    };
    let storage = match Storage::new(BlockingAsync::new(flash), range) {
        Ok(storage) => storage,
        Err(error) => {
            warn!("Settings are not kept: {error}");
            return None;
        }
    };
    let (saver, opened) = Saver::open(settings, storage).await;
    if opened.is_warning() {
        warn!("{opened}");
    }
    Some(saver)
}

fn find(flash: &mut FlashStorage<'_>) -> Option<core::ops::Range<u32>> {
    let mut bytes = [0; PARTITION_TABLE_MAX_LEN];
    let table = read_partition_table(flash, &mut bytes).ok()?;
    let partition = table.iter().find(|partition| partition.label_as_str() == PARTITION)?;
    Some(partition.offset()..partition.offset() + partition.len())
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
