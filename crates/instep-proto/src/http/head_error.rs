//! Errors in the head of a request, and the status of each.

use super::Status;

/// Error in the head of a request.
///
/// The response has its [status](HeadError::status) and ends the connection, because the start of the next
/// request is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeadError {
    /// No HTTP, or a malformed header.
    Malformed,
    /// Version other than HTTP/1.0 and HTTP/1.1.
    Version,
    /// Unknown method.
    Method,
    /// Head above the limits.
    TooLarge,
    /// Missing `Host` in HTTP/1.1, or a repeated one.
    Host,
    /// Ambiguous length of the body.
    ///
    /// The head has a repeated or malformed length, a length together with a transfer coding, a transfer coding in
    /// HTTP/1.0, or a `chunked` that is repeated or not last.
    Length,
    /// Transfer coding other than `chunked`.
    TransferCoding,
    /// Malformed framing of chunks.
    Chunks,
    /// Expectation other than `100-continue`.
    Expectation,
}

impl HeadError {
    /// Returns the status of the response.
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
            Self::Length => "the length of its body is ambiguous",
            Self::TransferCoding => "it uses a transfer coding other than chunked",
            Self::Chunks => "its chunks are malformed",
            Self::Expectation => "it has an unsupported expectation",
        })
    }
}

impl core::error::Error for HeadError {}
