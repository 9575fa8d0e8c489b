//! The machine `virt` of QEMU, for firmware on embassy.
//!
//! It has a clock, a network device, a serial port, random numbers, boot arguments, a flash and a watchdog.
//!
//! Firmware calls `start` first, and then `Executor::run`.

//!
//! On other targets this crate is empty.

#![no_std]
#![cfg(target_arch = "riscv32")]

mod boot;
mod clock;
mod descriptor;
mod dma;
mod executor;
mod flash;
mod interrupts;
mod log;
mod network;
mod random;
mod registers;
mod reset;
mod transport;
mod watchdog;

pub use boot::Boot;
pub use descriptor::AppDescriptor;
pub use dma::FRAMES;
pub use executor::{Executor, instructions};
pub use flash::Flash;
pub use log::log_also_to;
pub use network::{NEIGHBORS, Network, run_network, user_network};
pub use qemu_flash::{CHIP, FLASH_SIZE, OTADATA, ResetReason, SETTINGS, SLOTS};
pub use random::{random, random_array};
pub use registers::memory;
pub use reset::reset;
pub use watchdog::Watchdog;

/// Starts the log, the clock and the devices, and enables interrupts.
///
/// # Safety
/// Call it once, before all other functions, with the argument from QEMU.
///
/// # Panics
/// If QEMU was started without `-device virtio-net-device` or without `-device virtio-rng-device`.
pub unsafe fn start(description: usize) -> (Boot, Network) {
    let start = reset::start();
    log::start();
    // SAFETY: the caller passes the argument from QEMU.
    let boot = Boot::new(unsafe { registers::description(description) }, start);
    random::start();
    let network = network::find().expect("QEMU was started without -device virtio-net-device");
    interrupts::enable();
    (boot, network)
}
