//! Lines of the log.
//!
//! Each call of a macro of `log` has a record of its own, with the place in the source, which takes 60 bytes of flash. So
//! functions of each crate make the records. Frequent lines use the macros, which are faster.

use super::NOT_PUBLISHED;
use core::fmt::Arguments;

/// Defines functions that log a line, each at its level. For the crates of instep, which have `log`.
///
/// The lines have the module of the caller as their target.
#[doc(hidden)]
#[macro_export]
macro_rules! log_functions {
    ($($name:ident: $level:ident),+) => {
        $(
            /// Logs a line at the level of this name.
            pub(crate) fn $name(line: ::core::fmt::Arguments<'_>) {
                add(::log::Level::$level, line);
            }
        )+

        #[inline(never)]
        fn add(level: ::log::Level, line: ::core::fmt::Arguments<'_>) {
            ::log::log!(level, "{line}");
        }
    };
}

log_functions!(info: Info, warn: Warn, error: Error);

/// Logs a failed publish, at the level `Error`.
#[inline(never)]
pub(crate) fn not_published(line: Arguments<'_>) {
    log::error!(target: NOT_PUBLISHED, "{line}");
}
