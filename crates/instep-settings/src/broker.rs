//! Values for the client of a broker, which are valid once they exist.

use crate::WrongValue;
use crate::fingerprint::Fingerprint;
use core::fmt::{self, Debug};
use heapless::Vec;

/// Maximum length of the address of a broker, in bytes.
pub const BROKER_URL_MAX: usize = 96;
/// Maximum length of the password at a broker, in bytes.
pub const BROKER_PASSWORD_MAX: usize = 64;

/// Address of a broker, as text of 1 to 96 bytes, which is opaque to this crate.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerUrl(Vec<u8, BROKER_URL_MAX>);

/// Password at one broker, as text of 1 to 64 bytes; it prints as `***`.
///
/// It is stored with a fingerprint of the broker's address, because another broker must never get it: address and password are two
/// records, and a power loss may store one of them alone.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerPassword {
    broker: Fingerprint,
    text: Vec<u8, BROKER_PASSWORD_MAX>,
}

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
    /// Creates a password of valid length, for the broker at this address.
    ///
    /// # Errors
    /// [`WrongValue::BrokerPassword`] if it is empty or too long.
    pub fn new(text: &str, broker: &BrokerUrl) -> Result<Self, WrongValue> {
        let text = short(text).ok_or(WrongValue::BrokerPassword)?;
        Ok(Self { broker: Fingerprint::of(&broker.0), text })
    }

    /// Returns the password, which must not be logged.
    pub fn reveal(&self) -> &str {
        // Always valid, because it was made of text.
        core::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// Returns the fingerprint of the broker's address, and the text, as they are stored.
    pub(crate) fn parts(&self) -> (&[u8; Fingerprint::LENGTH], &[u8]) {
        (&self.broker.0, &self.text)
    }

    pub(crate) fn from_parts(broker: [u8; Fingerprint::LENGTH], text: &[u8]) -> Option<Self> {
        Some(Self { broker: Fingerprint(broker), text: short(core::str::from_utf8(text).ok()?)? })
    }

    /// Returns whether the password is for the broker at this address.
    pub(crate) fn is_for(&self, broker: &BrokerUrl) -> bool {
        self.broker == Fingerprint::of(&broker.0)
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
        let broker = BrokerUrl::new("mqtt://a").unwrap();
        assert!(BrokerPassword::new(&"a".repeat(BROKER_PASSWORD_MAX), &broker).is_ok());
        for text in ["", &"a".repeat(BROKER_URL_MAX + 1)] {
            assert_eq!(BrokerUrl::new(text), Err(WrongValue::BrokerUrl));
            assert_eq!(BrokerPassword::new(text, &broker), Err(WrongValue::BrokerPassword));
        }
    }

    #[test]
    fn password_prints_as_asterisks() {
        let broker = BrokerUrl::new("mqtt://a").unwrap();
        assert_eq!(format!("{:?}", BrokerPassword::new("open sesame", &broker).unwrap()), "***");
    }

    /// As after a power loss between the two records, or with a build that has another broker.
    #[test]
    fn password_is_for_its_broker_alone() {
        let settings = crate::Settings::new();
        let [house, other] = ["mqtt://a@house", "mqtt://a@other"].map(|url| BrokerUrl::new(url).unwrap());
        settings.set_broker_password(BrokerPassword::new("secret", &house).ok());
        assert!(settings.broker_password().is_none());
        settings.set_broker(Some(house));
        assert_eq!(settings.broker_password().unwrap().reveal(), "secret");
        settings.set_broker(Some(other));
        assert!(settings.broker_password().is_none());
    }
}
