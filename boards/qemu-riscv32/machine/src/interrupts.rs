//! Interrupts of devices.

use crate::{log, network, registers};

/// Lets interrupts through.
pub fn enable() {
    registers::enable_interrupt(registers::SERIAL_INTERRUPT);
    registers::listen_to_serial();
    // SAFETY: all that the handlers use is set up.
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
