//! Memory of updates.

use super::lifecycle::{Firmware, Image};
use instep::update::{SECTOR, Upload};
use instep_update::Flash;
use static_cell::{ConstStaticCell, StaticCell};

/// Memory of updates, for a `static`. All of it is zero until it is used, so it takes no space in the image.
///
/// It holds one sector of an image between its client and the flash.
pub struct UpdateMemory {
    upload: StaticCell<Upload>,
    sector: ConstStaticCell<Sector>,
    firmware: StaticCell<Firmware>,
}

/// A sector, aligned to words, because esp-storage otherwise copies it through the stack.
#[repr(align(4))]
struct Sector([u8; SECTOR]);

impl UpdateMemory {
    /// Creates unused memory.
    #[expect(clippy::new_without_default, reason = "it is for statics only")]
    pub const fn new() -> Self {
        Self {
            upload: StaticCell::new(),
            sector: ConstStaticCell::new(Sector([0; SECTOR])),
            firmware: StaticCell::new(),
        }
    }

    /// Opens the flash. If the image is on trial, counts this start.
    ///
    /// Does not return if the trial has failed, but restarts into the old image. Call this once, directly after the watchdog is
    /// started, and before the drivers run.
    // Not inlined, because a start that is a part of `main` is not optimised for size.
    #[inline(never)]
    pub fn start(&'static self, flash: &'static dyn Flash, image: Image) -> &'static mut Firmware {
        let Sector(sector) = self.sector.take();
        let upload: &'static Upload = self.upload.init_with(|| Upload::new(image.permission));
        let firmware = self.firmware.init(Firmware::start(upload.receiver(sector), flash, image));
        firmware.publish();
        firmware
    }
}
