//! The log, on the serial port (UART, 115200 baud).
//!
//! While tasks run, logging never waits. A line goes into a ring, and the task [`write`] writes as much as the port
//! accepts without waiting. Lines that do not fit into the ring are counted, and the count is logged.

use core::cell::{Cell, RefCell};
use core::sync::atomic::{AtomicBool, Ordering};
use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::Timer;
use esp_println::{Printer, println};
use instep::log_target;
use instep_log::Ring;
use log::{Level, LevelFilter, Log, Metadata, Record};

/// Capacity of the ring, in bytes.
const RING: usize = 2048;
/// Maximum number of bytes in one write.
///
/// The FIFO of the port holds them, and the port sends them in about [`PAUSE`].
const PORTION: usize = 48;
/// Interval between writes, in ms.
///
/// At 115200 baud, the port sends 11 bytes in each ms.
const PAUSE: u64 = 5;

/// Beginnings of the names of crates that log details of their start. Only their warnings are shown.
const QUIET: [&str; 10] = [
    "embassy_executor",
    "embassy_net",
    "esp_alloc",
    "esp_bootloader_esp_idf",
    "esp_hal",
    "esp_phy",
    "esp_radio",
    "esp_rtos",
    "esp_storage",
    "smoltcp",
];

type Lines = Ring<RING, RING>;

struct SerialLog;

static LOG: SerialLog = SerialLog;
static WAITING: Mutex<CriticalSectionRawMutex, RefCell<Lines>> = Mutex::new(RefCell::new(Lines::new()));
/// Signal that the ring has a line.
static ADDED: Signal<CriticalSectionRawMutex, ()> = Signal::new();
/// Whether lines go into the ring for [`write`].
///
/// Before [`write`] runs, each line is written at once, so that the log shows where the start hangs.
static IS_WRITTEN: AtomicBool = AtomicBool::new(false);
/// Function that receives each record beside the port.
static RECEIVER: Mutex<CriticalSectionRawMutex, Cell<Option<Receiver>>> = Mutex::new(Cell::new(None));

type Receiver = fn(&Record<'_>);

/// Passes each record of the log to `receiver`, beside the serial port.
///
/// It is for an application that shows the log. Records with secrets go to the serial port only. `receiver` must not wait,
/// and must not log; one that publishes must ignore records with the target [`NOT_PUBLISHED`](log_target::NOT_PUBLISHED).
pub fn log_also_to(receiver: Receiver) {
    RECEIVER.lock(|current| current.set(Some(receiver)));
}

/// Starts the log. Call it before all other functions.
pub(crate) fn start() {
    // SAFETY: nothing else logs meanwhile, because neither interrupts nor other tasks have been started.
    #[expect(unsafe_code, reason = "chips without atomic exchanges have only this function")]
    unsafe {
        // This fails only if the log was started before.
        let _ = log::set_logger_racy(&LOG);
        log::set_max_level_racy(LevelFilter::Info);
    }
}

/// Writes the lines in the ring, and never returns.
#[embassy_executor::task]
pub(crate) async fn write() -> ! {
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

/// Writes all lines in the ring, and waits for the port. Call it before a restart.
pub(crate) fn flush() {
    let mut portion = [0; PORTION];
    loop {
        // The ring may be borrowed if the panic occurred while a line was added.
        let length = WAITING
            .lock(|waiting| waiting.try_borrow_mut().map_or(0, |mut waiting| waiting.take(&mut portion)));
        if length == 0 {
            return;
        }
        Printer::write_bytes(&portion[..length]);
    }
}

/// Hook of esp-backtrace, which calls it before it prints the panic.
// SAFETY: esp-backtrace calls this function by its name, and nothing else has this name.
#[cfg(feature = "backtrace")]
#[expect(unsafe_code, reason = "esp-backtrace finds the function by its name")]
#[unsafe(no_mangle)]
fn custom_pre_backtrace() {
    flush();
}

impl Log for SerialLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Warn
            || !QUIET.iter().any(|beginning| metadata.target().starts_with(beginning))
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let receiver = RECEIVER.lock(Cell::get);
        if let Some(receiver) = receiver.filter(|_| record.target() != log_target::SECRET) {
            receiver(record);
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
