//! Why a message is not sent.

use core::fmt::{self, Display};
use instep_proto::frame::TooLong;

/// Why a message to one client could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The client is not there any more.
    Gone,
    /// The client does not read what it was sent, and its outbox is full.
    Full,
    /// The message is too long.
    TooLong(TooLong),
}

impl Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("the client is not there any more"),
            Self::Full => f.write_str("the client does not read, and its outbox is full"),
            Self::TooLong(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for SendError {}
