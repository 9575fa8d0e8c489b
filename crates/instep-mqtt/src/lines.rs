//! Lines of the log.
//!
//! Each call of a macro of `log` has a record of its own, with the place in the source, which takes 60 bytes of flash. So these
//! functions make the records.

use core::fmt::Arguments;
use log::Level;

/// Logs a line at the level `Info`.
pub(crate) fn info(line: Arguments<'_>) {
    add(Level::Info, line);
}

/// Logs a line at the level `Warn`.
pub(crate) fn warn(line: Arguments<'_>) {
    add(Level::Warn, line);
}

#[inline(never)]
fn add(level: Level, line: Arguments<'_>) {
    log::log!(level, "{line}");
}
