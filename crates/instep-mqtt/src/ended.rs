//! Why a client is no longer connected to its broker.

use crate::connection::End;
use crate::packet::ReasonCode;
use core::fmt::{self, Display};

/// End of a client's connection to its broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The connection has ended.
    Connection(End),
    /// Another device with the same id publishes.
    SameId,
    /// The driver has disconnected.
    Stopped,
}

impl Ended {
    /// Returns whether the broker has ended it.
    pub fn is_by_broker(self) -> bool {
        matches!(self, Self::Connection(End::Disconnected(_)))
    }
}

impl Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(end) => end.fmt(f),
            Self::SameId => End::Disconnected(ReasonCode::SESSION_TAKEN_OVER).fmt(f),
            Self::Stopped => f.write_str("the program ended it, because it stops or has other settings now"),
        }
    }
}
