//! Registers of the machine `virt` of QEMU.

use core::fmt::{self, Write};
use core::ptr::{NonNull, read_volatile, write_volatile};
use qemu_flash::{FLASH_ADDRESS, FLASH_SIZE, HAND_OVER_ADDRESS, HandOver};
use virtio_drivers::transport::DeviceType;
use virtio_drivers::transport::mmio::MmioTransport;

const POWER: usize = 0x0010_0000;
const CLINT_TIMER_AT: usize = 0x0200_4000;
const CLINT_TIME: usize = 0x0200_BFF8;
const PLIC: usize = 0x0C00_0000;
const UART: usize = 0x1000_0000;
/// Length of the UART's send FIFO, in bytes.
pub const UART_ROOM: usize = 16;
/// Number of the UART's interrupt.
pub const SERIAL_INTERRUPT: usize = 10;
/// Address of the first of eight virtio slots, each of 4 KiB.
///
/// Slot n has the interrupt n + 1.
const VIRTIO: usize = 0x1000_1000;
const VIRTIO_SIZE: usize = 0x1000;

/// A virtio slot.
#[derive(Clone, Copy)]
pub struct VirtioPlace(usize);

impl VirtioPlace {
    /// Returns all slots.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..8).map(Self)
    }

    /// Returns the registers of the device, if it is of that kind.
    pub fn transport(self, kind: DeviceType) -> Option<MmioTransport<'static>> {
        // The kind is checked first, because dropping a transport resets its device, which another caller may use.
        if read(self.address() + 8) != kind as u32 {
            return None;
        }
        let registers = NonNull::new(self.address() as *mut _)?;
        // SAFETY: the machine has these registers, and they are otherwise used only to acknowledge interrupts.
        unsafe { MmioTransport::new(registers, VIRTIO_SIZE) }.ok()
    }

    /// Returns the number of the slot's interrupt.
    pub fn interrupt(self) -> usize {
        self.0 + 1
    }

    fn address(self) -> usize {
        VIRTIO + self.0 * VIRTIO_SIZE
    }
}

fn read(address: usize) -> u32 {
    // SAFETY: only called with the registers above, which exist.
    unsafe { read_volatile(address as *const u32) }
}

fn write(address: usize, value: u32) {
    // SAFETY: only called with the registers above, none of which changes memory of this program.
    unsafe { write_volatile(address as *mut u32, value) }
}

/// Returns the time since the machine was switched on, in units of 0.1 µs.
pub fn time() -> u64 {
    loop {
        let high = read(CLINT_TIME + 4);
        let low = read(CLINT_TIME);
        if high == read(CLINT_TIME + 4) {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

/// Sets the time of the next timer interrupt.
pub fn interrupt_at(time: u64) {
    // The maximum is written first, so that no early interrupt occurs between the two writes.
    write(CLINT_TIMER_AT + 4, u32::MAX);
    write(CLINT_TIMER_AT, time as u32);
    write(CLINT_TIMER_AT + 4, (time >> 32) as u32);
}

/// Enables the interrupts of a device.
pub fn enable_interrupt(number: usize) {
    write(PLIC + 4 * number, 1);
    write(PLIC + 0x2000, read(PLIC + 0x2000) | 1 << number);
    write(PLIC + 0x20_0000, 0);
}

/// Claims all pending interrupts, and calls the function with the number of each.
pub fn take_interrupts(each: impl Fn(usize)) {
    loop {
        let number = read(PLIC + 0x20_0004);
        if number == 0 {
            return;
        }
        if let Some(place) = VirtioPlace::all().find(|place| place.interrupt() == number as usize) {
            // The interrupt is acknowledged here, and its handler reads the device's queues.
            write(place.address() + 0x64, read(place.address() + 0x60));
        }
        each(number as usize);
        write(PLIC + 0x20_0004, number);
    }
}

/// Returns the device tree from QEMU, which includes the command line.
///
/// # Safety
/// `address` must be the argument from QEMU.
pub unsafe fn description(address: usize) -> &'static [u8] {
    const MAGIC: u32 = 0xd00d_feed;
    // SAFETY: it begins with its magic number and its length, is above all memory of this program, and is never
    // written.
    unsafe {
        let [magic, length] = *(address as *const [u32; 2]);
        if u32::from_be(magic) != MAGIC {
            return &[];
        }
        core::slice::from_raw_parts(address as *const u8, u32::from_be(length) as usize)
    }
}

/// Returns the size of the static memory, and the size of the rest for the stack, in bytes.
pub fn memory() -> (usize, usize) {
    unsafe extern "C" {
        static __sdata: u8;
        static __ebss: u8;
        static _stack_start: u8;
    }
    let (start, end, top) = (&raw const __sdata, &raw const __ebss, &raw const _stack_start);
    (end as usize - start as usize, top as usize - end as usize)
}

/// Restarts the machine, after the serial port has sent everything.
pub fn restart() -> ! {
    const SENT: u8 = 0x40;
    while read_uart(5) & SENT == 0 {}
    end_with(0x7777)
}

/// Returns the memory of the flash, which a reset does not change.
pub fn flash() -> &'static mut [u8; FLASH_SIZE as usize] {
    // SAFETY: this memory exists, the linker does not use it, and only `Flash`, of which there is one, calls this. Any
    // bytes are valid.
    unsafe { &mut *(FLASH_ADDRESS as *mut [u8; FLASH_SIZE as usize]) }
}

/// Returns the words that the boot stub left.
pub fn hand_over() -> HandOver {
    // SAFETY: this memory exists, and the linker does not use it. Any words are valid.
    unsafe { read_volatile(HAND_OVER_ADDRESS as *const HandOver) }
}

/// Leaves words for the boot stub.
pub fn set_hand_over(words: HandOver) {
    // SAFETY: as above.
    unsafe { write_volatile(HAND_OVER_ADDRESS as *mut HandOver, words) }
}

/// Switches the machine off, with 1 as QEMU's exit code.
pub fn switch_off() -> ! {
    end_with(1 << 16 | 0x3333)
}

fn end_with(command: u32) -> ! {
    write(POWER, command);
    loop {
        core::hint::spin_loop();
    }
}

/// Enables the receive interrupt and the FIFOs of the serial port.
pub fn listen_to_serial() {
    write_uart(2, 1);
    ask_for_room(true);
}

/// Enables or disables the send interrupt of the serial port.
///
/// The receive interrupt stays enabled.
pub fn ask_for_room(wanted: bool) {
    write_uart(1, 1 | u8::from(wanted) << 1);
}

/// Returns the number of bytes that the serial port accepts now.
pub fn serial_room() -> usize {
    if read_uart(5) & 0x20 == 0 { 0 } else { UART_ROOM }
}

/// Writes a byte. The FIFO must have room.
pub fn write_serial(byte: u8) {
    write_uart(0, byte);
}

/// Reads a received byte, if there is one.
pub fn read_serial() -> Option<u8> {
    (read_uart(5) & 1 == 1).then(|| read_uart(0))
}

fn read_uart(register: usize) -> u8 {
    // SAFETY: these are the registers of the serial port, of one byte each.
    unsafe { read_volatile((UART + register) as *const u8) }
}

fn write_uart(register: usize, value: u8) {
    // SAFETY: as above; none of them changes memory of this program.
    unsafe { write_volatile((UART + register) as *mut u8, value) }
}

/// The serial port as a blocking writer.
pub struct Serial;

impl Serial {
    /// Waits for room in the FIFO, and writes a byte.
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
