//! Writer of JSON strings.

use core::fmt::{self, Display, Write};

/// Displays its content as a JSON string, in quotes.
///
/// `<`, `>`, `&` and the separators U+2028 and U+2029 are escaped too, so the result is harmless in HTML and in
/// old scripts.
#[derive(Clone, Copy, Debug)]
pub struct Text<D> {
    text: D,
    /// Maximum length of the escaped text, in bytes.
    max: usize,
}

impl<D: Display> Text<D> {
    /// Displays all of `text`.
    pub const fn new(text: D) -> Self {
        Self { text, max: usize::MAX }
    }

    /// Displays at most `max` bytes of `text`, as escaped; `…` replaces the rest.
    pub const fn cut(text: D, max: usize) -> Self {
        Self { text, max }
    }
}

impl<D: Display> Display for Text<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(&self.text, self.max, f)
    }
}

/// Writes a text of any type, so that each type does not have this code once more.
fn write_text(text: &dyn Display, max: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    // A `Display` that is cut fails, which is no error here.
    let mut escape = Escape { f, remaining: max, cut: false, failed: false };
    let written = write!(escape, "{text}");
    let Escape { cut, failed, .. } = escape;
    match written {
        Err(fmt::Error) if failed || !cut => return Err(fmt::Error),
        _ if cut => f.write_char('…')?,
        _ => {}
    }
    f.write_char('"')
}

struct Escape<'f, 'b> {
    f: &'f mut fmt::Formatter<'b>,
    /// Bytes that may still be written.
    remaining: usize,
    cut: bool,
    failed: bool,
}

impl Escape<'_, '_> {
    /// Writes an escaped part of `length` bytes, or cuts before it.
    fn pass(&mut self, text: fmt::Arguments<'_>, length: usize) -> fmt::Result {
        if length > self.remaining || self.cut {
            self.cut = true;
            return Err(fmt::Error);
        }
        self.remaining -= length;
        self.f.write_fmt(text).inspect_err(|_| self.failed = true)
    }
}

impl Write for Escape<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while !rest.is_empty() {
            let plain = rest.find(is_escaped).unwrap_or(rest.len());
            let (before, after) = rest.split_at(plain);
            let fits = before.floor_char_boundary(self.remaining);
            self.pass(format_args!("{}", &before[..fits]), fits)?;
            if fits < before.len() {
                self.cut = true;
                return Err(fmt::Error);
            }
            let mut characters = after.chars();
            match characters.next() {
                Some('"') => self.pass(format_args!("\\\""), 2)?,
                Some('\\') => self.pass(format_args!("\\\\"), 2)?,
                Some('\n') => self.pass(format_args!("\\n"), 2)?,
                Some(other) => self.pass(format_args!("\\u{:04x}", u32::from(other)), 6)?,
                None => {}
            }
            rest = characters.as_str();
        }
        Ok(())
    }
}

/// Returns whether a character is escaped. All such characters are below U+10000.
fn is_escaped(character: char) -> bool {
    matches!(character, '\0'..='\u{1f}' | '"' | '\\' | '<' | '>' | '&' | '\u{7f}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString as _;

    #[test]
    fn text_is_escaped_for_json_html_and_scripts() {
        for (text, json) in [
            ("", r#""""#),
            ("Lamp é 😀", r#""Lamp é 😀""#),
            ("a\"b\\c\nd\te\0", r#""a\"b\\c\nd\u0009e\u0000""#),
            ("<img onerror=…>&", r#""\u003cimg onerror=…\u003e\u0026""#),
            ("\u{2028}\u{2029}\u{7f}", r#""\u2028\u2029\u007f""#),
        ] {
            assert_eq!(Text::new(text).to_string(), json);
        }
        assert_eq!(Text::new(format_args!("{}-{}", 1, "\"")).to_string(), r#""1-\"""#);
    }

    #[test]
    fn text_is_cut_before_what_exceeds_limit() {
        for (text, max, json) in [
            ("abc", 3, r#""abc""#),
            ("abcd", 3, r#""abc…""#),
            ("aé", 2, r#""a…""#),
            ("ab\"c", 3, r#""ab…""#),
            ("ab\"c", 4, r#""ab\"…""#),
            ("x", 0, r#""…""#),
            ("", 0, r#""""#),
        ] {
            assert_eq!(Text::cut(text, max).to_string(), json, "{text} {max}");
        }
        assert_eq!(Text::cut(format_args!("{}{}", "abc", "d"), 3).to_string(), r#""abc…""#);
    }

    #[test]
    fn full_buffer_is_an_error_even_if_text_is_cut() {
        let mut bytes = [0; 4];
        assert!(write!(crate::http::cursor(&mut bytes), "{}", Text::cut("abcdefgh", 6)).is_err());
    }
}
