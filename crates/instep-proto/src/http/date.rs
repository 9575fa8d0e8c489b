//! Date of a response, for servers with a clock.

use core::fmt::{self, Write};

/// Date, and the function that formats it (RFC 9110 section 5.6.7).
///
/// Only a driver with a clock references a function, so a device links none.
#[derive(Clone, Copy, Debug)]
pub struct Date {
    /// Seconds since 1970, without leap seconds.
    pub seconds: u32,
    /// Writes the date, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
    pub write: fn(u32, &mut dyn Write) -> fmt::Result,
}

impl PartialEq for Date {
    fn eq(&self, other: &Self) -> bool {
        self.seconds == other.seconds
    }
}

impl Eq for Date {}
