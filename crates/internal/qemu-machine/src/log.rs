//! The log, and what is said when the program cannot go on: on the serial port. Nobody waits for it: lines wait in a
//! ring, which the port's interrupts empty, and those that find no room are counted.

use crate::executor::{instructions, leave_out};
use crate::registers::{self, Serial, UART_ROOM, switch_off};
use core::cell::{Cell, RefCell};
use core::fmt::Write as _;
use core::panic::PanicInfo;
use critical_section::Mutex;
use instep_log::Ring;
use log::{Level, LevelFilter, Log, Metadata, Record};

const RING: usize = 4096;
/// A line gets no longer than this.
const LINE: usize = 400;

type Lines = Ring<RING, LINE>;

struct SerialLog;

static LOG: SerialLog = SerialLog;
static LINES: Mutex<RefCell<Lines>> = Mutex::new(RefCell::new(Lines::new()));

static ALSO: Mutex<Cell<Option<Listener>>> = Mutex::new(Cell::new(None));

/// A second destination of each line.
pub type Listener = fn(&Record<'_>);

/// From now on, `listener` is told each line, too.
pub fn log_also_to(listener: Listener) {
    critical_section::with(|section| ALSO.borrow(section).set(Some(listener)));
}

/// Starts the log. To be called first of all.
pub fn start() {
    // SAFETY: there is one hart, and no interrupt is let through yet, so nobody logs meanwhile.
    unsafe {
        // It fails only if it has been started before.
        let _ = log::set_logger_racy(&LOG);
        log::set_max_level_racy(LevelFilter::Info);
    }
}

/// The serial port takes more, or has something: `i` asks how many instructions were used so far.
pub fn on_serial() {
    let used = instructions();
    let asked = core::iter::from_fn(registers::read_serial).filter(|byte| *byte == b'i').count() > 0;
    if asked {
        leave_out(|| log::info!("Instructions: {used}"));
    }
    critical_section::with(|section| give_out(&mut LINES.borrow_ref_mut(section)));
}

/// Gives the serial port what it takes now.
fn give_out(lines: &mut Lines) {
    let mut portion = [0; UART_ROOM];
    let length = lines.take(&mut portion[..registers::serial_room()]);
    portion[..length].iter().for_each(|byte| registers::write_serial(*byte));
    registers::ask_for_room(!lines.is_empty());
}

impl Log for SerialLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // The other lines of the crate for virtio are about how its devices start.
        metadata.level() <= Level::Warn || !metadata.target().starts_with("virtio_drivers")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            critical_section::with(|section| {
                let mut lines = LINES.borrow_ref_mut(section);
                lines.add(*record.args());
                give_out(&mut lines);
            });
            if let Some(listener) = critical_section::with(|section| ALSO.borrow(section).get()) {
                listener(record);
            }
        }
    }

    fn flush(&self) {}
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
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
    let _ = writeln!(Serial, "{info}");
    switch_off()
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
