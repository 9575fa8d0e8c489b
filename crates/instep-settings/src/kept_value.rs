//! Names, values and errors of an application's persisted values.

use core::fmt::{self, Display};
use heapless::Vec;

/// Maximum number of persisted values.
pub const KEPT_MAX: usize = 16;
/// Maximum length of a persisted value's name, in bytes.
pub const KEPT_NAME_MAX: usize = 32;
/// Maximum length of a persisted value, in bytes.
pub const KEPT_VALUE_MAX: usize = 64;

/// Persisted value.
pub type KeptValue = Vec<u8, KEPT_VALUE_MAX>;

/// Name of a persisted value.
///
/// The name must stay the same across versions of the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptName(&'static str);

impl KeptName {
    /// Creates a name of 1 to 32 bytes. In a `const`, a wrong name is a compile error.
    ///
    /// # Panics
    /// If the name is empty, or longer than 32 bytes.
    pub const fn new(name: &'static str) -> Self {
        assert!(
            !name.is_empty() && name.len() <= KEPT_NAME_MAX,
            "the name of a kept value must have 1 to 32 bytes"
        );
        Self(name)
    }

    /// Returns the name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// Reason why a value is not persisted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeepError {
    /// Value of more than 64 bytes.
    TooLong,
    /// 16 other values are persisted already.
    Full,
}

impl KeepError {
    /// Returns the text of its `Display`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLong => "a kept value has at most 64 bytes",
            Self::Full => "16 values are kept already: remove one that is not needed any more",
        }
    }
}

impl Display for KeepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for KeepError {}
