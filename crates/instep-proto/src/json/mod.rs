//! JSON (RFC 8259) without a heap: small documents are checked once and then walked where they lie.
//!
//! [`Value::parse`] checks a whole document. What it returns borrows from it: strings stay escaped until they are compared or
//! copied, and numbers stay the digits that were sent. Nothing here knows floating point.

mod number;
mod reader;
mod string;
mod writer;

pub use number::Number;
pub use reader::{Array, JsonError, MEMBERS_MAX, NESTING_MAX, Object, Value};
pub use string::{JsonString, unescape};
pub use writer::Text;
