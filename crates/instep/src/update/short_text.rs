//! Short text in fixed memory.

use core::fmt::{self, Write};

/// Text of at most `N` bytes, which is cut at a character.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShortText<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> ShortText<N> {
    pub(super) const EMPTY: Self = Self { bytes: [0; N], length: 0 };

    /// Copies `text`, as far as it fits.
    pub(super) fn of(text: &str) -> Self {
        let mut short = Self::EMPTY;
        // Writing fails where the text is cut.
        let _ = short.write_str(text);
        short
    }

    /// Formats `text`, as far as it fits.
    pub(super) fn new(text: fmt::Arguments<'_>) -> Self {
        let mut short = Self::EMPTY;
        // Writing fails where the text is cut.
        let _ = short.write_fmt(text);
        short
    }

    pub(super) fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

impl<const N: usize> Write for ShortText<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = N - self.length;
        let length = text.floor_char_boundary(room);
        self.bytes[self.length..self.length + length].copy_from_slice(&text.as_bytes()[..length]);
        self.length += length;
        if length == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_a_character() {
        assert_eq!(ShortText::<5>::new(format_args!("{}{}", "ab", "cde")).as_str(), "abcde");
        assert_eq!(ShortText::<5>::new(format_args!("abcd€")).as_str(), "abcd");
        assert_eq!(ShortText::<5>::new(format_args!("{}{}{}", "abcd", "€", "f")).as_str(), "abcd");
        assert_eq!(ShortText::<5>::of("abcd€").as_str(), "abcd");
        assert_eq!(ShortText::<0>::new(format_args!("a")).as_str(), "");
    }
}
