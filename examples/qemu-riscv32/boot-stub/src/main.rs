//! A boot loader for `qemu-system-riscv32 -M virt`, which starts the image in one of two slots of the flash.
//!
//! It follows the rules of ESP-IDF's boot loader (`bootloader_utility.c`), and shares no code with the updates that are
//! tested by it:
//!
//! * The entry of `otadata` with the higher sequence number selects the slot. An entry with a wrong checksum, and an entry
//!   whose state is `Invalid` or `Aborted`, do not count. Without any, slot 0 is tried first.
//! * An image starts only if its chip, its segments, its checksum and its hash are right. Else the other slot is tried,
//!   and `otadata` stays as it is.
//! * With `-append instep.rollback=on`, `New` becomes `PendingVerify` before the first start, and `PendingVerify` becomes
//!   `Aborted` at the next one. Without it, only an erased `otadata` is written: it names the slot that starts.
//!
//! The image finds the number of its slot, and the reason of the reset, in [`HandOver`]. If no slot has an image, QEMU ends
//! with status 1, in place of a chip's resets without an end.

#![no_std]
#![no_main]

mod image;
mod machine;
mod otadata;

use machine::{Memory, Serial, switch_off};
use otadata::Otadata;
use qemu_flash::{HandOver, ResetReason, SLOTS};

// The machine starts here.
core::arch::global_asm!(".section .jump, \"ax\"", "lui t0, %hi(_start)", "jr t0");

/// Chooses a slot, and starts its image.
#[riscv_rt::entry]
fn main(hart: usize, description: usize) -> ! {
    // SAFETY: this is the only `Memory`, and the description is the argument from QEMU.
    let mut memory = unsafe { Memory::take(description) };
    let reason = ResetReason::from_word(memory.hand_over().next);
    let rollback = memory.has_argument("instep.rollback=on");
    Serial
        .line(format_args!("boot: reset reason {reason}, rollback {}", if rollback { "on" } else { "off" }));

    let mut otadata = Otadata::read(memory.flash());
    let first = otadata.select(memory.flash(), rollback);
    for slot in [first, 1 - first] {
        match image::check(&memory.flash()[range(slot)]) {
            Ok(segments) => {
                otadata.name_slot_if_erased(memory.flash(), slot);
                let words = HandOver {
                    launched: HandOver::LAUNCHED,
                    slot: slot as u32,
                    reason: reason.word(),
                    next: ResetReason::PowerOn.word(),
                };
                memory.set_hand_over(words);
                Serial.line(format_args!("boot: slot {slot} starts"));
                // SAFETY: this program is outside of the memory for programs, and needs nothing of it.
                unsafe { memory.start(range(slot), segments, hart, description) }
            }
            Err(problem) => Serial.line(format_args!("boot: slot {slot} does not load: {problem}")),
        }
    }
    Serial.line(format_args!("boot: no slot has an image"));
    switch_off()
}

fn range(slot: usize) -> core::ops::Range<usize> {
    SLOTS[slot].start as usize..SLOTS[slot].end as usize
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    Serial.line(format_args!("boot: {info}"));
    switch_off()
}

// SAFETY: riscv-rt calls this function by its name, and nothing else has this name.
#[unsafe(export_name = "ExceptionHandler")]
fn on_exception(_: &riscv_rt::TrapFrame) -> ! {
    panic!("exception {} at {:#x}", riscv::register::mcause::read().code(), riscv::register::mepc::read())
}
