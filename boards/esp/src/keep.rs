//! The settings, in the flash's partition `instep`, and the button that clears them.

use crate::log;
use ::log::{error, info, warn};
use embassy_embedded_hal::adapter::BlockingAsync;
use embassy_futures::select::{Either3, select3};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, Instant, Timer};
use esp_bootloader_esp_idf::partitions::{PARTITION_TABLE_MAX_LEN, read_partition_table};
use esp_hal::gpio::Input;
use esp_hal::peripherals::FLASH;
use esp_storage::FlashStorage;
use instep_settings::{FlashStorage as Storage, Saver, Settings};

/// The partition's name.
const PARTITION: &str = "instep";
/// How long the button is held to clear the settings.
const HELD: Duration = Duration::from_secs(10);
/// How often the button is looked at.
const LOOK: Duration = Duration::from_millis(50);

type Flash = BlockingAsync<FlashStorage<'static>>;

/// Stores the settings; none if there is no place for them.
pub type Keeper = Option<Saver<'static, Storage<Flash>>>;

static SAVE: Signal<CriticalSectionRawMutex, ()> = Signal::new();
static SAVED: Signal<CriticalSectionRawMutex, bool> = Signal::new();
static RESET: Signal<CriticalSectionRawMutex, ()> = Signal::new();

/// Reads the settings. Whatever it finds, the device can run.
pub async fn open(settings: &'static Settings, flash: FLASH<'static>) -> Keeper {
    let mut flash = FlashStorage::new(flash);
    let range = match find(&mut flash) {
        Some(range) => range,
        None => {
            warn!(
                "There is no partition `{PARTITION}`: nothing is kept. `cargo xtask flash BOARD --erase` makes the partitions"
            );
            return None;
        }
    };
    let storage = match Storage::new(BlockingAsync::new(flash), range) {
        Ok(storage) => storage,
        Err(error) => {
            warn!("Nothing is kept: {error}");
            return None;
        }
    };
    let (saver, opened) = Saver::open(settings, storage).await;
    if opened.is_worth_a_line() {
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

/// Saves now, because a person waits for it. The answer is whether it is stored.
pub async fn save() -> bool {
    SAVED.reset();
    SAVE.signal(());
    SAVED.wait().await
}

/// Saves what changes, for ever.
#[embassy_executor::task]
pub async fn run(settings: &'static Settings, mut keeper: Keeper) -> ! {
    loop {
        let due = keeper.as_ref().and_then(Saver::due);
        let change = async {
            match due {
                Some(due) => Timer::at(Instant::from_millis(due)).await,
                None => settings.changed().await,
            }
        };
        match select3(change, SAVE.wait(), RESET.wait()).await {
            Either3::First(()) => {
                if let Some(saver) = &mut keeper
                    && let Err(error) = saver.turn(Instant::now().as_millis()).await
                {
                    error!("The settings are not stored: {error}");
                }
            }
            Either3::Second(()) => {
                let saved = match &mut keeper {
                    Some(saver) => saver
                        .save()
                        .await
                        .inspect_err(|error| error!("The settings are not stored: {error}"))
                        .is_ok(),
                    None => false,
                };
                SAVED.signal(saved);
            }
            Either3::Third(()) => {
                if let Some(saver) = &mut keeper
                    && let Err(error) = saver.reset().await
                {
                    error!("The settings are not cleared: {error}");
                }
                log::flush();
                esp_hal::system::software_reset();
            }
        }
    }
}

/// Clears the settings when the button is held for 10 s, for ever.
#[embassy_executor::task]
pub async fn watch_button(button: Input<'static>) -> ! {
    let mut since = None;
    loop {
        Timer::after(LOOK).await;
        if button.is_high() {
            since = None;
            continue;
        }
        let begin = *since.get_or_insert_with(|| {
            info!("The button is held: after {} s all settings are cleared", HELD.as_secs());
            Instant::now()
        });
        if begin.elapsed() >= HELD {
            warn!("All settings are cleared; the device starts anew");
            RESET.signal(());
            core::future::pending::<()>().await;
        }
    }
}
