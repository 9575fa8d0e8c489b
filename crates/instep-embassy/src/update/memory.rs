//! Memory of updates.

use instep::update::{Permission, SECTOR, Upload};
use static_cell::ConstStaticCell;

/// Memory of updates, for a `static`.
///
/// It holds one sector of an image between its client and the flash.
pub struct UpdateMemory {
    pub(super) upload: Upload,
    pub(super) sector: ConstStaticCell<Sector>,
}

/// A sector, aligned to words, because esp-storage otherwise copies it through the stack.
#[repr(align(4))]
pub(super) struct Sector(pub(super) [u8; SECTOR]);

impl UpdateMemory {
    /// Creates unused memory for a device whose clients have this permission.
    pub const fn new(permission: Permission) -> Self {
        Self { upload: Upload::new(permission), sector: ConstStaticCell::new(Sector([0; SECTOR])) }
    }
}
