//! Incremental check of UTF-8 (RFC 6455 section 8.1), for text cut at any byte.

use crate::frame::ProtocolError;

/// Incremental UTF-8 check, which fails at the first byte that cannot become valid.
#[derive(Clone, Copy, Debug, Default)]
pub struct Utf8 {
    /// Incomplete character at the end of the last piece.
    pending: [u8; 4],
    pending_length: u8,
}

impl Utf8 {
    /// Checks the next piece.
    ///
    /// # Errors
    /// [`ProtocolError::InvalidUtf8`], as soon as no continuation could make the text valid.
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

    /// Checks that the text ends with a whole character.
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
    fn every_split_is_judged_as_by_standard_library() {
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
    fn first_bad_byte_is_an_error() {
        let mut utf8 = Utf8::default();
        utf8.check(b"\xf4").unwrap();
        assert!(utf8.check(b"\x90").is_err());
    }
}
