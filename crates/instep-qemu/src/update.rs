//! Firmware updates, and persistent properties in the same flash.

use core::cell::RefCell;
use embassy_embedded_hal::adapter::BlockingAsync;
use embassy_embedded_hal::flash::partition::BlockingPartition;
use embassy_executor::Spawner;
use embassy_futures::block_on;
use embassy_futures::select::{Either3, select3};
use embassy_net::Stack;
use embassy_sync::blocking_mutex::raw::{CriticalSectionRawMutex, NoopRawMutex};
use embassy_sync::blocking_mutex::{Mutex, NoopMutex};
use embassy_sync::signal::Signal;
use embassy_time::{Duration, Instant, Timer};
use instep::update::Permission;
use instep::{Device, Inbox};
use instep_embassy::Server;
use instep_embassy::update::{
    Chip, Descriptor, Firmware, Identity, Image, Layout, Network, Partition as Place, PublicKey, ResetReason,
    Slot, Times, UpdateMemory,
};
use instep_settings::{FlashStorage, Kept, Saver, Settings};
use qemu_machine::{Boot, CHIP, Flash, OTADATA, SETTINGS as SETTINGS_IN_FLASH, SLOTS, Watchdog, reset};
use static_cell::StaticCell;

/// Name of the board.
const BOARD: &str = "qemu-riscv32";
/// Times of a trial. They are shorter than those of a chip, because nobody carries this machine to another network.
const TIMES: Times = Times::all(10_000);
/// Timeout of the watchdog.
const WATCHDOG: Duration = Duration::from_secs(5);
/// Interval at which the watchdog is fed.
const FEED_EVERY: Duration = Duration::from_secs(1);
/// Places in the flash.
const LAYOUT: Layout = match Layout::new(place(&OTADATA), [place(&SLOTS[0]), place(&SLOTS[1])]) {
    Ok(layout) => layout,
    Err(_) => panic!("the machine has no second slot"),
};

/// The whole flash, for the settings. It is borrowed for one operation at a time, in one executor.
type Shared = BlockingPartition<'static, NoopRawMutex, Flash>;
type Storage = FlashStorage<BlockingAsync<Shared>>;

static SETTINGS: Settings = Settings::new();
static KEPT: Kept = Kept::by(&SETTINGS);
/// Request to save the settings now, and its answer.
static SAVE: Signal<CriticalSectionRawMutex, ()> = Signal::new();
static SAVED: Signal<CriticalSectionRawMutex, ()> = Signal::new();

/// What the expansion of [`main!`](crate::main) says of the image.
pub trait UpdateBuild {
    /// What the image is.
    const IDENTITY: &'static Identity;
    /// Clients that may update the device, from `INSTEP_UPDATE`.
    const PERMISSION: Permission;
    /// Key from `INSTEP_UPDATE_KEY`.
    const KEY: Option<PublicKey>;

    /// Returns the memory of updates.
    fn updates() -> &'static UpdateMemory;
}

/// Returns the descriptor of the image.
pub const fn descriptor(application: &str) -> Descriptor {
    Descriptor::new(BOARD, application, env!("CARGO_PKG_VERSION"))
}

/// Returns what an image with this version and descriptor is.
pub const fn identity(version: &str, descriptor: &Descriptor) -> Identity {
    Identity::new(Chip(CHIP), version, descriptor)
}

/// Updates and persistent properties of a machine with a flash.
pub struct Updates {
    watchdog: Watchdog,
    firmware: &'static mut Firmware,
    saver: Saver<'static, Storage>,
}

impl Updates {
    /// Opens the flash, if the boot stub started the machine. Call this first of all.
    ///
    /// Without the stub the program is in no slot, so it cannot be replaced.
    pub fn start<B: UpdateBuild>(boot: Boot) -> Option<Self> {
        static FLASH: StaticCell<NoopMutex<RefCell<Flash>>> = StaticCell::new();
        let running = if boot.slot()? == 0 { Slot::Ota0 } else { Slot::Ota1 };
        let watchdog = Watchdog::start(WATCHDOG);
        let flash: &'static NoopMutex<_> = FLASH.init(Mutex::new(RefCell::new(Flash::take(boot))));
        let reset_reason = match boot.reset_reason() {
            qemu_machine::ResetReason::PowerOn => ResetReason::PowerOn,
            qemu_machine::ResetReason::Software => ResetReason::OwnReset,
            qemu_machine::ResetReason::Panic => ResetReason::Panic,
            qemu_machine::ResetReason::Watchdog => ResetReason::Watchdog,
        };
        let image = Image {
            identity: B::IDENTITY,
            layout: LAYOUT,
            running,
            reset: reset_reason,
            permission: B::PERMISSION,
            times: &TIMES,
            restart: reset,
        };
        let firmware = B::updates().start(flash.borrow(), image);
        if let Some(key) = const { &B::KEY } {
            firmware.require_signature(key);
        }
        // No operation of this flash waits for anything.
        let settings = Shared::new(flash, 0, qemu_machine::FLASH_SIZE);
        let storage = FlashStorage::new(BlockingAsync::new(settings), SETTINGS_IN_FLASH)
            .expect("the flash has too few pages");
        let (saver, opened) = block_on(Saver::open(&SETTINGS, storage));
        if opened.is_warning() {
            log::warn!("{opened}");
        }
        Some(Self { watchdog, firmware, saver })
    }

    /// Returns the server with the route `/firmware`, and lets the application persist its properties.
    pub fn add_to(&self, server: Server, inbox: &mut Inbox<'static>) -> Server {
        inbox.keep_in(&KEPT);
        server.with_update(self.firmware.upload())
    }

    /// Starts the tasks.
    pub fn run(self, spawner: Spawner, device: &'static Device, stack: Stack<'static>) {
        spawner.spawn(feed(self.watchdog).expect("task pool exhausted"));
        spawner.spawn(keep(self.saver).expect("task pool exhausted"));
        spawner.spawn(update(self.firmware, device, stack).expect("task pool exhausted"));
    }
}

#[embassy_executor::task]
async fn feed(watchdog: Watchdog) -> ! {
    loop {
        watchdog.feed();
        Timer::after(FEED_EVERY).await;
    }
}

#[embassy_executor::task]
async fn update(firmware: &'static mut Firmware, device: &'static Device, stack: Stack<'static>) -> ! {
    let save = async || {
        SAVE.signal(());
        SAVED.wait().await;
    };
    firmware.run(device, &[(Network::Joined, stack)], save).await
}

/// Saves changes of the settings.
#[embassy_executor::task]
async fn keep(mut saver: Saver<'static, Storage>) -> ! {
    loop {
        let due = saver.due().map_or(Instant::MAX, Instant::from_millis);
        let saved = match select3(SAVE.wait(), Timer::at(due), SETTINGS.changed()).await {
            Either3::First(()) => {
                let saved = saver.save().await;
                SAVED.signal(());
                saved
            }
            _ => saver.turn(Instant::now().as_millis()).await,
        };
        if let Err(error) = saved {
            log::error!("The settings are not stored: {error}");
        }
    }
}

const fn place(range: &core::ops::Range<u32>) -> Place {
    Place { offset: range.start, size: range.end - range.start }
}
