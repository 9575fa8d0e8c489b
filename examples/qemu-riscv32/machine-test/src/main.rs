//! Firmware that tests the flash, the resets and the watchdog of the machine.
//!
//! `-append test.first=ACTION` is what it does after a power-on, and `test.then=ACTION` what it does after a reset: `panic`,
//! `exception`, `reset`, `hang`, `flash`, `wear`. Without an action it waits.

#![no_std]
#![no_main]

use embassy_executor::Spawner;
use embassy_time::{Duration, Instant, Timer};
use embedded_storage::nor_flash::{NorFlash as _, NorFlashErrorKind, ReadNorFlash as _};
use log::info;
use qemu_machine::{Boot, Executor, Flash, ResetReason, Watchdog, reset};

qemu_machine::app_descriptor!();

/// A byte sequence that a test finds in an image and changes, to tell two images from each other.
#[used]
static MARK: [u8; 8] = *b"MARK = A";

/// Timeout of the watchdog, in s.
const TIMEOUT: u64 = 2;
/// Offset of a sector that no partition has.
const FREE: u32 = 0xF000;

/// Runs the test that the command line names.
#[riscv_rt::entry]
fn start(_hart: usize, description: usize) -> ! {
    // SAFETY: this is the first call, with the argument from QEMU.
    let (boot, network) = unsafe { qemu_machine::start(description) };
    // It is not used, but the machine cannot give the network device back.
    core::mem::forget(network);
    Executor::run(|spawner: Spawner| spawner.spawn(run(boot).expect("task pool exhausted")))
}

#[embassy_executor::task]
async fn run(boot: Boot) {
    let watchdog = Watchdog::start(Duration::from_secs(TIMEOUT));
    // Volatile, because the image may be patched.
    // SAFETY: it reads a static.
    let mark = unsafe { core::ptr::read_volatile(&raw const MARK) }[7];
    let slot = boot.slot().map_or('-', |slot| if slot == 0 { '0' } else { '1' });
    let reason = boot.reset_reason();
    info!("Image {} runs in slot {slot} after {reason}", char::from(mark));
    let name = if reason == ResetReason::PowerOn { "test.first=" } else { "test.then=" };
    match boot.value(name) {
        Some("panic") => panic!("as the test wants"),
        // SAFETY: it never returns, because the machine has no memory there.
        Some("exception") => unsafe {
            core::ptr::read_volatile(16 as *const u32);
        },
        Some("reset") => reset(),
        Some("hang") => loop {
            core::hint::spin_loop();
        },
        Some("flash") => test_flash(boot),
        Some("wear") => wear(boot, &watchdog),
        _ => {}
    }
    let mut seconds = 0;
    loop {
        watchdog.feed();
        Timer::after_secs(1).await;
        seconds += 1;
        info!("Still runs after {seconds} s");
    }
}

/// Tests that the flash behaves as a chip's.
fn test_flash(boot: Boot) {
    let mut flash = Flash::take(boot);
    assert_eq!(flash.capacity(), 4 << 20);
    let mut page = [0; 512];
    let erased = time(|| flash.erase(FREE, FREE + 4096));
    flash.read(FREE, &mut page).expect("cannot read");
    assert_eq!(page, [0xff; 512]);
    let written = time(|| flash.write(FREE + 128, &[0xf0; 256]));
    flash.write(FREE + 128, &[0x3f; 4]).expect("cannot write again");
    flash.read(FREE + 124, &mut page[..12]).expect("cannot read");
    assert_eq!(page[..12], [0xff, 0xff, 0xff, 0xff, 0x30, 0x30, 0x30, 0x30, 0xf0, 0xf0, 0xf0, 0xf0]);
    info!("Erased in {erased} us, written in {written} us");

    for (offset, length) in [(FREE + 1, 4), (FREE, 3)] {
        let refused = flash.write(offset, &page[..length]);
        assert_eq!(refused, Err(NorFlashErrorKind::NotAligned));
        let refused = flash.read(offset, &mut page[..length]);
        assert_eq!(refused, Err(NorFlashErrorKind::NotAligned));
    }
    assert_eq!(flash.erase(FREE, FREE + 256), Err(NorFlashErrorKind::NotAligned));
    assert_eq!(flash.erase(4 << 20, (4 << 20) + 4096), Err(NorFlashErrorKind::OutOfBounds));
    assert_eq!(flash.erase(FREE, FREE - 4096), Err(NorFlashErrorKind::OutOfBounds));
    info!("The flash is as a chip's");
}

/// Writes and erases a sector until the power is cut.
fn wear(boot: Boot, watchdog: &Watchdog) {
    let mut flash = Flash::take(boot);
    info!("Wears the flash");
    loop {
        watchdog.feed();
        flash.write(FREE, &[0; 4096]).expect("cannot write");
        flash.erase(FREE, FREE + 4096).expect("cannot erase");
    }
}

/// Returns how long an operation took, in µs.
fn time(operation: impl FnOnce() -> Result<(), NorFlashErrorKind>) -> u64 {
    let start = Instant::now();
    operation().expect("the flash failed");
    start.elapsed().as_micros()
}
