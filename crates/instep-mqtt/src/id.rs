//! Id of a device at a broker, and the prefix of its topics.

use core::fmt::{self, Display};
use instep_proto::texts;

/// Maximum length of an id, in bytes.
pub const ID_MAX: usize = 40;
/// Maximum length of a prefix, in bytes.
pub const PREFIX_MAX: usize = 64;
/// Maximum length of the application's name within an id, in bytes, before a hyphen and six digits.
const NAME_MAX: usize = 33;
/// Words that stand for something else in addresses.
const RESERVED: [&str; 14] = [
    "login",
    "logout",
    "things",
    "thing",
    "healthz",
    "metrics",
    "events",
    "properties",
    "actions",
    "firmware",
    "ws",
    "network",
    "gateway",
    "",
];

/// Stable id of a device, which is the client's id and a part of each topic.
///
/// Ids are ordered as their texts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId {
    bytes: [u8; ID_MAX],
    length: u8,
}

texts! {
    /// Error in an id or a prefix.
    pub enum IdError: Error {
        /// Id of another length, or with other characters.
        Characters = "an id has 1 to 40 of the characters a-z, 0-9 and -",
        /// Id that stands for something else in addresses.
        Reserved = "this id has a meaning of its own; choose another one",
        /// Prefix that is no beginning of a topic.
        Prefix = "a prefix has 1 to 64 bytes, no + and no #, and neither begins nor ends with /",
    }
}

impl DeviceId {
    /// Checks an id.
    ///
    /// # Errors
    /// If it has other characters than `a` to `z`, digits and `-`, more than 40 of them or none, or if it is reserved.
    pub fn new(id: &str) -> Result<Self, IdError> {
        let mut bytes = [0; ID_MAX];
        let length = u8::try_from(id.len()).map_err(|_| IdError::Characters)?;
        let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let Some(room) = bytes.get_mut(..id.len()).filter(|_| !id.is_empty() && id.bytes().all(is_allowed))
        else {
            return Err(IdError::Characters);
        };
        room.copy_from_slice(id.as_bytes());
        if RESERVED.contains(&id) { Err(IdError::Reserved) } else { Ok(Self { bytes, length }) }
    }

    /// Creates the id of an application on one device, of which `number` is typical.
    ///
    /// The id is the application's name and the last six hexadecimal digits of the number. Capital letters become small, and
    /// other characters than letters and digits become `-`.
    pub fn of(application: &str, number: u64) -> Self {
        let mut id = Self { bytes: [0; ID_MAX], length: 0 };
        for byte in application.bytes() {
            // A character is one place, whose first byte decides.
            if byte & 0xc0 != 0x80 && usize::from(id.length) < NAME_MAX {
                id.push(if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b'-' });
            }
        }
        id.push(b'-');
        let [.., high, middle, low] = number.to_be_bytes();
        let mut digits = u32::from_be_bytes([high, middle, low, 0]);
        for _ in 0..6 {
            digits = digits.rotate_left(4);
            let [.., digit] = digits.to_be_bytes();
            id.push(match digit & 15 {
                digit @ ..10 => b'0' + digit,
                digit => b'a' - 10 + digit,
            });
        }
        id
    }

    /// Creates the id of an application on the device with this MAC address.
    pub fn of_mac(application: &str, mac: [u8; 6]) -> Self {
        let [a, b, c, d, e, f] = mac;
        Self::of(application, u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
    }

    /// Adds a byte. There is room for a name and its digits.
    // Not inlined, because it is called at several places.
    #[inline(never)]
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(usize::from(self.length)) {
            *place = byte;
            self.length += 1;
        }
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        // Always valid, because all characters are ASCII.
        let bytes = self.bytes.get(..usize::from(self.length)).unwrap_or_default();
        core::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

/// Checks the prefix of topics.
///
/// # Errors
/// If it is no beginning of a topic that a device may write.
pub fn check_prefix(prefix: &str) -> Result<(), IdError> {
    let is_beginning = matches!(prefix.as_bytes(), [first, .., last] | [first @ last]
        if !matches!(first, b'/' | b'$') && *last != b'/');
    let is_beginning = is_beginning
        && prefix.len() <= PREFIX_MAX
        && !prefix.bytes().any(|byte| matches!(byte, b'+' | b'#' | b'\0'));
    if is_beginning { Ok(()) } else { Err(IdError::Prefix) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString as _;

    #[test]
    fn id_of_device_is_valid() {
        let long = "a-very-long-name-of-an-application-that-is-cut";
        for (name, number, expected) in [
            ("led-json", 0x1234_56ab_cdef, "led-json-abcdef"),
            ("My Lamp ü", 0x42, "my-lamp---000042"),
            (long, u64::MAX, "a-very-long-name-of-an-applicatio-ffffff"),
            ("", 1, "-000001"),
        ] {
            let id = DeviceId::of(name, number);
            assert_eq!(id.to_string(), expected);
            assert_eq!(DeviceId::new(expected), Ok(id));
        }
    }

    #[test]
    fn other_ids_are_refused() {
        for id in ["", "A", "a_b", "a/b", "ü", "a b", "12345678901234567890123456789012345678901"] {
            assert_eq!(DeviceId::new(id), Err(IdError::Characters), "{id}");
        }
        for id in ["login", "gateway", "thing", "ws"] {
            assert_eq!(DeviceId::new(id), Err(IdError::Reserved), "{id}");
        }
        assert!(DeviceId::new("1234567890123456789012345678901234567890").is_ok());
    }

    #[test]
    fn prefix_is_the_beginning_of_a_topic() {
        for prefix in ["instep", "house/cellar", "ü"] {
            assert_eq!(check_prefix(prefix), Ok(()), "{prefix}");
        }
        for prefix in ["", "/a", "a/", "a/+", "#", "$SYS", "a\0", &"a".repeat(65)] {
            assert_eq!(check_prefix(prefix), Err(IdError::Prefix), "{prefix}");
        }
    }
}
