//! Memory in place of a flash.
//!
//! Its content survives a reset of the machine, but not the end of QEMU.

use crate::registers;
use embedded_storage_async::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashErrorKind, ReadNorFlash,
};
use portable_atomic::{AtomicBool, Ordering};

/// Size of a page, in bytes.
const PAGE: usize = 4096;
/// Number of pages.
const PAGES: usize = 4;
const SIZE: usize = PAGE * PAGES;

/// A flash of 16 KiB.
pub struct Flash(&'static mut [u8; SIZE]);

impl Flash {
    /// Takes the flash of the machine.
    ///
    /// # Panics
    /// If it was taken before.
    pub fn take() -> Self {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        assert!(!TAKEN.swap(true, Ordering::Relaxed), "the flash was taken twice");
        let bytes = registers::flash();
        // New memory has zeroes, but an erased flash has ones.
        if bytes.iter().all(|byte| *byte == 0) {
            bytes.fill(0xff);
        }
        Self(bytes)
    }

    /// Returns the end of the flash.
    pub fn end(&self) -> u32 {
        SIZE as u32
    }

    fn part(&mut self, from: u32, length: usize) -> Result<&mut [u8], NorFlashErrorKind> {
        let from = from as usize;
        self.0.get_mut(from..from.saturating_add(length)).ok_or(NorFlashErrorKind::OutOfBounds)
    }
}

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        bytes.copy_from_slice(self.part(offset, bytes.len())?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        SIZE
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        let length = to.checked_sub(from).ok_or(NorFlashErrorKind::OutOfBounds)?;
        self.part(from, length as usize)?.fill(0xff);
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        // Writing only clears bits, as in a flash.
        for (old, new) in self.part(offset, bytes.len())?.iter_mut().zip(bytes) {
            *old &= new;
        }
        Ok(())
    }
}

impl MultiwriteNorFlash for Flash {}
