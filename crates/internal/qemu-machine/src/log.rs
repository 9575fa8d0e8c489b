//! The log, on the serial port, and the handlers of panics and exceptions.
//!
//! Logging never waits. Lines go into a ring, which the port's interrupts empty. Lines that do not fit are counted.

use crate::executor::{instructions, leave_out};
use crate::registers::{self, Serial, UART_ROOM};
use crate::reset::fail_for;
use core::cell::{Cell, RefCell};
use core::fmt::Arguments;
use core::fmt::Write as _;
use core::panic::PanicInfo;
use critical_section::Mutex;
use instep_log::Ring;
use log::{LevelFilter, Log, Metadata, Record};
use qemu_flash::ResetReason;

/// Capacity of the ring, in bytes.
const RING: usize = 4096;
/// Maximum length of a line, in bytes.
const LINE: usize = 400;

type Lines = Ring<RING, LINE>;

struct SerialLog;

static LOG: SerialLog = SerialLog;
static LINES: Mutex<RefCell<Lines>> = Mutex::new(RefCell::new(Lines::new()));

static LISTENER: Mutex<Cell<Option<Listener>>> = Mutex::new(Cell::new(None));

/// A second destination of each line.
pub type Listener = fn(&Record<'_>);

/// Calls `listener` with each line from now on.
pub fn log_also_to(listener: Listener) {
    critical_section::with(|section| LISTENER.borrow(section).set(Some(listener)));
}

/// Starts the log. Call it before all other functions.
pub fn start() {
    // SAFETY: nothing else logs meanwhile, because there is one hart and interrupts are disabled.
    unsafe {
        // This fails only if the log was started before.
        let _ = log::set_logger_racy(&LOG);
    }
    show(LevelFilter::Info);
}

/// Starts a device of a driver crate, of which only warnings and errors are logged.
pub(crate) fn with_warnings_only<R>(start: impl FnOnce() -> R) -> R {
    show(LevelFilter::Warn);
    let result = start();
    show(LevelFilter::Info);
    result
}

fn show(level: LevelFilter) {
    // SAFETY: there is one hart, and its interrupts do not change the level.
    unsafe { log::set_max_level_racy(level) }
}

/// Handles the interrupt of the serial port, which accepts output or has input.
///
/// The input `i` requests the number of instructions so far.
pub fn on_serial() {
    let used = instructions();
    let is_request = core::iter::from_fn(registers::read_serial).filter(|byte| *byte == b'i').count() > 0;
    if is_request {
        leave_out(|| log::info!("Instructions: {used}"));
    }
    critical_section::with(|section| write_some(&mut LINES.borrow_ref_mut(section)));
}

/// Writes as much as the serial port accepts now.
fn write_some(lines: &mut Lines) {
    let mut portion = [0; UART_ROOM];
    let length = lines.take(&mut portion[..registers::serial_room()]);
    portion[..length].iter().for_each(|byte| registers::write_serial(*byte));
    registers::ask_for_room(!lines.is_empty());
}

impl Log for SerialLog {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let listener = critical_section::with(|section| {
            let mut lines = LINES.borrow_ref_mut(section);
            lines.add(*record.args());
            write_some(&mut lines);
            LISTENER.borrow(section).get()
        });
        if let Some(listener) = listener {
            listener(record);
        }
    }

    fn flush(&self) {}
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    end_with(format_args!("{info}"));
    fail_for(ResetReason::Panic)
}

/// Disables interrupts, and writes all lines that wait, and a last one.
pub fn end_with(last: Arguments<'_>) {
    riscv::interrupt::disable();
    critical_section::with(|section| {
        // If the ring is borrowed, its holder panicked.
        if let Ok(mut lines) = LINES.borrow(section).try_borrow_mut() {
            let mut byte = [0];
            while lines.take(&mut byte) > 0 {
                Serial.write_byte(byte[0]);
            }
        }
    });
    let _ = writeln!(Serial, "{last}");
}

/// Handles an exception of the processor, such as an access to an invalid address.
// SAFETY: riscv-rt calls this function by its name, and nothing else has this name.
#[unsafe(export_name = "ExceptionHandler")]
fn on_exception(_: &riscv_rt::TrapFrame) -> ! {
    let (cause, at) = (riscv::register::mcause::read().code(), riscv::register::mepc::read());
    panic!("exception {cause} of the processor at {at:#x}, with {:#x}", riscv::register::mtval::read())
}
