//! The flash, as an object that is shared.

use crate::Refusal;
use crate::layout::{SECTOR, SECTOR_SIZE};
use core::cell::RefCell;
use embedded_storage::nor_flash::MultiwriteNorFlash;

/// Flash of a device: a [`RefCell`] with a [`MultiwriteNorFlash`] whose words have at most 4 bytes, and whose sectors have
/// 4096 bytes.
///
/// The settings use the same flash, so it is borrowed for one operation at a time. Updates take it as an object, so their
/// code has no type parameter. A flash with other words or sectors is an error of the compiler.
pub trait Flash {
    /// Returns the size of the flash, in bytes.
    fn capacity(&self) -> usize;

    /// Reads whole words.
    ///
    /// # Errors
    /// [`Refusal::FlashFailed`].
    fn read(&self, offset: u32, bytes: &mut [u8]) -> Result<(), Refusal>;

    /// Clears the bits of whole words that are zeroes in `bytes`.
    ///
    /// # Errors
    /// [`Refusal::FlashFailed`].
    fn write(&self, offset: u32, bytes: &[u8]) -> Result<(), Refusal>;

    /// Sets all bits of the sector at an offset.
    ///
    /// # Errors
    /// [`Refusal::FlashFailed`].
    fn erase(&self, offset: u32) -> Result<(), Refusal>;
}

impl<F: MultiwriteNorFlash> Flash for RefCell<F> {
    fn capacity(&self) -> usize {
        const {
            assert!(4 % F::WRITE_SIZE == 0 && 4 % F::READ_SIZE == 0, "the words of the flash are too large");
            assert!(F::ERASE_SIZE == SECTOR_SIZE, "the sectors of the flash have not 4096 bytes");
        }
        self.try_borrow().map_or(0, |flash| flash.capacity())
    }

    fn read(&self, offset: u32, bytes: &mut [u8]) -> Result<(), Refusal> {
        with(self, |flash| flash.read(offset, bytes))
    }

    fn write(&self, offset: u32, bytes: &[u8]) -> Result<(), Refusal> {
        with(self, |flash| flash.write(offset, bytes))
    }

    fn erase(&self, offset: u32) -> Result<(), Refusal> {
        with(self, |flash| flash.erase(offset, offset + SECTOR))
    }
}

fn with<F, E>(flash: &RefCell<F>, operation: impl FnOnce(&mut F) -> Result<(), E>) -> Result<(), Refusal> {
    // Nobody borrows the flash across operations.
    let mut flash = flash.try_borrow_mut().map_err(|_| Refusal::FlashFailed)?;
    operation(&mut flash).map_err(|_| Refusal::FlashFailed)
}
