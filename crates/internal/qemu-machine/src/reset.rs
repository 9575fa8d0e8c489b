//! Starts by the boot stub, and resets with a reason.

use crate::registers;
use portable_atomic::{AtomicBool, Ordering};
use qemu_flash::{HandOver, ResetReason};

/// Whether the boot stub started this program, so that a reset starts it anew.
static BY_STUB: AtomicBool = AtomicBool::new(false);

/// How this program was started.
#[derive(Clone, Copy)]
pub struct Start {
    /// Number of the slot with this program; `None` if QEMU loaded it from an ELF file.
    pub slot: Option<u32>,
    /// Reason for this start.
    pub reason: ResetReason,
}

/// Returns how this program was started. Call it once, before all other functions.
pub fn start() -> Start {
    let words = registers::hand_over();
    let by_stub = words.launched == HandOver::LAUNCHED;
    BY_STUB.store(by_stub, Ordering::Relaxed);
    // Without a stub nobody moves the reason to its place.
    let reason = if by_stub { words.reason } else { words.next };
    registers::set_hand_over(HandOver::default());
    Start { slot: by_stub.then_some(words.slot), reason: ResetReason::from_word(reason) }
}

/// Restarts the machine. Its flash keeps its content.
pub fn reset() -> ! {
    reset_for(ResetReason::Software)
}

/// Restarts the machine after a failure if the boot stub started it; else ends QEMU, with 1 as its exit code.
pub fn fail_for(reason: ResetReason) -> ! {
    if BY_STUB.load(Ordering::Relaxed) { reset_for(reason) } else { registers::switch_off() }
}

fn reset_for(reason: ResetReason) -> ! {
    registers::set_hand_over(HandOver { next: reason.word(), ..HandOver::default() });
    registers::restart()
}
