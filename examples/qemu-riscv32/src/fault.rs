//! Images that fail, for tests of updates.
//!
//! A test changes a byte of the image, so each of them is the same program.

use core::hint::black_box;
use instep::Device;
use instep_qemu::Fault;

/// Mark that a test finds in an image. Its last byte is the fault.
static MARK: [u8; 9] = *b"FAULT = -";

/// Fails as the image says. Call this before the device serves anyone.
pub fn fail() {
    match fault() {
        b'P' => panic!("as the test wants"),
        b'H' => loop {
            core::hint::spin_loop();
        },
        b'N' => instep_qemu::leave_out(Fault::Network),
        b'D' => instep_qemu::leave_out(Fault::Driver),
        _ => {}
    }
}

/// Runs a check that fails, if the image says so.
pub async fn check(device: &Device) {
    if fault() == b'C' {
        device.confirm_when(async || false).await;
    }
}

fn fault() -> u8 {
    // The compiler must not know the value.
    black_box(&MARK)[8]
}
