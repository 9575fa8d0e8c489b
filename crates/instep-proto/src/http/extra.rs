//! Header lines that a caller adds to responses.

use core::fmt::{self, Write};

/// Header lines added to any response.
///
/// The lines are written through a function pointer, so unused writers are not linked.
#[derive(Clone, Copy, Debug)]
pub struct ExtraLines {
    /// Writes the lines, each with its line end.
    pub write: WriteLines,
    /// Argument of `write`.
    pub of: Option<&'static &'static str>,
}

/// Function that writes header lines.
pub type WriteLines = fn(Option<&'static &'static str>, &mut dyn Write) -> fmt::Result;

impl PartialEq for ExtraLines {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::fn_addr_eq(self.write, other.write) && self.of == other.of
    }
}

impl Eq for ExtraLines {}

/// Writes the lines that let pages of any origin read the response.
pub(crate) fn for_any_origin(_: Option<&'static &'static str>, out: &mut dyn Write) -> fmt::Result {
    out.write_str("Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: Retry-After\r\n")
}
