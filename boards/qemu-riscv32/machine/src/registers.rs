//! The machine `virt` of QEMU: its registers, each reached in one place.

use core::fmt::{self, Write};
use core::ptr::{NonNull, read_volatile, write_volatile};
use virtio_drivers::transport::DeviceType;
use virtio_drivers::transport::mmio::MmioTransport;

const POWER: usize = 0x0010_0000;
const CLINT_TIMER_AT: usize = 0x0200_4000;
const CLINT_TIME: usize = 0x0200_BFF8;
const PLIC: usize = 0x0C00_0000;
const UART: usize = 0x1000_0000;
/// Bytes that it takes at once when it has none.
pub const UART_ROOM: usize = 16;
/// The number of its interrupt.
pub const SERIAL_INTERRUPT: usize = 10;
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

    /// The registers of the device, if it is of that kind.
    pub fn transport(self, kind: DeviceType) -> Option<MmioTransport<'static>> {
        // A transport that is dropped resets its device, so none is made of one that another has.
        if read(self.address() + 8) != kind as u32 {
            return None;
        }
        let registers = NonNull::new(self.address() as *mut _)?;
        // SAFETY: the machine has these registers, and nobody else uses them but to acknowledge interrupts.
        unsafe { MmioTransport::new(registers, VIRTIO_SIZE) }.ok()
    }

    /// The number of its interrupt.
    pub fn interrupt(self) -> usize {
        self.0 + 1
    }

    fn address(self) -> usize {
        VIRTIO + self.0 * VIRTIO_SIZE
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
pub fn enable_interrupt(number: usize) {
    write(PLIC + 4 * number, 1);
    write(PLIC + 0x2000, read(PLIC + 0x2000) | 1 << number);
    write(PLIC + 0x20_0000, 0);
}

/// Takes the interrupts of all devices that have one, and tells the number of each.
pub fn take_interrupts(each: impl Fn(usize)) {
    loop {
        let number = read(PLIC + 0x20_0004);
        if number == 0 {
            return;
        }
        if let Some(place) = VirtioPlace::all().find(|place| place.interrupt() == number as usize) {
            // What happened is acknowledged; who cares looks at its queues.
            write(place.address() + 0x64, read(place.address() + 0x60));
        }
        each(number as usize);
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

/// Starts the machine anew. What is in its flash stays.
pub fn reset() -> ! {
    write(POWER, 0x7777);
    loop {
        core::hint::spin_loop();
    }
}

/// Memory that the program is not loaded to, and that a reset leaves as it is.
pub fn flash<const SIZE: usize>() -> &'static mut [u8; SIZE] {
    const AT: usize = 0x8070_0000;
    const { assert!(SIZE <= 1 << 20, "behind it is a page that QEMU may have put there") }
    // SAFETY: the machine has this memory, the linker knows nothing of it, and only `Flash`, of which there is one, asks for
    // it. Any bytes are bytes.
    unsafe { &mut *(AT as *mut [u8; SIZE]) }
}

/// Switches the machine off; QEMU's exit status says whether all was well.
pub fn switch_off(well: bool) -> ! {
    write(POWER, if well { 0x5555 } else { 1 << 16 | 0x3333 });
    loop {
        core::hint::spin_loop();
    }
}

/// Lets the serial port tell when something comes, and take more than a byte at once.
pub fn listen_to_serial() {
    write_uart(2, 1);
    ask_for_room(true);
}

/// Whether the serial port is to tell when it takes more, beside telling that something came.
pub fn ask_for_room(wanted: bool) {
    write_uart(1, 1 | u8::from(wanted) << 1);
}

/// How many bytes the serial port takes now.
pub fn serial_room() -> usize {
    if read_uart(5) & 0x20 == 0 { 0 } else { UART_ROOM }
}

/// Writes a byte, for which there is room.
pub fn write_serial(byte: u8) {
    write_uart(0, byte);
}

/// A byte that came.
pub fn read_serial() -> Option<u8> {
    (read_uart(5) & 1 == 1).then(|| read_uart(0))
}

fn read_uart(register: usize) -> u8 {
    // SAFETY: the registers of the serial port, a byte each.
    unsafe { read_volatile((UART + register) as *const u8) }
}

fn write_uart(register: usize, value: u8) {
    // SAFETY: as above; none of them changes memory that Rust knows of.
    unsafe { write_volatile((UART + register) as *mut u8, value) }
}

/// The serial port, for those who wait for it.
pub struct Serial;

impl Serial {
    /// Writes a byte, and waits until there is room for it.
    pub fn write_byte(&self, byte: u8) {
        while serial_room() == 0 {}
        write_serial(byte);
    }
}

impl Write for Serial {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(|byte| self.write_byte(byte));
        Ok(())
    }
}
