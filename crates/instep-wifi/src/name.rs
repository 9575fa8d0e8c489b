//! The name of a device: the name of its Wi-Fi network, its host name in mDNS, and its page's title.

use core::fmt::{self, Write};
use core::str::FromStr;

/// Maximum length of a name, in bytes.
///
/// The name of a Wi-Fi network has at most 32 bytes (IEEE 802.11 section 9.4.2.2), and a label of a host name at most 63
/// (RFC 1035 section 2.3.4).
pub const NAME_MAX: usize = 32;

/// A name of 1 to [`NAME_MAX`] letters, digits and hyphens, as a host name (RFC 1123 section 2.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name {
    bytes: [u8; NAME_MAX],
    length: usize,
}

/// Invalid name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// The name is empty.
    Empty,
    /// The name is longer than [`NAME_MAX`].
    TooLong,
    /// The name has this character, which is invalid.
    Character(char),
    /// The name begins or ends with a hyphen.
    Hyphen,
    /// The name has no letter, so that a browser would parse it as an address.
    NoLetter,
}

impl Name {
    /// Returns the default name: `instep-` and the last four hexadecimal digits of the MAC address.
    pub fn from_mac(mac: [u8; 6]) -> Self {
        let mut name = Self { bytes: [0; NAME_MAX], length: 0 };
        // Always fits, because it has 11 bytes.
        let _ = write!(name, "instep-{:02x}{:02x}", mac[4], mac[5]);
        name
    }

    /// Returns `NAME-2`, `NAME-3` and so on, for a network in which the name is taken (RFC 6762 section 9).
    ///
    /// A long name is truncated, so that the number fits.
    #[must_use]
    pub fn numbered(&self, number: u16) -> Self {
        let mut digits = Self { bytes: [0; NAME_MAX], length: 0 };
        let _ = write!(digits, "-{number}");
        let base = &self.as_str()[..self.length.min(NAME_MAX - digits.length)];
        let mut name = Self { bytes: [0; NAME_MAX], length: 0 };
        let _ = write!(name, "{}{}", base.trim_end_matches('-'), digits);
        name
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        // Always valid, because all bytes are ASCII.
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// Returns the name as bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if let Some(wrong) = text.chars().find(|c| !(c.is_ascii_alphanumeric() || *c == '-')) {
            return Err(NameError::Character(wrong));
        }
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.starts_with('-') || text.ends_with('-') {
            return Err(NameError::Hyphen);
        }
        if !text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            return Err(NameError::NoLetter);
        }
        let mut name = Self { bytes: [0; NAME_MAX], length: 0 };
        name.write_str(text).map_err(|_| NameError::TooLong)?;
        Ok(name)
    }
}

impl Write for Name {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the name is empty; a name is letters, digits and hyphens"),
            Self::TooLong => write!(f, "the name is longer than {NAME_MAX} letters; take a shorter one"),
            Self::Character(wrong) => {
                write!(f, "{wrong:?} may not stand in a name; take letters, digits and hyphens")
            }
            Self::Hyphen => f.write_str("the name begins or ends with a hyphen; take that off"),
            Self::NoLetter => f.write_str("the name has no letter, as if it were an address; add one"),
        }
    }
}

impl core::error::Error for NameError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::ToString;

    #[test]
    fn default_name_ends_with_the_mac_address() {
        let name = Name::from_mac([0x24, 0x6f, 0x28, 0xab, 0x0c, 0xde]);
        assert_eq!(name.as_str(), "instep-0cde");
        assert_eq!(name.as_str().parse(), Ok(name));
    }

    #[test]
    fn invalid_name_is_rejected() {
        for name in ["lamp", "Lamp-2", "a", "3d-printer", &"a".repeat(32)] {
            assert_eq!(name.parse::<Name>().map(|name| name.to_string()).as_deref(), Ok(name));
        }
        for (text, error) in [
            ("", NameError::Empty),
            (&"a".repeat(33), NameError::TooLong),
            ("-lamp", NameError::Hyphen),
            ("lamp-", NameError::Hyphen),
            ("-", NameError::Hyphen),
            ("192", NameError::NoLetter),
            ("1-2", NameError::NoLetter),
            ("my lamp", NameError::Character(' ')),
            ("lamp.local", NameError::Character('.')),
            ("lämpchen", NameError::Character('ä')),
            ("a_b", NameError::Character('_')),
            ("a\0", NameError::Character('\0')),
        ] {
            assert_eq!(text.parse::<Name>(), Err(error), "{text}");
            assert!(error.to_string().contains("name"));
        }
    }

    #[test]
    fn numbered_name_is_truncated_to_fit() {
        let numbered = |text: &str, number| text.parse::<Name>().unwrap().numbered(number).to_string();
        assert_eq!(numbered("instep-0cde", 2), "instep-0cde-2");
        assert_eq!(numbered("lamp-2", 2), "lamp-2-2");
        assert_eq!(numbered(&"a".repeat(32), 65535), "a".repeat(26) + "-65535");
        assert_eq!(numbered(&("a".repeat(29) + "--b"), 2), "a".repeat(29) + "-2");
    }

    proptest! {
        #[test]
        fn numbered_name_is_valid(text in "[a-z][a-z0-9-]{0,30}[a-z0-9]?", number: u16) {
            if let Ok(name) = text.parse::<Name>() {
                let numbered = name.numbered(number);
                prop_assert_eq!(numbered.as_str().parse(), Ok(numbered));
            }
        }
    }
}
