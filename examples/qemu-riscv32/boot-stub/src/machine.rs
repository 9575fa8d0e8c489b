//! Memory and registers of the machine.

use crate::image::Segments;
use core::arch::asm;
use core::fmt::{self, Arguments, Write};
use core::ops::Range;
use core::ptr::{read_volatile, write_volatile};
use qemu_flash::{FLASH_ADDRESS, FLASH_SIZE, HAND_OVER_ADDRESS, HandOver};

const POWER: usize = 0x0010_0000;
const UART: usize = 0x1000_0000;

/// Memory of the machine, outside of this program.
pub struct Memory {
    flash: &'static mut [u8; FLASH_SIZE as usize],
    description: &'static [u8],
}

impl Memory {
    /// Takes the memory.
    ///
    /// # Safety
    /// Call it once, with the argument from QEMU.
    pub unsafe fn take(description: usize) -> Self {
        // SAFETY: the flash is memory that nothing else names. The device tree begins with its magic number and its
        // length, and nothing writes it. Any bytes are valid.
        unsafe {
            let [_, length] = *(description as *const [u32; 2]);
            let length = u32::from_be(length) as usize;
            Self {
                flash: &mut *(FLASH_ADDRESS as *mut [u8; FLASH_SIZE as usize]),
                description: core::slice::from_raw_parts(description as *const u8, length),
            }
        }
    }

    /// Returns the flash.
    pub fn flash(&mut self) -> &mut [u8; FLASH_SIZE as usize] {
        self.flash
    }

    /// Returns whether QEMU's option `-append` has that argument.
    pub fn has_argument(&self, argument: &str) -> bool {
        self.description.windows(argument.len()).any(|window| window == argument.as_bytes())
    }

    /// Returns the words that the last program left.
    pub fn hand_over(&self) -> HandOver {
        // SAFETY: this memory exists, and nothing else names it. Any words are valid.
        unsafe { read_volatile(HAND_OVER_ADDRESS as *const HandOver) }
    }

    /// Leaves words for the next program.
    pub fn set_hand_over(&mut self, words: HandOver) {
        // SAFETY: as above.
        unsafe { write_volatile(HAND_OVER_ADDRESS as *mut HandOver, words) }
    }

    /// Copies the segments of the image in a slot, and jumps to its entry with the arguments from QEMU.
    ///
    /// # Safety
    /// The segments were checked, so they lie in the memory for programs, of which this program needs nothing.
    pub unsafe fn start(self, slot: Range<usize>, segments: Segments, hart: usize, description: usize) -> ! {
        let image = &self.flash[slot];
        for (address, bytes) in segments.iter(image) {
            // SAFETY: the caller upholds it.
            unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), address as *mut u8, bytes.len()) };
        }
        // SAFETY: the entry is in a segment of the image.
        unsafe {
            asm!("fence.i", "jr {}", in(reg) segments.entry, in("a0") hart, in("a1") description, options(noreturn))
        }
    }
}

/// Switches the machine off, with 1 as QEMU's exit code.
pub fn switch_off() -> ! {
    // SAFETY: the machine has this register, which changes no memory.
    unsafe { write_volatile(POWER as *mut u32, 1 << 16 | 0x3333) }
    loop {
        core::hint::spin_loop();
    }
}

/// The serial port.
pub struct Serial;

impl Serial {
    /// Writes a line.
    pub fn line(&mut self, text: Arguments<'_>) {
        // It never fails.
        let _ = writeln!(self, "{text}");
    }
}

impl Write for Serial {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: the machine has these registers, of one byte each, which change no memory.
            unsafe {
                while read_volatile((UART + 5) as *const u8) & 0x20 == 0 {}
                write_volatile(UART as *mut u8, byte);
            }
        }
        Ok(())
    }
}
