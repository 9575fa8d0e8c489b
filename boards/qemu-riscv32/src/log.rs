//! The log, and what is said when the program cannot go on: on the serial port.

use crate::machine::{Serial, switch_off};
use core::fmt::Write as _;
use core::panic::PanicInfo;
use log::{Level, LevelFilter, Log, Metadata, Record};

struct SerialLog;

static LOG: SerialLog = SerialLog;

/// Starts the log. To be called first of all.
pub fn start() {
    // SAFETY: there is one hart, and no interrupt is let through yet, so nobody logs meanwhile.
    unsafe {
        // It fails only if it has been started before.
        let _ = log::set_logger_racy(&LOG);
        log::set_max_level_racy(LevelFilter::Info);
    }
}

impl Log for SerialLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // The crates below tell how they start.
        metadata.target().starts_with("instep") || metadata.level() <= Level::Warn
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            // The serial port takes everything.
            let _ = writeln!(Serial, "{}", record.args());
        }
    }

    fn flush(&self) {}
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let _ = writeln!(Serial, "{info}");
    switch_off(false)
}

/// Whatever the processor cannot do: a wild pointer, or no program where it jumped.
// SAFETY: this is the name under which riscv-rt looks for it, and nothing else has it.
#[unsafe(export_name = "ExceptionHandler")]
fn on_exception(_: &riscv_rt::TrapFrame) -> ! {
    let (cause, at) = (riscv::register::mcause::read().code(), riscv::register::mepc::read());
    panic!(
        "the processor cannot go on: exception {cause} at {at:#x}, with {:#x}",
        riscv::register::mtval::read()
    )
}
