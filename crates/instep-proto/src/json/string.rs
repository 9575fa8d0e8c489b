//! Strings, kept escaped.

use core::fmt::{self, Debug, Display, Write};
use core::ops::Range;

/// String as written in a document.
#[derive(Clone, Copy)]
pub struct JsonString<'j> {
    /// Text between the quotes, with valid escapes only.
    pub(super) raw: &'j str,
    pub(super) start: usize,
}

impl<'j> JsonString<'j> {
    /// Returns its range in the document, without quotes and still escaped.
    pub fn range(&self) -> Range<usize> {
        self.start..self.start + self.raw.len()
    }

    /// Returns the unescaped characters.
    pub fn chars(&self) -> impl Iterator<Item = char> + use<'j> {
        let mut rest = self.raw;
        core::iter::from_fn(move || {
            let first = rest.chars().next()?;
            let (character, length) =
                if first == '\\' { read_escape(rest.as_bytes())? } else { (first, first.len_utf8()) };
            rest = rest.get(length..)?;
            Some(character)
        })
    }

    /// Returns the length of the unescaped string as UTF-8, in bytes.
    pub fn utf8_length(&self) -> usize {
        self.chars().map(char::len_utf8).sum()
    }
}

impl PartialEq<str> for JsonString<'_> {
    fn eq(&self, other: &str) -> bool {
        self.chars().eq(other.chars())
    }
}

impl PartialEq for JsonString<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.chars().eq(other.chars())
    }
}

impl Eq for JsonString<'_> {}

impl Display for JsonString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chars().try_for_each(|character| f.write_char(character))
    }
}

impl Debug for JsonString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.raw)
    }
}

/// Unescapes a string in place, and returns its length, in bytes.
///
/// The result is never longer than `raw`.
///
/// `raw` is the text at [`JsonString::range`].
pub fn unescape(raw: &mut [u8]) -> usize {
    let (mut from, mut to) = (0, 0);
    while from < raw.len() {
        if raw[from] == b'\\'
            && let Some((character, length)) = read_escape(&raw[from..])
        {
            to += character.encode_utf8(&mut raw[to..]).len();
            from += length;
        } else {
            raw[to] = raw[from];
            (from, to) = (from + 1, to + 1);
        }
    }
    to
}

/// Parses the escape at the start of `bytes`, and returns its character and length.
///
/// Returns `None` if it is invalid.
pub(super) fn read_escape(bytes: &[u8]) -> Option<(char, usize)> {
    let character = match bytes.get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return read_unicode(bytes),
        _ => return None,
    };
    Some((character, 2))
}

/// Parses `\u` and four digits, or the surrogate pair of a character beyond U+FFFF.
///
/// Returns `None` for a lone surrogate.
fn read_unicode(bytes: &[u8]) -> Option<(char, usize)> {
    let first = hexadecimal(bytes.get(2..6)?)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some((char::from_u32(first)?, 6));
    }
    let second = hexadecimal(bytes.get(6..12)?.strip_prefix(b"\\u")?)?;
    let second = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    Some((char::from_u32(0x10000 + ((first - 0xd800) << 10) + second)?, 12))
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| Some(number << 4 | char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString as _;

    #[test]
    fn unescaped_in_place_equals_displayed() {
        for (raw, text) in [
            ("", ""),
            ("led", "led"),
            (r"\u006ced", "led"),
            (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
            (r"\u00e9 é \ud83d\ude00 😀", "é é 😀 😀"),
            (r"\u0000", "\0"),
        ] {
            let string = JsonString { raw, start: 0 };
            assert_eq!(string.to_string(), text);
            assert!(string == *text);
            assert_eq!(string.utf8_length(), text.len());
            let mut bytes = raw.as_bytes().to_vec();
            let length = unescape(&mut bytes);
            assert_eq!(&bytes[..length], text.as_bytes());
        }
        assert!(JsonString { raw: "led", start: 0 } == JsonString { raw: r"\u006Ced", start: 9 });
        assert!(JsonString { raw: "led", start: 0 } != *"leds");
    }
}
