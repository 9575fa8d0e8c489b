//! Lines of the log.
//!
//! Each call of a macro of `log` has a record of its own, with the place in the source, which takes 60 bytes of flash. So these
//! functions make the records. Frequent lines use the macros, which are faster.

use super::NOT_PUBLISHED;
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

/// Logs a line at the level `Error`.
pub(crate) fn error(line: Arguments<'_>) {
    add(Level::Error, line);
}

/// Logs a failed publish, at the level `Error`.
#[inline(never)]
pub(crate) fn not_published(line: Arguments<'_>) {
    log::error!(target: NOT_PUBLISHED, "{line}");
}

#[inline(never)]
fn add(level: Level, line: Arguments<'_>) {
    log::log!(level, "{line}");
}
