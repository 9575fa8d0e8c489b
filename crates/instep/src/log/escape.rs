//! Text from outside, as it may stand in a log line: one line, no control characters, not too long.

use core::fmt::{self, Display, Write};

/// The most of a payload that is shown, in bytes.
pub(crate) const ESCAPED_MAX: usize = 80;

/// Shows bytes from outside. Control characters, invisible ones that turn text around, and what is not
/// UTF-8 are escaped, and what is beyond [`ESCAPED_MAX`] bytes is cut.
pub(crate) struct Escaped<'b>(pub(crate) &'b [u8]);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = self.0.len() > ESCAPED_MAX;
        let mut end = self.0.len().min(ESCAPED_MAX);
        if cut {
            // Not within a character.
            while end > ESCAPED_MAX - 3 && self.0[end] & 0xc0 == 0x80 {
                end -= 1;
            }
        }
        for chunk in self.0[..end].utf8_chunks() {
            for character in chunk.valid().chars() {
                if character.is_control() || is_invisible(character) {
                    write!(f, "{}", character.escape_default())?;
                } else {
                    f.write_char(character)?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        if cut { f.write_str("…") } else { Ok(()) }
    }
}

/// Line and paragraph separators, and marks that change the direction in which a line is read.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_payload_stays_one_line_and_forges_nothing() {
        assert_eq!(Escaped(b"toggle").to_string(), "toggle");
        assert_eq!(Escaped(b"x\n[2] Connected from 1.2.3.4").to_string(), "x\\n[2] Connected from 1.2.3.4");
        assert_eq!(Escaped(b"\x1b[31m\x00\xff\xc3").to_string(), "\\u{1b}[31m\\u{0}\\xff\\xc3");
        assert_eq!(
            Escaped("a\u{2028}b\u{202e}c\u{85}é".as_bytes()).to_string(),
            "a\\u{2028}b\\u{202e}c\\u{85}é"
        );
    }

    #[test]
    fn it_is_cut_at_eighty_bytes_but_not_within_a_character() {
        let exact = "x".repeat(80);
        assert_eq!(Escaped(exact.as_bytes()).to_string(), exact);
        assert_eq!(Escaped("x".repeat(81).as_bytes()).to_string(), exact.clone() + "…");
        let text = "x".repeat(79) + "é";
        assert_eq!(Escaped(text.as_bytes()).to_string(), "x".repeat(79) + "…");
    }
}
