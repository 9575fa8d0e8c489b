//! Thing Description for a broker, written in parts.

use crate::model::{Beginning, Description, Manifest, Security, Thing};
use core::fmt::Write as _;
use instep_proto::http::Window;

/// Thing Description without `base` and `security`, which a broker's clients do not use.
///
/// Its text never changes, so it can be written in parts.
#[derive(Debug)]
pub struct StreamedDescription<'a>(Description<'a>);

impl<'a> StreamedDescription<'a> {
    pub(super) fn new(manifest: &'a Manifest, thing: &'a Thing) -> Self {
        Self(Description { manifest, thing, security: Security::Unstated })
    }

    /// Returns the length of the text, in bytes.
    pub fn length(&self) -> usize {
        self.0.measure(Beginning(None)).0
    }

    /// Writes the text from byte `position` on, and returns the number of bytes written.
    pub fn write(&self, position: usize, out: &mut [u8]) -> usize {
        let mut part = Window::new(out, position);
        // An error means that `out` is full.
        let _ = write!(part, "{}", Beginning(None)).and_then(|()| self.0.write(&mut part));
        part.used()
    }
}
