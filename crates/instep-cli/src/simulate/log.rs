//! Log of the simulated devices: each different warning once in a row, because all devices say the same.

use log::{Level, LevelFilter, Log, Metadata, Record};
use std::sync::Mutex;

/// Prints the warnings and errors of the devices to stderr from now on.
pub(super) fn start() {
    static PRINTER: Printer = Printer { last: Mutex::new(String::new()) };
    // It is the only logger of the process.
    if log::set_logger(&PRINTER).is_ok() {
        log::set_max_level(LevelFilter::Warn);
    }
}

struct Printer {
    last: Mutex<String>,
}

impl Log for Printer {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Warn
    }

    fn log(&self, record: &Record<'_>) {
        let line = record.args().to_string();
        let Ok(mut last) = self.last.lock() else { return };
        if self.enabled(record.metadata()) && *last != line {
            eprintln!("{line}");
            *last = line;
        }
    }

    fn flush(&self) {}
}
