//! Errors in the head of a request, and the status of each.

use super::Status;
use crate::texts;

texts! {
    /// Error in the head of a request.
    ///
    /// The response has its [status](HeadError::status) and ends the connection, because the start of the next
    /// request is unknown.
    #[non_exhaustive]
    pub enum HeadError: Error {
        /// No HTTP, or a malformed header.
        Malformed = "it is not HTTP",
        /// Version other than HTTP/1.0 and HTTP/1.1.
        Version = "it is neither HTTP/1.0 nor HTTP/1.1",
        /// Unknown method.
        Method = "the method is unknown",
        /// Head above the limits.
        TooLarge = "its head is too large",
        /// Missing `Host` in HTTP/1.1, or a repeated one.
        Host = "it has no Host header, or more than one",
        /// Ambiguous length of the body.
        ///
        /// The head has a repeated or malformed length, a length together with a transfer coding, a transfer coding in
        /// HTTP/1.0, or a `chunked` that is repeated or not last.
        Length = "the length of its body is ambiguous",
        /// Transfer coding other than `chunked`.
        TransferCoding = "it uses a transfer coding other than chunked",
        /// Malformed framing of chunks.
        Chunks = "its chunks are malformed",
        /// Expectation other than `100-continue`.
        Expectation = "it has an unsupported expectation",
    }
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
