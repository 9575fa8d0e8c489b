//! The machine `virt` of QEMU: its registers, each reached in one place.

use core::fmt::{self, Write};
use core::ptr::{read_volatile, write_volatile};

const POWER: usize = 0x0010_0000;
const CLINT_TIMER_AT: usize = 0x0200_4000;
const CLINT_TIME: usize = 0x0200_BFF8;
const PLIC: usize = 0x0C00_0000;
const UART: usize = 0x1000_0000;
/// The first of eight places for virtio devices, each 4 KiB; the interrupt of the n-th is n + 1.
const VIRTIO: usize = 0x1000_1000;
const VIRTIO_SIZE: usize = 0x1000;

/// A place for a virtio device.
#[derive(Clone, Copy)]
pub struct VirtioPlace(usize);

impl VirtioPlace {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..8).map(Self)
    }

    /// Where its registers are.
    pub fn address(self) -> usize {
        VIRTIO + self.0 * VIRTIO_SIZE
    }

    /// How many bytes they take.
    pub fn size(self) -> usize {
        VIRTIO_SIZE
    }

    fn interrupt(self) -> usize {
        self.0 + 1
    }
}

fn read(address: usize) -> u32 {
    // SAFETY: only called with the registers above, which the machine has.
    unsafe { read_volatile(address as *const u32) }
}

fn write(address: usize, value: u32) {
    // SAFETY: only called with the registers above, none of which changes memory that Rust knows of.
    unsafe { write_volatile(address as *mut u32, value) }
}

/// Tenths of microseconds since the machine was switched on.
pub fn time() -> u64 {
    loop {
        let high = read(CLINT_TIME + 4);
        let low = read(CLINT_TIME);
        if high == read(CLINT_TIME + 4) {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

/// Asks for an interrupt at that time, instead of what was asked for before.
pub fn interrupt_at(time: u64) {
    // Not earlier in between.
    write(CLINT_TIMER_AT + 4, u32::MAX);
    write(CLINT_TIMER_AT, time as u32);
    write(CLINT_TIMER_AT + 4, (time >> 32) as u32);
}

/// Lets the interrupts of a device through.
pub fn enable_interrupt(place: VirtioPlace) {
    write(PLIC + 4 * place.interrupt(), 1);
    write(PLIC + 0x2000, read(PLIC + 0x2000) | 1 << place.interrupt());
    write(PLIC + 0x20_0000, 0);
}

/// Takes the interrupts of all devices that have one.
pub fn take_interrupts() {
    loop {
        let number = read(PLIC + 0x20_0004);
        if number == 0 {
            return;
        }
        if let Some(place) = VirtioPlace::all().find(|place| place.interrupt() == number as usize) {
            // What happened is acknowledged; who cares looks at its queues.
            write(place.address() + 0x64, read(place.address() + 0x60));
        }
        write(PLIC + 0x20_0004, number);
    }
}

/// The description of the machine, which QEMU leaves in memory: a device tree, with its command line.
///
/// # Safety
/// `address` is what QEMU started the machine with.
pub unsafe fn description(address: usize) -> &'static [u8] {
    const MAGIC: u32 = 0xd00d_feed;
    // SAFETY: it begins with a number that marks it, and its length. It lies above all that this program uses, and
    // nobody writes to it.
    unsafe {
        let [magic, length] = *(address as *const [u32; 2]);
        if u32::from_be(magic) != MAGIC {
            return &[];
        }
        core::slice::from_raw_parts(address as *const u8, u32::from_be(length) as usize)
    }
}

/// Bytes of memory that are in use for good, and bytes that are left for the stack.
pub fn memory() -> (usize, usize) {
    unsafe extern "C" {
        static __sdata: u8;
        static __ebss: u8;
        static _stack_start: u8;
    }
    let (start, end, top) = (&raw const __sdata, &raw const __ebss, &raw const _stack_start);
    (end as usize - start as usize, top as usize - end as usize)
}

/// Switches the machine off; QEMU's exit status says whether all was well.
pub fn switch_off(well: bool) -> ! {
    write(POWER, if well { 0x5555 } else { 1 << 16 | 0x3333 });
    loop {
        core::hint::spin_loop();
    }
}

/// The serial port.
pub struct Serial;

impl Write for Serial {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: the registers of the serial port, a byte each; the fifth says when the first takes a byte.
            unsafe {
                while read_volatile((UART + 5) as *const u8) & 0x20 == 0 {}
                write_volatile(UART as *mut u8, byte);
            }
        }
        Ok(())
    }
}
