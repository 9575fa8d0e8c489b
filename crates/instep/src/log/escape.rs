//! Escaping of bytes from clients, for short log lines.

use core::fmt::{self, Display};

/// Maximum length of a payload in the log, in bytes.
pub(crate) const ESCAPED_MAX: usize = 80;

/// Bytes from a client, escaped when displayed.
///
/// Control characters, invisible characters that change the direction of text, and bytes that are not UTF-8 are escaped. The
/// output is cut after [`ESCAPED_MAX`] bytes of input.
pub(crate) struct Escaped<'b>(pub(crate) &'b [u8]);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = self.0.len() > ESCAPED_MAX;
        let mut end = self.0.len().min(ESCAPED_MAX);
        if cut {
            // Moves the cut to the start of a character.
            while end > ESCAPED_MAX - 3 && self.0[end] & 0xc0 == 0x80 {
                end -= 1;
            }
        }
        for chunk in self.0[..end].utf8_chunks() {
            write_escaped(chunk.valid(), f)?;
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        if cut { f.write_str("…") } else { Ok(()) }
    }
}

/// Text from a client, escaped and cut as [`Escaped`] does it.
pub(crate) struct EscapedText<'t>(pub(crate) &'t str);

impl Display for EscapedText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() > ESCAPED_MAX {
            return Escaped(self.0.as_bytes()).fmt(f);
        }
        write_escaped(self.0, f)
    }
}

fn write_escaped(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    // Most texts are printable ASCII, which takes no look at characters.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) { f.write_str(text) } else { escape(text, f) }
}

/// Writes all text up to a character that is escaped at once.
#[inline(never)]
fn escape(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut rest = text;
    while let Some((start, character)) = rest.char_indices().find(|(_, character)| is_escaped(*character)) {
        f.write_str(&rest[..start])?;
        write!(f, "{}", character.escape_default())?;
        rest = &rest[start + character.len_utf8()..];
    }
    f.write_str(rest)
}

fn is_escaped(character: char) -> bool {
    // Most characters are of ASCII.
    !matches!(character, ' '..='~') && (character.is_control() || is_invisible(character))
}

/// Returns whether a character is invisible or changes the layout of a line.
///
/// Such characters separate lines, have no width, or change the direction of text.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn payload_is_escaped_to_one_line() {
        assert_eq!(Escaped(b"toggle").to_string(), "toggle");
        assert_eq!(Escaped(b"x\n[2] Connected from 1.2.3.4").to_string(), "x\\n[2] Connected from 1.2.3.4");
        assert_eq!(Escaped(b"\x1b[31m\x00\xff\xc3").to_string(), "\\u{1b}[31m\\u{0}\\xff\\xc3");
        assert_eq!(
            Escaped("a\u{2028}b\u{202e}c\u{85}é".as_bytes()).to_string(),
            "a\\u{2028}b\\u{202e}c\\u{85}é"
        );
    }

    #[test]
    fn long_payload_is_cut_between_characters() {
        let exact = "x".repeat(80);
        assert_eq!(Escaped(exact.as_bytes()).to_string(), exact);
        assert_eq!(Escaped("x".repeat(81).as_bytes()).to_string(), exact.clone() + "…");
        let text = "x".repeat(79) + "é";
        assert_eq!(Escaped(text.as_bytes()).to_string(), "x".repeat(79) + "…");
        for text in [text, "a\nb\u{2028}é".to_string(), exact] {
            assert_eq!(EscapedText(&text).to_string(), Escaped(text.as_bytes()).to_string());
        }
    }
}
