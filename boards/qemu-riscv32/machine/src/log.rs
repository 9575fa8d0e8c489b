//! The log, and what is said when the program cannot go on: on the serial port. Nobody waits for it: lines wait in a
//! ring, which the port's interrupts empty, and those that find no room are counted.

use crate::executor::{instructions, leave_out};
use crate::registers::{self, Serial, switch_off};
use core::cell::{Cell, RefCell};
use core::fmt::{self, Write};
use core::panic::PanicInfo;
use critical_section::Mutex;
use log::{Level, LevelFilter, Log, Metadata, Record};

const RING: usize = 4096;
/// A line gets no longer than this.
const LINE: usize = 400;

struct SerialLog;

static LOG: SerialLog = SerialLog;
static LINES: Mutex<RefCell<Ring>> =
    Mutex::new(RefCell::new(Ring { bytes: [0; RING], start: 0, length: 0, lost: 0 }));

static ALSO: Mutex<Cell<Option<Listener>>> = Mutex::new(Cell::new(None));

/// Somebody who is told each line, too.
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
    critical_section::with(|section| LINES.borrow_ref_mut(section).give_out());
}

/// Lines that wait, one behind the other.
struct Ring {
    bytes: [u8; RING],
    start: usize,
    length: usize,
    /// Lines that found no room.
    lost: usize,
}

impl Ring {
    fn add(&mut self, line: fmt::Arguments<'_>) {
        let before = self.length;
        let told = if self.lost == 0 {
            Ok(())
        } else {
            let lost = self.lost;
            writeln!(Line::new(self), "({lost} lines of the log were lost here)")
        };
        if told.and_then(|()| writeln!(Line::new(self), "{line}")).is_ok() {
            self.lost = 0;
        } else {
            self.length = before;
            self.lost += 1;
        }
    }

    fn push(&mut self, byte: u8) -> fmt::Result {
        if self.length == RING {
            return Err(fmt::Error);
        }
        self.bytes[(self.start + self.length) % RING] = byte;
        self.length += 1;
        Ok(())
    }

    fn pop(&mut self) -> Option<u8> {
        let byte = self.bytes[self.start];
        self.length = self.length.checked_sub(1)?;
        self.start = (self.start + 1) % RING;
        Some(byte)
    }

    /// Gives the serial port what it takes now.
    fn give_out(&mut self) {
        for _ in 0..registers::serial_room() {
            let Some(byte) = self.pop() else { break };
            registers::write_serial(byte);
        }
        registers::ask_for_room(self.length > 0);
    }
}

/// A line that is being written.
struct Line<'r> {
    ring: &'r mut Ring,
    room: usize,
}

impl<'r> Line<'r> {
    fn new(ring: &'r mut Ring) -> Self {
        Self { ring, room: LINE }
    }
}

impl Write for Line<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if self.room > 0 || byte == b'\n' {
                self.room = self.room.saturating_sub(1);
                self.ring.push(byte)?;
            }
        }
        Ok(())
    }
}

impl Log for SerialLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // The crates below tell how they start.
        let ours = ["instep", "qemu_"].iter().any(|name| metadata.target().starts_with(name));
        ours || metadata.level() <= Level::Warn
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            critical_section::with(|section| {
                let mut lines = LINES.borrow_ref_mut(section);
                lines.add(*record.args());
                lines.give_out();
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
        // Whoever holds the ring is what panicked.
        if let Ok(mut lines) = LINES.borrow(section).try_borrow_mut() {
            while let Some(byte) = lines.pop() {
                Serial.write_byte(byte);
            }
        }
    });
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
