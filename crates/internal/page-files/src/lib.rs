//! The files of a page of one's own: their types, and how they get into firmware.

mod bundle;
mod types;

pub use bundle::{Bundle, FILES_MAX};
pub use types::{HTML, INDEX, content_type, is_template};
