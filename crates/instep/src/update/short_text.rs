//! Short text in fixed memory.

/// Text of at most `N` bytes, which is cut at a character.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShortText<const N: usize> {
    bytes: [u8; N],
    length: u8,
}

impl<const N: usize> ShortText<N> {
    /// Copies `text`, as far as it fits.
    pub(super) fn new(text: &str) -> Self {
        let length = text.floor_char_boundary(N);
        let mut bytes = [0; N];
        bytes.iter_mut().zip(text.as_bytes()).take(length).for_each(|(to, from)| *to = *from);
        #[expect(clippy::cast_possible_truncation, reason = "this is at most N, which is small")]
        let length = length as u8;
        Self { bytes, length }
    }

    pub(super) fn as_str(&self) -> &str {
        self.bytes
            .get(..usize::from(self.length))
            .and_then(|bytes| core::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_a_character() {
        assert_eq!(ShortText::<5>::new("abcde").as_str(), "abcde");
        assert_eq!(ShortText::<5>::new("abcd€").as_str(), "abcd");
        assert_eq!(ShortText::<5>::new("abcd€f").as_str(), "abcd");
        assert_eq!(ShortText::<0>::new("a").as_str(), "");
    }
}
