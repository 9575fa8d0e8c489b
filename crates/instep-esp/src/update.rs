//! Firmware updates over HTTP, and the trial of a new image.

use crate::config::UPDATE_PERMISSION;
use crate::flash::Slots;
use crate::lines;
use crate::settings;
use embassy_executor::Spawner;
use embassy_net::Stack;
use esp_hal::ram;
use instep::Device;
use instep_embassy::update::{
    Chip, Descriptor, Firmware, Flash, Identity, Image, Network, ResetReason, Times, UpdateMemory,
};
use instep_wifi::setup::SetUp;
use portable_atomic::{AtomicU32, Ordering};

static MEMORY: UpdateMemory = UpdateMemory::new();

/// Value of [`MARK`] after a panic.
const PANICKED: u32 = 0x7061_6e69;
/// Mark that survives a reset, but not a loss of power.
#[ram(unstable(rtc_fast, persistent))]
static MARK: AtomicU32 = AtomicU32::new(0);

/// Chip of this build.
const CHIP: Chip = if cfg!(feature = "esp32") {
    Chip::ESP32
} else if cfg!(feature = "esp32c3") {
    Chip::ESP32C3
} else if cfg!(feature = "esp32c6") {
    Chip::ESP32C6
} else if cfg!(feature = "esp32s2") {
    Chip::ESP32S2
} else {
    Chip::ESP32S3
};

/// Facts about the image, which the expansion of [`start!`](crate::start!) declares.
pub trait UpdateBuild {
    /// Returns the identity of the image.
    fn identity() -> &'static Identity;
}

/// Returns the descriptor of the image.
pub const fn descriptor(board: &str, application: &str) -> Descriptor {
    Descriptor::new(board, application, env!("CARGO_PKG_VERSION"))
}

/// Returns the identity of an image with this version and descriptor.
pub const fn identity(version: &str, descriptor: &Descriptor) -> Identity {
    Identity::new(CHIP, version, descriptor)
}

/// Opens the images. If this one is on trial, counts this start; restarts into the old one if the trial has failed.
///
/// Call this after the start of the watchdog, before all else that may fail. Returns `None` without a second slot.
pub(crate) fn start(
    flash: &'static dyn Flash,
    slots: Option<Slots>,
    identity: &'static Identity,
) -> Option<&'static mut Firmware> {
    let Some(Slots { layout, running }) = slots else {
        lines::warn(format_args!(
            "This device cannot be updated: its partition table has no two slots of which one runs"
        ));
        return None;
    };
    let reset = reset_reason();
    let image = Image {
        identity,
        layout,
        running,
        reset,
        permission: UPDATE_PERMISSION,
        times: &Times::DEFAULT,
        restart: settings::restart,
    };
    let firmware = MEMORY.start(flash, image);
    #[cfg(feature = "signature")]
    if let Some(key) = &crate::config::UPDATE_KEY {
        firmware.require_signature(key);
    }
    Some(firmware)
}

/// Starts [`run`], unless there is no second slot.
///
/// The stacks are those of the joined network and of the device's own. There are none if the radio does not start; an image on
/// trial is given up then.
// Not inlined, because it is called at two places.
#[inline(never)]
pub(crate) fn spawn(
    spawner: Spawner,
    firmware: Option<&'static mut Firmware>,
    stacks: Option<[Stack<'static>; 2]>,
    device: &'static Device,
    set_up: &'static SetUp,
) {
    if let Some(firmware) = firmware {
        let networks =
            stacks.map(|[station, access_point]| [(Network::Joined, station), (Network::Own, access_point)]);
        spawner.spawn(run(firmware, networks, device, set_up).expect("task pool exhausted"));
    }
}

/// Judges this image if it is on trial; then receives images.
#[embassy_executor::task]
async fn run(
    firmware: &'static mut Firmware,
    networks: Option<[(Network, Stack<'static>); 2]>,
    device: &'static Device,
    set_up: &'static SetUp,
) -> ! {
    let save = async || {
        set_up.save().await;
    };
    firmware.run(device, networks.as_ref().map_or(&[], |networks| &networks[..]), save).await
}

/// Returns the reason of the last reset, and forgets a panic.
fn reset_reason() -> ResetReason {
    let has_panicked = MARK.load(Ordering::Relaxed) == PANICKED;
    MARK.store(0, Ordering::Relaxed);
    // The numbers are those of the boot ROM, which all chips share.
    match esp_hal::system::reset_reason().map(|reason| reason as u32) {
        Some(0x01) => ResetReason::PowerOn,
        Some(0x0f) => ResetReason::BrownOut,
        Some(0x03 | 0x0c) if has_panicked => ResetReason::Panic,
        Some(0x03 | 0x0c) => ResetReason::OwnReset,
        Some(0x07 | 0x08 | 0x09 | 0x0b | 0x0d | 0x10 | 0x11 | 0x12) => ResetReason::Watchdog,
        _ => ResetReason::Other,
    }
}

/// Hook of esp-backtrace, which calls it after it has printed a panic.
// SAFETY: esp-backtrace calls this function by its name, and nothing else has this name.
#[cfg(feature = "backtrace")]
#[expect(unsafe_code, reason = "esp-backtrace finds the function by its name")]
#[unsafe(no_mangle)]
fn custom_halt() -> ! {
    MARK.store(PANICKED, Ordering::Relaxed);
    esp_hal::system::software_reset()
}
