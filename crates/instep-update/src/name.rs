//! Short texts of an image.

use core::fmt::{self, Debug, Display};

/// A text of 1 to 32 printable ASCII characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name([u8; Name::MAX]);

impl Name {
    /// Maximum length of a name, in bytes.
    pub const MAX: usize = 32;

    /// Creates a name.
    ///
    /// # Panics
    /// If the text is empty, longer than 32 bytes, or not printable ASCII. In a constant this is an error of the
    /// compiler.
    pub const fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        assert!(!bytes.is_empty() && bytes.len() <= Self::MAX, "a name has 1 to 32 bytes");
        let mut padded = [0; Self::MAX];
        let mut index = 0;
        while index < bytes.len() {
            assert!(is_printable(bytes[index]), "a name is printable ASCII");
            padded[index] = bytes[index];
            index += 1;
        }
        Self(padded)
    }

    /// Parses a field of an image: a name, and NULs up to the end.
    ///
    /// Returns `None` if the name is empty or not printable ASCII.
    pub fn from_padded(field: &[u8; Self::MAX]) -> Option<Self> {
        let mut padded = [0; Self::MAX];
        for (to, byte) in padded.iter_mut().zip(field) {
            if *byte == 0 {
                break;
            }
            if !is_printable(*byte) {
                return None;
            }
            *to = *byte;
        }
        if padded[0] == 0 { None } else { Some(Self(padded)) }
    }

    /// Returns the name as a text.
    pub fn as_str(&self) -> &str {
        let name = self.0.split(|byte| *byte == 0).next().unwrap_or_default();
        // ASCII is UTF-8, so this cannot fail.
        core::str::from_utf8(name).unwrap_or_default()
    }

    /// Returns the name, and NULs up to the end.
    pub(crate) const fn padded(&self) -> &[u8; Self::MAX] {
        &self.0
    }
}

impl Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(self.as_str(), f)
    }
}

const fn is_printable(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte == b' '
}
