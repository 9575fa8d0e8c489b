//! A password between the page and its hash.

use instep::login::PASSWORD_MAX;
use zeroize::Zeroizing;

/// A password as it was typed, for the short time until it is hashed.
pub(crate) struct Text {
    bytes: Zeroizing<[u8; PASSWORD_MAX]>,
    length: usize,
}

impl Text {
    /// `None` if it is empty, or longer than any.
    pub(crate) fn new(text: &[u8]) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; PASSWORD_MAX]);
        bytes.get_mut(..text.len()).filter(|room| !room.is_empty())?.copy_from_slice(text);
        Some(Self { bytes, length: text.len() })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}
