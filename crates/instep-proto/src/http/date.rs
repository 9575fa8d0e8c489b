//! The time of day, which only some servers know.

use core::fmt::{self, Write};

/// A moment, and how it is written (RFC 9110 section 5.6.7). Only a driver with a clock names the function, so a device has no
/// code for it.
#[derive(Clone, Copy, Debug)]
pub struct Date {
    /// Seconds since 1970, without leap seconds.
    pub seconds: u32,
    /// Writes it, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
    pub write: fn(u32, &mut dyn Write) -> fmt::Result,
}

impl PartialEq for Date {
    fn eq(&self, other: &Self) -> bool {
        self.seconds == other.seconds
    }
}

impl Eq for Date {}
