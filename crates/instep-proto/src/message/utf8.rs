//! UTF-8 checked as it comes (RFC 6455 section 8.1): a character may lie across any cut.

use crate::frame::ProtocolError;

/// Checks text in pieces and fails at the first byte that no continuation could make right.
#[derive(Clone, Copy, Debug, Default)]
pub struct Utf8 {
    /// The start of a character whose end has not come yet.
    pending: [u8; 4],
    pending_length: u8,
}

impl Utf8 {
    /// At the start of a text.
    pub const fn new() -> Self {
        Self { pending: [0; 4], pending_length: 0 }
    }

    /// Checks the next piece.
    ///
    /// # Errors
    /// [`ProtocolError::InvalidUtf8`] as soon as the text cannot become UTF-8 any more.
    pub fn check(&mut self, mut bytes: &[u8]) -> Result<(), ProtocolError> {
        while self.pending_length > 0 {
            let Some((&byte, rest)) = bytes.split_first() else { return Ok(()) };
            bytes = rest;
            let length = usize::from(self.pending_length);
            self.pending[length] = byte;
            match core::str::from_utf8(&self.pending[..=length]) {
                Ok(_) => self.pending_length = 0,
                Err(error) if error.error_len().is_none() => self.pending_length += 1,
                Err(_) => return Err(ProtocolError::InvalidUtf8),
            }
        }
        if let Err(error) = core::str::from_utf8(bytes) {
            if error.error_len().is_some() {
                return Err(ProtocolError::InvalidUtf8);
            }
            for &byte in &bytes[error.valid_up_to()..] {
                self.pending[usize::from(self.pending_length)] = byte;
                self.pending_length += 1;
            }
        }
        Ok(())
    }

    /// The text ends here.
    ///
    /// # Errors
    /// [`ProtocolError::InvalidUtf8`] if it ends within a character.
    pub fn finish(&self) -> Result<(), ProtocolError> {
        if self.pending_length == 0 { Ok(()) } else { Err(ProtocolError::InvalidUtf8) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(bytes: &[u8]) -> bool {
        let mut utf8 = Utf8::default();
        utf8.check(bytes).and_then(|()| utf8.finish()).is_ok()
    }

    #[test]
    fn every_split_gives_the_same_verdict_as_the_standard_library() {
        let texts: [&[u8]; 10] = [
            "κόσμε".as_bytes(),
            "a\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}z".as_bytes(),
            b"\xed\xa0\x80",
            b"\xf4\x90\x80\x80",
            b"\xc0\xaf",
            b"\xe0\x80\x80",
            b"ok\xf0\x9f\x98",
            b"\x80",
            b"\xff",
            b"",
        ];
        for text in texts {
            let expected = core::str::from_utf8(text).is_ok();
            assert_eq!(whole(text), expected);
            for first in 0..=text.len() {
                for second in first..=text.len() {
                    let mut utf8 = Utf8::default();
                    let verdict = [&text[..first], &text[first..second], &text[second..]]
                        .iter()
                        .try_for_each(|part| utf8.check(part))
                        .and_then(|()| utf8.finish());
                    assert_eq!(verdict.is_ok(), expected, "{text:02x?} cut at {first} and {second}");
                }
            }
        }
    }

    #[test]
    fn it_fails_at_the_first_bad_byte() {
        let mut utf8 = Utf8::default();
        utf8.check(b"\xf4").unwrap();
        assert!(utf8.check(b"\x90").is_err());
    }
}
