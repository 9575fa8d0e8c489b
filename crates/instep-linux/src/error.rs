//! Failures of the server.

use crate::io::IoError;
use crate::listen;
use std::io;

/// Failure of the server, explained in one sentence.
#[derive(Debug)]
pub(crate) enum Error {
    /// The page cannot be read.
    Page(String),
    /// The certificate for https cannot be read or generated.
    Certificate(String),
    /// The password cannot be read, or a public address needs one or `--open`.
    Password(String),
    /// The options of the broker do not fit together, or its password cannot be read.
    Broker(String),
    /// The persisted values cannot be read.
    State(String),
    /// An input or output is invalid, or cannot be opened.
    Io(IoError),
    /// A socket of the service manager is not a listening socket.
    Inherited(String),
    /// An address cannot be bound.
    Listen(listen::Error),
    /// Another system call failed.
    System(io::Error),
}

impl Error {
    /// Returns whether the call is invalid, so that the exit code is 2.
    pub(crate) fn is_usage(&self) -> bool {
        match self {
            Self::Page(_) | Self::Password(_) | Self::Certificate(_) | Self::Broker(_) | Self::State(_) => {
                true
            }
            Self::Listen(error) => error.is_usage(),
            Self::Io(error) => matches!(error, IoError::Usage(_)),
            Self::Inherited(_) | Self::System(_) => false,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Page(sentence)
            | Self::Password(sentence)
            | Self::Certificate(sentence)
            | Self::Broker(sentence)
            | Self::State(sentence)
            | Self::Inherited(sentence) => f.write_str(sentence),
            Self::Io(error) => error.fmt(f),
            Self::Listen(error) => error.fmt(f),
            Self::System(error) => write!(f, "cannot run the server: {error}"),
        }
    }
}
