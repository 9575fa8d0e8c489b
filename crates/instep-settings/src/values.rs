//! What can be set. A value that exists is a value that can work.

use core::fmt::{self, Debug, Display};
use heapless::Vec;

/// Why something is no value: a sentence for whoever typed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrongValue {
    /// It is no name of a network.
    NetworkName,
    /// It is no password of a network.
    WifiPassword,
    /// It is no name of a device.
    DeviceName,
    /// It is no hash of a password.
    PasswordHash,
}

impl Display for WrongValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NetworkName => "the name of a network has 1 to 32 bytes",
            Self::WifiPassword => {
                "the password of a network has 8 to 63 letters, digits and signs of ASCII, or 64 hexadecimal digits"
            }
            Self::DeviceName => {
                "the name of a device has 1 to 32 letters, digits and dashes, with no dash at its ends"
            }
            Self::PasswordHash => "the hash of a password has 1 to 64 bytes",
        })
    }
}

impl core::error::Error for WrongValue {}

/// The name of a network (its SSID): 1 to 32 bytes, which need not be text.
#[derive(Clone, PartialEq, Eq)]
pub struct NetworkName(Vec<u8, 32>);

impl NetworkName {
    /// # Errors
    /// If there are no bytes or more than 32.
    pub fn new(bytes: &[u8]) -> Result<Self, WrongValue> {
        match Vec::from_slice(bytes) {
            Ok(bytes) if !bytes.is_empty() => Ok(Self(bytes)),
            _ => Err(WrongValue::NetworkName),
        }
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Debug for NetworkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// The password of a network: 8 to 63 printable characters of ASCII, or 64 hexadecimal digits, which are the key itself
/// (IEEE 802.11, annex J). It prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct WifiPassword(Vec<u8, 64>);

impl WifiPassword {
    /// # Errors
    /// If a network could not have it.
    pub fn new(text: &[u8]) -> Result<Self, WrongValue> {
        let good = match text.len() {
            8..=63 => text.iter().all(|byte| matches!(byte, b' '..=b'~')),
            64 => text.iter().all(u8::is_ascii_hexdigit),
            _ => false,
        };
        match Vec::from_slice(text) {
            Ok(text) if good => Ok(Self(text)),
            _ => Err(WrongValue::WifiPassword),
        }
    }

    /// The password itself. Not for a log.
    pub fn reveal(&self) -> &str {
        // It is ASCII.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Debug for WifiPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A network to join. Its name and its password change together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    name: NetworkName,
    password: Option<WifiPassword>,
}

impl Network {
    /// The network of that name; an open one has no password.
    pub const fn new(name: NetworkName, password: Option<WifiPassword>) -> Self {
        Self { name, password }
    }

    /// Its name.
    pub const fn name(&self) -> &NetworkName {
        &self.name
    }

    /// Its password, if it has one.
    pub const fn password(&self) -> Option<&WifiPassword> {
        self.password.as_ref()
    }
}

/// The device's own name in the network: 1 to 32 letters, digits and dashes (RFC 952, RFC 1123).
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceName(Vec<u8, 32>);

impl DeviceName {
    /// # Errors
    /// If it cannot be a part of a host's name.
    pub fn new(text: &str) -> Result<Self, WrongValue> {
        let good = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !text.is_empty()
            && !text.starts_with('-')
            && !text.ends_with('-');
        match Vec::from_slice(text.as_bytes()) {
            Ok(text) if good => Ok(Self(text)),
            _ => Err(WrongValue::DeviceName),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        // It is ASCII.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Debug for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(self.as_str(), f)
    }
}

/// The hash of the log-in password, with all that is needed to compare: 1 to 64 bytes, which mean nothing here. It prints as
/// `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Vec<u8, 64>);

impl PasswordHash {
    /// # Errors
    /// If there are no bytes or more than 64.
    pub fn new(bytes: &[u8]) -> Result<Self, WrongValue> {
        match Vec::from_slice(bytes) {
            Ok(bytes) if !bytes.is_empty() => Ok(Self(bytes)),
            _ => Err(WrongValue::PasswordHash),
        }
    }

    /// Its bytes. Not for a log.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn each_value_has_its_limits() {
        assert!(NetworkName::new(&[]).is_err() && NetworkName::new(&[0; 33]).is_err());
        assert!(NetworkName::new(&[255]).is_ok() && NetworkName::new(&[0; 32]).is_ok());
        for (length, good) in [(0, false), (7, false), (8, true), (63, true), (64, true), (65, false)] {
            assert_eq!(WifiPassword::new(&[b'a'; 65][..length]).is_ok(), good, "{length}");
        }
        for wrong in [&[b'g'; 64][..], b"12345678\n", b"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"] {
            assert_eq!(WifiPassword::new(wrong), Err(WrongValue::WifiPassword));
        }
        for wrong in ["", "-a", "a-", "a.b", "a b", &"a".repeat(33), "l\u{e4}mp"] {
            assert_eq!(DeviceName::new(wrong), Err(WrongValue::DeviceName), "{wrong}");
        }
        assert!(DeviceName::new("a").is_ok() && DeviceName::new(&"a-1".repeat(10)).is_ok());
        assert!(PasswordHash::new(&[]).is_err() && PasswordHash::new(&[1; 65]).is_err());
        assert!(PasswordHash::new(&[1; 64]).is_ok());
    }

    #[test]
    fn secrets_do_not_print() {
        let password = WifiPassword::new(b"open sesame").unwrap();
        let network = Network::new(NetworkName::new(b"cave\n").unwrap(), Some(password.clone()));
        assert_eq!(format!("{password:?}"), "***");
        let shown = r#"Network { name: "cave\n", password: Some(***) }"#;
        assert_eq!(format!("{network:?}"), shown);
        assert_eq!(format!("{:?}", PasswordHash::new(b"hash").unwrap()), "***");
    }
}
