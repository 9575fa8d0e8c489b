//! Values for `%NAME%` in page templates.

use instep_proto::http::escape_html;
use instep_proto::texts;

/// Maximum number of values.
const VALUES_MAX: usize = 8;
/// Maximum length of a name, in bytes.
const NAME_MAX: usize = 32;
/// Maximum length of a value, in bytes.
const VALUE_MAX: usize = 64;

texts! {
    /// Reason why a page value could not be set.
    #[non_exhaustive]
    pub enum PageValueError: Error {
        /// The name is not 1 to 32 ASCII letters, digits or underscores.
        BadName = "its name is not 1 to 32 letters, digits or underscores",
        /// The value is longer than 64 bytes.
        TooLong = "the value is longer than 64 bytes",
        /// There are 8 other values already.
        TooMany = "there are 8 values already",
    }
}

/// Value for one name.
#[derive(Clone, Copy, Debug)]
struct PageValue {
    name: &'static str,
    text: [u8; VALUE_MAX],
    length: usize,
}

impl PageValue {
    /// Writes a new value in place. It must have at most [`VALUE_MAX`] bytes.
    fn write(&mut self, value: &str) {
        self.text[..value.len()].copy_from_slice(value.as_bytes());
        self.length = value.len();
    }
}

/// Table of all values.
#[derive(Debug, Default)]
pub(crate) struct PageValues {
    values: [Option<PageValue>; VALUES_MAX],
}

impl PageValues {
    /// Sets or replaces the value for a name.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) -> Result<(), PageValueError> {
        // Applications replace the same values often, and then the name has the same pointer.
        let mut set = self.values.iter_mut().flatten();
        match set.find(|old| core::ptr::eq(old.name, name)) {
            Some(place) if value.len() <= VALUE_MAX => {
                place.write(value);
                Ok(())
            }
            _ => self.insert(name, value),
        }
    }

    // Not inlined, because it is rare.
    #[inline(never)]
    fn insert(&mut self, name: &'static str, value: &str) -> Result<(), PageValueError> {
        if !is_name(name) {
            return Err(PageValueError::BadName);
        }
        if value.len() > VALUE_MAX {
            return Err(PageValueError::TooLong);
        }
        let is_same = |old: &Option<PageValue>| old.as_ref().is_some_and(|old| old.name == name);
        let index = self.values.iter().position(is_same).or(self.values.iter().position(Option::is_none));
        let place = &mut self.values[index.ok_or(PageValueError::TooMany)?];
        place.get_or_insert(PageValue { name, text: [0; VALUE_MAX], length: 0 }).write(value);
        Ok(())
    }

    /// Passes the value, escaped for HTML, to `each`. Returns whether there is one.
    pub(crate) fn write(&self, name: &str, each: &mut dyn FnMut(&str)) -> bool {
        let value = self.values.iter().flatten().find(|value| value.name == name);
        if let Some(value) = value {
            escape_html(core::str::from_utf8(&value.text[..value.length]).unwrap_or_default(), each);
        }
        value.is_some()
    }
}

fn is_name(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty() && name.len() <= NAME_MAX && name.bytes().all(good)
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
        assert!(!values.write("OTHER", &mut |_| panic!("a value was found for an unknown name")));
        assert_eq!(values.set("", "x"), Err(PageValueError::BadName));
        assert_eq!(values.set("A-B", "x"), Err(PageValueError::BadName));
        assert_eq!(values.set("A", &"x".repeat(65)), Err(PageValueError::TooLong));
        assert_eq!(values.set("A-B", &"x".repeat(65)), Err(PageValueError::BadName));
        assert_eq!(values.set("STATE", &"x".repeat(65)), Err(PageValueError::TooLong));
        values.set("STATE", "a long value").unwrap();
        values.set("STATE", "short").unwrap();
        let mut text = String::new();
        assert!(values.write("STATE", &mut |part| text.push_str(part)));
        assert_eq!(text, "short", "the rest of a longer value stayed");
        for name in ["A", "B", "C", "D", "E", "F", "G"] {
            values.set(name, &"x".repeat(64)).unwrap();
        }
        assert_eq!(values.set("H", "x"), Err(PageValueError::TooMany));
    }
}
