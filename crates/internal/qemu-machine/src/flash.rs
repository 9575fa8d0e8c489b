//! Memory in place of a flash of 4 MB.
//!
//! Its content survives a reset of the machine, and the end of QEMU if QEMU keeps the RAM in a file.

use crate::{Boot, registers};
use embedded_storage::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, NorFlashErrorKind, ReadNorFlash};
use portable_atomic::{AtomicBool, Ordering};
use qemu_flash::{FLASH_SIZE, PAGE, SECTOR};

/// Size of a word, the smallest part that is read or written, in bytes.
const WORD: usize = 4;
/// Duration of erasing a sector, in units of 0.1 µs: 45 ms, as in a chip.
const ERASE_TIME: u64 = 450_000;
/// Duration of writing a page, in units of 0.1 µs: 0.7 ms, as in a chip.
const WRITE_TIME: u64 = 7_000;
/// Number of steps in which a sector is erased. A power loss between two of them leaves it half erased.
const ERASE_STEPS: usize = 16;

/// A flash of 4 MB.
///
/// It takes the time of a chip's, and keeps interrupts disabled meanwhile, because a chip runs from the same flash. With
/// `-append instep.flash=instant` it takes no time.
pub struct Flash {
    bytes: &'static mut [u8; FLASH_SIZE as usize],
    is_instant: bool,
}

impl Flash {
    /// Takes the flash of the machine.
    ///
    /// # Panics
    /// If it was taken before.
    pub fn take(boot: Boot) -> Self {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        assert!(!TAKEN.swap(true, Ordering::Relaxed), "the flash was taken twice");
        let bytes = registers::flash();
        // New memory has zeroes, but an erased flash has ones.
        if bytes.iter().all(|byte| *byte == 0) {
            bytes.fill(0xff);
        }
        Self { bytes, is_instant: boot.value("instep.flash=") == Some("instant") }
    }

    /// Returns a part of the flash that begins and ends at multiples of `unit`.
    fn part(&mut self, from: u32, length: usize, unit: usize) -> Result<&mut [u8], NorFlashErrorKind> {
        let from = from as usize;
        let part = self.bytes.get_mut(from..from.saturating_add(length));
        let part = part.ok_or(NorFlashErrorKind::OutOfBounds)?;
        if from.is_multiple_of(unit) && length.is_multiple_of(unit) {
            Ok(part)
        } else {
            Err(NorFlashErrorKind::NotAligned)
        }
    }
}

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = WORD;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        bytes.copy_from_slice(self.part(offset, bytes.len(), WORD)?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        FLASH_SIZE as usize
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = SECTOR as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        let pause = pause(self.is_instant, ERASE_TIME / ERASE_STEPS as u64);
        let length = to.checked_sub(from).ok_or(NorFlashErrorKind::OutOfBounds)?;
        let part = self.part(from, length as usize, Self::ERASE_SIZE)?;
        critical_section::with(|_| {
            for step in part.chunks_mut(Self::ERASE_SIZE / ERASE_STEPS) {
                step.fill(0xff);
                pause();
            }
        });
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let pause = pause(self.is_instant, WRITE_TIME);
        let part = self.part(offset, bytes.len(), WORD)?;
        critical_section::with(|_| {
            let first = (PAGE as usize - offset as usize % PAGE as usize).min(bytes.len());
            let (first, rest) = (part.split_at_mut(first), bytes.split_at(first));
            write_page(first.0, rest.0, &pause);
            for (page, bytes) in first.1.chunks_mut(PAGE as usize).zip(rest.1.chunks(PAGE as usize)) {
                write_page(page, bytes, &pause);
            }
        });
        Ok(())
    }
}

impl MultiwriteNorFlash for Flash {}

/// Writes a page or a part of it. Writing only clears bits, as in a flash.
fn write_page(page: &mut [u8], bytes: &[u8], pause: &impl Fn()) {
    if !bytes.is_empty() {
        for (old, new) in page.iter_mut().zip(bytes) {
            *old &= new;
        }
        pause();
    }
}

/// Returns a function that waits that long, in units of 0.1 µs, unless the flash is instant.
fn pause(is_instant: bool, time: u64) -> impl Fn() {
    move || {
        let end = registers::time() + time;
        while !is_instant && registers::time() < end {}
    }
}
