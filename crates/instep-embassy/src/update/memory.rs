//! Memory of updates.

use super::firmware::Firmware;
use instep::update::{SECTOR, Upload};
use static_cell::{ConstStaticCell, StaticCell};

/// Memory of updates, for a `static`. All of it is zero until it is used, so it takes no space in the image.
///
/// It holds one sector of an image between its client and the flash.
pub struct UpdateMemory {
    pub(super) upload: StaticCell<Upload>,
    pub(super) sector: ConstStaticCell<Sector>,
    pub(super) firmware: StaticCell<Firmware>,
}

/// A sector, aligned to words, because esp-storage otherwise copies it through the stack.
#[repr(align(4))]
pub(super) struct Sector(pub(super) [u8; SECTOR]);

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
}
