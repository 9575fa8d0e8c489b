//! Settings of the client of a broker.

use crate::table::{BROKER, BROKER_PASSWORD, Stored, Value};
use crate::{Settings, WrongValue};
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

impl Settings {
    /// Returns the address of the broker.
    pub fn broker(&self) -> Option<BrokerUrl> {
        self.read(|table| table.broker.value.clone())
    }

    /// Returns the password at the broker.
    pub fn broker_password(&self) -> Option<BrokerPassword> {
        self.read(|table| table.broker_password.value.clone())
    }

    /// Sets or clears the address of the broker.
    pub fn set_broker(&self, broker: Option<BrokerUrl>) {
        self.change(|table| table.set(BROKER, |table| &mut table.broker, broker));
    }

    /// Sets or clears the password at the broker.
    pub fn set_broker_password(&self, password: Option<BrokerPassword>) {
        self.change(|table| table.set(BROKER_PASSWORD, |table| &mut table.broker_password, password));
    }
}

impl Stored for BrokerUrl {
    fn write(&self, to: &mut Value) {
        let _ = to.extend_from_slice(&self.0);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::new(core::str::from_utf8(bytes).ok()?).ok()
    }
}

impl Stored for BrokerPassword {
    fn write(&self, to: &mut Value) {
        let _ = to.extend_from_slice(&self.0);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::new(core::str::from_utf8(bytes).ok()?).ok()
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
    use crate::table::Table;
    use crate::{Build, Key};
    use std::format;

    #[test]
    fn longest_values_survive_and_others_are_refused() {
        let (url, password) = ("a".repeat(BROKER_URL_MAX), "ü".repeat(BROKER_PASSWORD_MAX / 2));
        let settings = Settings::new();
        // With the fingerprints of the build they are the longest records.
        let build = Build {
            broker: BrokerUrl::new(&url).ok(),
            broker_password: BrokerPassword::new(&password).ok(),
            ..Build::default()
        };
        settings.take_build(build);
        let mut loaded = Table::NEW;
        for slot in [BROKER, BROKER_PASSWORD] {
            let record = settings.read(|table| table.record(slot)).unwrap();
            assert!(loaded.load(record.key(), record.value()));
        }
        let other = Settings::new();
        other.replace(loaded);
        assert_eq!(other.broker().unwrap().as_str(), url);
        assert_eq!(other.broker_password().unwrap().reveal(), password);
        for text in ["", &"a".repeat(BROKER_URL_MAX + 1)] {
            assert_eq!(BrokerUrl::new(text), Err(WrongValue::BrokerUrl));
            assert_eq!(BrokerPassword::new(text), Err(WrongValue::BrokerPassword));
        }
        let mut table = Table::NEW;
        assert!(!table.load(&Key::from_bytes(&[6]).unwrap(), &[2, 0xff]), "an address is text");
    }

    #[test]
    fn password_prints_as_asterisks() {
        assert_eq!(format!("{:?}", BrokerPassword::new("open sesame").unwrap()), "***");
    }
}
