//! Parts of a device that a test leaves out, to see an update fail.

use core::sync::atomic::{AtomicU8, Ordering};

/// Part of a device that does not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fault {
    /// All parts start.
    None,
    /// The network stack, so the device gets no address.
    Network,
    /// The driver, so no request is answered.
    Driver,
}

static FAULT: AtomicU8 = AtomicU8::new(Fault::None as u8);

/// Leaves out a part of the device. Call this before the application waits for the first time.
pub fn leave_out(fault: Fault) {
    FAULT.store(fault as u8, Ordering::Relaxed);
}

/// Returns whether a part starts.
pub fn starts(part: Fault) -> bool {
    FAULT.load(Ordering::Relaxed) != part as u8
}
