//! Interrupts of the devices.

use crate::{log, network, registers};

/// Enables interrupts.
pub fn enable() {
    registers::enable_interrupt(registers::SERIAL_INTERRUPT);
    registers::listen_to_serial();
    // SAFETY: everything that the handlers use is initialised.
    unsafe {
        riscv::register::mie::set_mtimer();
        riscv::register::mie::set_mext();
        riscv::interrupt::enable();
    }
}

#[riscv_rt::core_interrupt(riscv::interrupt::Interrupt::MachineExternal)]
fn on_device() {
    registers::take_interrupts(|number| {
        if number == registers::SERIAL_INTERRUPT {
            log::on_serial();
        } else {
            network::on_frames();
        }
    });
}
