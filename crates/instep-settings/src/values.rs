//! Values of settings, which are valid once they exist.

use core::fmt::{self, Debug, Display};
use heapless::Vec;

/// Reason why a value is invalid, as a sentence for the person who entered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrongValue {
    /// Invalid name of a network.
    NetworkName,
    /// Invalid password of a network.
    WifiPassword,
    /// Invalid name of a device.
    DeviceName,
    /// Invalid hash of a password.
    PasswordHash,
    /// Invalid address of a broker.
    #[cfg(feature = "mqtt")]
    BrokerUrl,
    /// Invalid password at a broker.
    #[cfg(feature = "mqtt")]
    BrokerPassword,
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
            #[cfg(feature = "mqtt")]
            Self::BrokerUrl => "the address of a broker has 1 to 96 bytes",
            #[cfg(feature = "mqtt")]
            Self::BrokerPassword => "the password at a broker has 1 to 64 bytes",
        })
    }
}

impl core::error::Error for WrongValue {}

/// Copies bytes that are valid and fit.
fn checked<const MAX: usize>(bytes: &[u8], is_valid: bool) -> Option<Vec<u8, MAX>> {
    Vec::from_slice(bytes).ok().filter(|_| is_valid)
}

/// Name of a network (its SSID): 1 to 32 bytes, which need not be text.
#[derive(Clone, PartialEq, Eq)]
pub struct NetworkName(Vec<u8, 32>);

impl NetworkName {
    /// Creates a name of 1 to 32 bytes.
    ///
    /// # Errors
    /// [`WrongValue::NetworkName`] if the name is empty or longer.
    pub fn new(bytes: &[u8]) -> Result<Self, WrongValue> {
        checked(bytes, !bytes.is_empty()).map(Self).ok_or(WrongValue::NetworkName)
    }

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Debug for NetworkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// Password of a network; it prints as `***`.
///
/// The password has 8 to 63 printable ASCII characters, or is the network's key as 64 hexadecimal digits (IEEE 802.11,
/// annex J).
#[derive(Clone, PartialEq, Eq)]
pub struct WifiPassword(Vec<u8, 64>);

impl WifiPassword {
    /// Creates a password of valid length and characters.
    ///
    /// # Errors
    /// [`WrongValue::WifiPassword`] if no network can have this password.
    pub fn new(text: &[u8]) -> Result<Self, WrongValue> {
        let good = match text.len() {
            8..=63 => text.iter().all(|byte| matches!(byte, b' '..=b'~')),
            64 => text.iter().all(u8::is_ascii_hexdigit),
            _ => false,
        };
        checked(text, good).map(Self).ok_or(WrongValue::WifiPassword)
    }

    /// Returns the text of the password, which must not be logged.
    pub fn reveal(&self) -> &str {
        // The constructor accepts ASCII only.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Debug for WifiPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Network to join, whose name and password change together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    name: NetworkName,
    password: Option<WifiPassword>,
}

impl Network {
    /// Creates a network. An open network has no password.
    pub const fn new(name: NetworkName, password: Option<WifiPassword>) -> Self {
        Self { name, password }
    }

    /// Returns the name.
    pub const fn name(&self) -> &NetworkName {
        &self.name
    }

    /// Returns the password, if any.
    pub const fn password(&self) -> Option<&WifiPassword> {
        self.password.as_ref()
    }
}

/// Name of the device in its network.
///
/// The name has 1 to 32 letters, digits and dashes (RFC 952, RFC 1123).
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceName(Vec<u8, 32>);

impl DeviceName {
    /// Creates a name that is valid as a host name's label.
    ///
    /// # Errors
    /// [`WrongValue::DeviceName`] if the name is not valid.
    pub fn new(text: &str) -> Result<Self, WrongValue> {
        let good = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !text.is_empty()
            && !text.starts_with('-')
            && !text.ends_with('-');
        checked(text.as_bytes(), good).map(Self).ok_or(WrongValue::DeviceName)
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        // The constructor accepts ASCII only.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Debug for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(self.as_str(), f)
    }
}

/// Hash of the log-in password; it prints as `***`.
///
/// The hash has 1 to 64 bytes, which are opaque to this crate.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Vec<u8, 64>);

impl PasswordHash {
    /// Creates a hash of 1 to 64 bytes.
    ///
    /// # Errors
    /// [`WrongValue::PasswordHash`] if the hash is empty or longer.
    pub fn new(bytes: &[u8]) -> Result<Self, WrongValue> {
        checked(bytes, !bytes.is_empty()).map(Self).ok_or(WrongValue::PasswordHash)
    }

    /// Returns the bytes, which must not be logged.
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
    fn values_at_and_beyond_limits_are_judged() {
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
    fn secrets_print_as_asterisks() {
        let password = WifiPassword::new(b"open sesame").unwrap();
        let network = Network::new(NetworkName::new(b"cave\n").unwrap(), Some(password.clone()));
        assert_eq!(format!("{password:?}"), "***");
        let printed = r#"Network { name: "cave\n", password: Some(***) }"#;
        assert_eq!(format!("{network:?}"), printed);
        assert_eq!(format!("{:?}", PasswordHash::new(b"hash").unwrap()), "***");
    }
}
