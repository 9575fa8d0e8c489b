//! Errors of an update.

use crate::Refusal;
use core::fmt::{self, Debug, Display};

/// Error of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpdateError<E> {
    /// Error of the flash's driver.
    Flash(E),
    /// The image is not accepted.
    Refused(Refusal),
}

impl<E> UpdateError<E> {
    /// Returns the reason, for an answer to a client.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Flash(_) => Refusal::FlashFailed,
            Self::Refused(refusal) => *refusal,
        }
    }
}

impl<E> From<Refusal> for UpdateError<E> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<E: Debug> Display for UpdateError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash(error) => write!(f, "the flash failed: {error:?}"),
            Self::Refused(refusal) => Display::fmt(refusal, f),
        }
    }
}

impl<E: Debug> core::error::Error for UpdateError<E> {}
