//! What can be wrong with the head of a request, and the status that says so.

use super::Status;

/// What is wrong with a head. Each is answered by its [status](HeadError::status), and ends the connection,
/// because where the next request would begin is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeadError {
    /// It is not HTTP, or a header is malformed.
    Malformed,
    /// Neither HTTP/1.0 nor HTTP/1.1.
    Version,
    /// A method that no server of HTTP must know.
    Method,
    /// Longer, or with more headers, than the limits allow.
    TooLarge,
    /// HTTP/1.1 without Host, or with two.
    Host,
    /// Two lengths, one that is not a number, a length and a transfer coding together, a transfer coding in HTTP/1.0, or
    /// codings of which `chunked` is not the last and there once.
    Length,
    /// A transfer coding other than `chunked`.
    TransferCoding,
    /// The framing of its chunks is malformed.
    Chunks,
    /// An expectation other than `100-continue`.
    Expectation,
}

impl HeadError {
    /// The status that answers it.
    pub fn status(self) -> Status {
        match self {
            Self::Malformed | Self::Host | Self::Length | Self::Chunks => Status::BadRequest,
            Self::Version => Status::VersionNotSupported,
            Self::Method | Self::TransferCoding => Status::NotImplemented,
            Self::TooLarge => Status::HeadTooLarge,
            Self::Expectation => Status::ExpectationFailed,
        }
    }
}

impl core::fmt::Display for HeadError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Malformed => "it is not HTTP",
            Self::Version => "it is neither HTTP/1.0 nor HTTP/1.1",
            Self::Method => "the method is unknown",
            Self::TooLarge => "its head is too large",
            Self::Host => "it has no Host header, or more than one",
            Self::Length => "the length of its body is unclear",
            Self::TransferCoding => "it uses a transfer coding other than chunked",
            Self::Chunks => "its chunks are malformed",
            Self::Expectation => "it expects what this server cannot do",
        })
    }
}

impl core::error::Error for HeadError {}
