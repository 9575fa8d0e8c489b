//! The flash, as an object.

use crate::Refusal;
use crate::layout::{SECTOR, SECTOR_SIZE};
use embedded_storage::nor_flash::MultiwriteNorFlash;

/// Flash of a device: each [`MultiwriteNorFlash`] with words of at most 4 bytes and sectors of 4096 bytes.
///
/// Updates take it as an object, so their code has no type parameter. For another flash, the conversion is an error of
/// the compiler.
pub trait Flash {
    /// Returns the size of the flash, in bytes.
    fn capacity(&self) -> usize;

    /// Reads whole words.
    ///
    /// # Errors
    /// [`Refusal::FlashFailed`].
    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Refusal>;

    /// Clears the bits of whole words that are zeroes in `bytes`.
    ///
    /// # Errors
    /// [`Refusal::FlashFailed`].
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Refusal>;

    /// Sets all bits of the sector at an offset.
    ///
    /// # Errors
    /// [`Refusal::FlashFailed`].
    fn erase(&mut self, offset: u32) -> Result<(), Refusal>;
}

impl<F: MultiwriteNorFlash> Flash for F {
    fn capacity(&self) -> usize {
        const {
            assert!(4 % F::WRITE_SIZE == 0 && 4 % F::READ_SIZE == 0, "the words of the flash are too large");
            assert!(F::ERASE_SIZE == SECTOR_SIZE, "the sectors of the flash have not 4096 bytes");
        }
        F::capacity(self)
    }

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Refusal> {
        F::read(self, offset, bytes).map_err(|_| Refusal::FlashFailed)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Refusal> {
        F::write(self, offset, bytes).map_err(|_| Refusal::FlashFailed)
    }

    fn erase(&mut self, offset: u32) -> Result<(), Refusal> {
        F::erase(self, offset, offset + SECTOR).map_err(|_| Refusal::FlashFailed)
    }
}
