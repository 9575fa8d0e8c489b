//! Errors of sending to one client.

use core::fmt::{self, Display};
use instep_proto::frame::TooLong;

/// Reason why a message to one client could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The client has disconnected.
    Gone,
    /// The client does not read, so its outbox is full.
    Full,
    /// The message is too long.
    TooLong(TooLong),
}

impl Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("the client has disconnected"),
            Self::Full => f.write_str("the client does not read, so its outbox is full"),
            Self::TooLong(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for SendError {}
