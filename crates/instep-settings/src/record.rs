//! What is stored: records, each a key and a value.

use core::fmt::{self, Debug};
use heapless::Vec;

/// The version of what is stored. It is a record of its own, whose form never changes.
pub const VERSION: u16 = 1;

/// The longest key: a kept value's.
pub(crate) const KEY_MAX: usize = 1 + crate::KEPT_NAME_MAX;
/// The longest value: a network's.
pub(crate) const VALUE_MAX: usize = 112;

/// Before the name of a kept value.
const KEPT: u8 = 0x80;

/// What a record is called: some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(Vec<u8, KEY_MAX>);

impl Key {
    /// The key of the [version](VERSION), whose value is two bytes, the low one first.
    pub fn version() -> Self {
        Self::of(1)
    }

    /// The key of these bytes, as [`Key::as_bytes`] gave them; none if they are too many or too few.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() { None } else { Vec::from_slice(bytes).ok().map(Self) }
    }

    /// Its bytes, at most 33.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn of(number: u8) -> Self {
        Self(Vec::from_iter([number]))
    }

    pub(crate) fn kept(name: &[u8]) -> Self {
        Self([KEPT].iter().chain(name).copied().take(KEY_MAX).collect())
    }

    /// The name of the kept value that it stands for.
    pub(crate) fn kept_name(&self) -> Option<&[u8]> {
        self.0.strip_prefix(&[KEPT])
    }
}

/// A key and its value. It may be a secret: it prints without its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    pub(crate) key: Key,
    pub(crate) value: Vec<u8, VALUE_MAX>,
}

impl Record {
    /// A record, if its value has at most 112 bytes.
    pub fn new(key: Key, value: &[u8]) -> Option<Self> {
        Vec::from_slice(value).ok().map(|value| Self { key, value })
    }

    /// What it is called.
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// What it says, at most 112 bytes.
    pub fn value(&self) -> &[u8] {
        &self.value
    }
}

impl Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("key", &self.key).finish_non_exhaustive()
    }
}
