//! The values that stand for `%NAME%` in a page.

use instep_proto::http::escape_html;

const VALUES_MAX: usize = 8;
const NAME_MAX: usize = 32;
const VALUE_MAX: usize = 64;

/// Why a page value could not be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PageValueError {
    /// A name has 1 to 32 letters, digits or underscores.
    BadName,
    /// A value has at most 64 bytes.
    TooLong,
    /// There are 8 values already.
    TooMany,
}

impl core::fmt::Display for PageValueError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::BadName => "a name has 1 to 32 letters, digits or underscores",
            Self::TooLong => "a value has at most 64 bytes",
            Self::TooMany => "there are 8 values already",
        })
    }
}

impl core::error::Error for PageValueError {}

#[derive(Clone, Copy, Debug)]
struct PageValue {
    name: &'static str,
    text: [u8; VALUE_MAX],
    length: usize,
}

#[derive(Debug, Default)]
pub(crate) struct PageValues {
    values: [Option<PageValue>; VALUES_MAX],
}

impl PageValues {
    pub(crate) fn set(&mut self, name: &'static str, value: &str) -> Result<(), PageValueError> {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(good) {
            return Err(PageValueError::BadName);
        }
        let mut text = [0; VALUE_MAX];
        text.get_mut(..value.len()).ok_or(PageValueError::TooLong)?.copy_from_slice(value.as_bytes());
        let same = self.values.iter().position(|old| old.is_some_and(|old| old.name == name));
        let place = same.or_else(|| self.values.iter().position(Option::is_none));
        let place = place.ok_or(PageValueError::TooMany)?;
        self.values[place] = Some(PageValue { name, text, length: value.len() });
        Ok(())
    }

    /// Hands the value to `each`, escaped, and says whether there is one.
    pub(crate) fn write(&self, name: &str, each: &mut dyn FnMut(&str)) -> bool {
        let value = self.values.iter().flatten().find(|value| value.name == name);
        if let Some(value) = value {
            escape_html(core::str::from_utf8(&value.text[..value.length]).unwrap_or_default(), each);
        }
        value.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    #[test]
    fn values_are_replaced_escaped_and_limited() {
        let mut values = PageValues::default();
        values.set("STATE", "ON").unwrap();
        values.set("STATE", "<b>").unwrap();
        let mut text = String::new();
        assert!(values.write("STATE", &mut |part| text.push_str(part)));
        assert_eq!(text, "&lt;b&gt;");
        assert!(!values.write("OTHER", &mut |_| panic!("there is no such value")));
        assert_eq!(values.set("", "x"), Err(PageValueError::BadName));
        assert_eq!(values.set("A-B", "x"), Err(PageValueError::BadName));
        assert_eq!(values.set("A", &"x".repeat(65)), Err(PageValueError::TooLong));
        for name in ["A", "B", "C", "D", "E", "F", "G"] {
            values.set(name, &"x".repeat(64)).unwrap();
        }
        assert_eq!(values.set("H", "x"), Err(PageValueError::TooMany));
    }
}
