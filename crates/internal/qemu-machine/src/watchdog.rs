//! A watchdog, which restarts a device that hangs.
//!
//! QEMU's machine has none, so the timer's interrupt checks whether it was fed. It finds a task that hangs, but not a
//! program that hangs while interrupts are disabled, nor one whose interrupts have no handlers. A chip's watchdog finds
//! both.

use crate::{log, registers, reset};
use core::cell::Cell;
use critical_section::Mutex;
use embassy_time::Duration;
use qemu_flash::ResetReason;

/// Time at which the watchdog restarts the machine, in units of 0.1 µs.
static DEADLINE: Mutex<Cell<u64>> = Mutex::new(Cell::new(u64::MAX));

/// The watchdog of the machine.
pub struct Watchdog {
    timeout: Duration,
}

impl Watchdog {
    /// Starts the watchdog, which restarts the machine unless it is fed again within that time.
    ///
    /// Without a boot stub it ends QEMU, as a panic does.
    pub fn start(timeout: Duration) -> Self {
        let watchdog = Self { timeout };
        watchdog.feed();
        // The timer interrupts at once, and its handler sets the time of the next check.
        registers::interrupt_at(0);
        watchdog
    }

    /// Feeds the watchdog.
    pub fn feed(&self) {
        let deadline = registers::time() + self.timeout.as_ticks();
        critical_section::with(|section| DEADLINE.borrow(section).set(deadline));
    }
}

/// Returns the time of the next check.
pub fn deadline() -> u64 {
    critical_section::with(|section| DEADLINE.borrow(section).get())
}

/// Handles the timer's interrupt.
pub fn check() {
    if registers::time() >= deadline() {
        log::end_with(format_args!("The watchdog was not fed"));
        reset::fail_for(ResetReason::Watchdog)
    }
}
