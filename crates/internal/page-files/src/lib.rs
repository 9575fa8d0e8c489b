//! Files of a user's own page: their types, and their inclusion in firmware.

mod bundle;
mod types;

pub use bundle::{Bundle, FILES_MAX};
pub use types::{HTML, INDEX, content_type, is_template};
