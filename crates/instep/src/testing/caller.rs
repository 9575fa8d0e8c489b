//! Line of a test, which sentences name.

use std::fmt;
use std::panic::Location;

/// Line of a test that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller(&'static Location<'static>);

impl Caller {
    /// Returns the line that called the function that calls this.
    #[track_caller]
    pub(super) fn here() -> Self {
        Self(Location::caller())
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0.file(), self.0.line())
    }
}
