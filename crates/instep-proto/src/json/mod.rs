//! JSON (RFC 8259) without a heap, for small documents.
//!
//! A document is checked once and then walked in place. [`Value::parse`] checks a whole document. Its result
//! borrows from the document: strings stay escaped until they are compared or copied, and numbers stay digits.
//! Floating point is not used.

mod number;
mod reader;
mod string;
mod writer;

pub use number::Number;
pub use reader::{Array, JsonError, MEMBERS_MAX, NESTING_MAX, Object, Value};
pub use string::{JsonString, unescape};
pub use writer::Text;
