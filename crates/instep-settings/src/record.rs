//! Records of a storage, each with a key and a value.

use core::fmt::{self, Debug};
use heapless::Vec;

/// Version of the stored format, in its own record, whose form never changes.
pub const VERSION: u16 = 1;

/// Maximum length of a key, in bytes. The key of a persisted value has this length.
pub(crate) const KEY_MAX: usize = 1 + crate::KEPT_NAME_MAX;
/// Maximum length of a value, in bytes. The value of a network has this length.
pub(crate) const VALUE_MAX: usize = 112;

/// First byte of a persisted value's key; its name follows.
const KEPT: u8 = 0x80;

/// Key of a record, as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(Vec<u8, KEY_MAX>);

impl Key {
    /// Returns the key of the [version](VERSION).
    ///
    /// Its value is two bytes, little-endian.
    pub fn version() -> Self {
        Self::of(1)
    }

    /// Creates a key from [`Key::as_bytes`]; returns `None` if it is empty or too long.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() { None } else { Vec::from_slice(bytes).ok().map(Self) }
    }

    /// Returns the bytes, at most 33.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn of(number: u8) -> Self {
        Self(Vec::from_iter([number]))
    }

    pub(crate) fn kept(name: &[u8]) -> Self {
        Self([KEPT].iter().chain(name).copied().take(KEY_MAX).collect())
    }

    /// Returns the name of the persisted value, or `None` if the key is not of one.
    pub(crate) fn kept_name(&self) -> Option<&[u8]> {
        self.0.strip_prefix(&[KEPT])
    }
}

/// Record with a key and a value.
///
/// Its `Debug` omits the value, which may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    pub(crate) key: Key,
    pub(crate) value: Vec<u8, VALUE_MAX>,
}

impl Record {
    /// Creates a record; returns `None` if the value has more than 112 bytes.
    pub fn new(key: Key, value: &[u8]) -> Option<Self> {
        Vec::from_slice(value).ok().map(|value| Self { key, value })
    }

    /// Returns the key.
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// Returns the value, at most 112 bytes.
    pub fn value(&self) -> &[u8] {
        &self.value
    }
}

impl Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("key", &self.key).finish_non_exhaustive()
    }
}
