//! Header lines that are no response's own.

use core::fmt::{self, Write};

/// Header lines that are added to a response, whatever it is: whose code nobody names is not linked.
#[derive(Clone, Copy, Debug)]
pub struct ExtraLines {
    /// Writes them, each with its line end.
    pub write: WriteLines,
    /// Of what they tell.
    pub of: Option<&'static &'static str>,
}

/// Writes header lines.
pub type WriteLines = fn(Option<&'static &'static str>, &mut dyn Write) -> fmt::Result;

impl PartialEq for ExtraLines {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::fn_addr_eq(self.write, other.write) && self.of == other.of
    }
}

impl Eq for ExtraLines {}

/// Pages from anywhere may read the response.
pub(crate) fn for_any_origin(_: Option<&'static &'static str>, out: &mut dyn Write) -> fmt::Result {
    out.write_str("Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: Retry-After\r\n")
}
