//! Reasons why a command has no answer.

use std::fmt;

/// Reason why a command has no answer of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommandError {
    /// No such device. The command was not sent.
    Unknown,
    /// The device is offline. The command was not sent.
    Offline,
    /// The gateway is not connected to the broker. The command was not sent.
    NoBroker,
    /// Too many commands wait for their answers. The command was not sent.
    Busy,
    /// There can be nothing of that name. The command was not sent.
    Name,
    /// The command is longer than the broker takes. The command was not sent.
    TooLong,
    /// The device did not answer in time, or went offline before. The command may have been done.
    TimedOut,
}

impl CommandError {
    /// Returns the code in an error frame.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unknown | Self::Name => "unknown",
            Self::Offline | Self::NoBroker => "offline",
            Self::Busy => "busy",
            Self::TooLong => "too-long",
            Self::TimedOut => "timeout",
        }
    }

    /// Returns the status of an HTTP answer.
    pub const fn status(self) -> u16 {
        match self {
            Self::Unknown | Self::Name => 404,
            Self::Offline | Self::NoBroker | Self::Busy => 503,
            Self::TooLong => 413,
            Self::TimedOut => 504,
        }
    }

    /// Returns whether the command may have been done although there is no answer.
    pub const fn may_be_done(self) -> bool {
        matches!(self, Self::TimedOut)
    }
}

/// The message in an error frame.
impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "there is no such device",
            Self::Offline => "the device is offline: try again when it is back",
            Self::NoBroker => "the gateway is not connected to the broker: try again later",
            Self::Busy => "too many requests wait for answers: try again later",
            Self::Name => "there is nothing of that name",
            Self::TooLong => "this is more than the broker takes",
            Self::TimedOut => "the device did not answer in time: it may have done this",
        })
    }
}

impl std::error::Error for CommandError {}
