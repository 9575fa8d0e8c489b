//! The name and the value of what an application keeps, and why it may not be kept.

use core::fmt::{self, Display};
use heapless::Vec;

/// How many values can be kept.
pub const KEPT_MAX: usize = 16;
/// The longest name of a kept value, in bytes.
pub const KEPT_NAME_MAX: usize = 32;
/// The longest kept value, in bytes.
pub const KEPT_VALUE_MAX: usize = 64;

/// A value that was kept.
pub type KeptValue = Vec<u8, KEPT_VALUE_MAX>;

/// The name of a kept value. It stays the same from version to version, or the value is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptName(&'static str);

impl KeptName {
    /// A name of 1 to 32 bytes. Best as a `const`: then a wrong one is an error of the compiler.
    ///
    /// # Panics
    /// If it is empty or longer.
    pub const fn new(name: &'static str) -> Self {
        assert!(
            !name.is_empty() && name.len() <= KEPT_NAME_MAX,
            "the name of a kept value has 1 to 32 bytes"
        );
        Self(name)
    }

    /// The name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// Why a value is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeepError {
    /// It is longer than 64 bytes.
    TooLong,
    /// 16 others are.
    Full,
}

impl KeepError {
    /// What it displays as.
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
