//! Values for the client of a broker, which are valid once they exist.

use crate::WrongValue;
use core::fmt::{self, Debug};
use heapless::Vec;

/// Maximum length of the address of a broker, in bytes.
pub const BROKER_URL_MAX: usize = 96;
/// Maximum length of the password at a broker, in bytes.
pub const BROKER_PASSWORD_MAX: usize = 64;

/// Address of a broker, as text of 1 to 96 bytes, which is opaque to this crate.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerUrl(Vec<u8, BROKER_URL_MAX>);

/// Password at a broker, as text of 1 to 64 bytes; it prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerPassword(Vec<u8, BROKER_PASSWORD_MAX>);

impl BrokerUrl {
    /// Creates an address of valid length.
    ///
    /// # Errors
    /// [`WrongValue::BrokerUrl`] if it is empty or too long.
    pub fn new(text: &str) -> Result<Self, WrongValue> {
        short(text).map(Self).ok_or(WrongValue::BrokerUrl)
    }

    /// Returns the address.
    pub fn as_str(&self) -> &str {
        // Always valid, because it was made of text.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl BrokerPassword {
    /// Creates a password of valid length.
    ///
    /// # Errors
    /// [`WrongValue::BrokerPassword`] if it is empty or too long.
    pub fn new(text: &str) -> Result<Self, WrongValue> {
        short(text).map(Self).ok_or(WrongValue::BrokerPassword)
    }

    /// Returns the password, which must not be logged.
    pub fn reveal(&self) -> &str {
        // Always valid, because it was made of text.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Debug for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(self.as_str(), f)
    }
}

impl Debug for BrokerPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Copies text that is not empty and fits.
fn short<const MAX: usize>(text: &str) -> Option<Vec<u8, MAX>> {
    Vec::from_slice(text.as_bytes()).ok().filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn longer_values_and_empty_ones_are_refused() {
        assert!(BrokerUrl::new(&"a".repeat(BROKER_URL_MAX)).is_ok());
        assert!(BrokerPassword::new(&"a".repeat(BROKER_PASSWORD_MAX)).is_ok());
        for text in ["", &"a".repeat(BROKER_URL_MAX + 1)] {
            assert_eq!(BrokerUrl::new(text), Err(WrongValue::BrokerUrl));
            assert_eq!(BrokerPassword::new(text), Err(WrongValue::BrokerPassword));
        }
    }

    #[test]
    fn password_prints_as_asterisks() {
        assert_eq!(format!("{:?}", BrokerPassword::new("open sesame").unwrap()), "***");
    }
}
