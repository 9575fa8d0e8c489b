//! The log, on the serial port (UART, 115200 baud).
//!
//! Nobody waits for it once the tasks run: a line goes into a ring, and a task of its own writes as much as the port takes
//! without waiting. What has no room is counted, and the count is told.

use crate::build_config::IS_CONSOLE;
use core::cell::RefCell;
use core::sync::atomic::{AtomicBool, Ordering};
use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::Timer;
use esp_println::{Printer, println};
use instep_log::Ring;
use log::{Level, LevelFilter, Log, Metadata, Record};

/// Bytes of lines that wait.
const RING: usize = 2048;
/// Bytes that the port sends in [`PAUSE`] and a bit, and that fit into its queue at once.
const PORTION: usize = 48;
/// In milliseconds: 115200 baud are 11 bytes in each of them.
const PAUSE: u64 = 5;

type Lines = Ring<RING, RING>;

struct SerialLog;

static LOG: SerialLog = SerialLog;
static WAITING: Mutex<CriticalSectionRawMutex, RefCell<Lines>> = Mutex::new(RefCell::new(Lines::new()));
/// There is a line to write.
static ADDED: Signal<CriticalSectionRawMutex, ()> = Signal::new();
/// Whether lines wait for [`write`]. Before that, each is written at once: then something that hangs can be seen to.
static IS_WRITTEN: AtomicBool = AtomicBool::new(false);

/// Starts the log. To be called first of all.
pub fn start() {
    // SAFETY: no interrupt and no second task logs meanwhile: neither is started yet.
    unsafe {
        // It fails only if it has been started before.
        let _ = log::set_logger_racy(&LOG);
        log::set_max_level_racy(LevelFilter::Info);
    }
}

/// Writes the lines that wait, for ever.
#[embassy_executor::task]
pub async fn write() -> ! {
    IS_WRITTEN.store(true, Ordering::Relaxed);
    loop {
        let mut portion = [0; PORTION];
        let length = WAITING.lock(|waiting| waiting.borrow_mut().take(&mut portion));
        Printer::write_bytes(&portion[..length]);
        if length == 0 {
            ADDED.wait().await;
        } else {
            Timer::after_millis(PAUSE).await;
        }
    }
}

/// Writes all lines that wait, and waits for the port: before the device starts anew.
pub fn flush() {
    let mut portion = [0; PORTION];
    loop {
        // Borrowed already: a line that could not be written is why.
        let length = WAITING
            .lock(|waiting| waiting.try_borrow_mut().map_or(0, |mut waiting| waiting.take(&mut portion)));
        if length == 0 {
            return;
        }
        Printer::write_bytes(&portion[..length]);
    }
}

/// What esp-backtrace calls before it says where the panic was.
// SAFETY: this is the name that it looks for, and nothing else has it.
#[unsafe(no_mangle)]
fn custom_pre_backtrace() {
    flush();
}

impl Log for SerialLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // The crates below tell how they start.
        metadata.target().starts_with("instep") || metadata.level() <= Level::Warn
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        if IS_CONSOLE {
            instep_apps::console::note(record);
        }
        if IS_WRITTEN.load(Ordering::Relaxed) {
            WAITING.lock(|waiting| waiting.borrow_mut().add(*record.args()));
            ADDED.signal(());
        } else {
            println!("{}", record.args());
        }
    }

    fn flush(&self) {}
}

/// Where the compiler is a stand-in, esp-backtrace does not compile; it never runs.
#[cfg(not(feature = "backtrace"))]
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    flush();
    println!("{info}");
    loop {
        core::hint::spin_loop();
    }
}
