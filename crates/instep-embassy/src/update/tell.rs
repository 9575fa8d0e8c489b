//! Lines of the log.

use core::fmt::Display;
use log::Level;

/// Logs a line of two parts.
// A function, because the code of the macro is longer than a call.
#[inline(never)]
pub(super) fn tell(level: Level, what: &str, more: &dyn Display) {
    log::log!(level, "{what}{more}");
}
