//! Violations of the protocol.

use super::CloseCode;

/// Violation of RFC 6455 or of a limit by a client.
///
/// Each ends the connection with its [close code](ProtocolError::close_code).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtocolError {
    /// Reserved bit without a negotiated extension (section 5.2).
    ReservedBit,
    /// Reserved opcode: 3 to 7 or 11 to 15 (section 5.2).
    ReservedOpcode(u8),
    /// Unmasked frame from a client (section 5.1).
    Unmasked,
    /// Length in more bytes than it needs, or with its top bit set (section 5.2).
    BadLength,
    /// Fragmented control frame (section 5.5).
    FragmentedControl,
    /// Control frame with more than 125 bytes of payload (section 5.5).
    LongControl,
    /// Continuation without a message in progress (section 5.4).
    NothingToContinue,
    /// New message before the previous one ended (section 5.4).
    Interleaved,
    /// Close frame with one byte, or with a code that must not be sent (section 7.4).
    BadClose,
    /// Text or close reason that is not UTF-8 (section 8.1).
    InvalidUtf8,
    /// Compressed message that cannot be decompressed (RFC 7692 section 7.2.2).
    BadCompression,
    /// Message above the server's limit.
    TooBig,
}

impl ProtocolError {
    /// Returns the code of the close frame (section 7.4.1).
    pub fn close_code(self) -> CloseCode {
        match self {
            Self::InvalidUtf8 | Self::BadCompression => CloseCode::INVALID_PAYLOAD,
            Self::TooBig => CloseCode::TOO_BIG,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }
}

impl core::fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::ReservedBit => "a reserved bit is set, and no extension was agreed on",
            Self::ReservedOpcode(opcode) => return write!(f, "the opcode {opcode} is reserved"),
            Self::Unmasked => "a frame is not masked",
            Self::BadLength => "a frame's length is malformed",
            Self::FragmentedControl => "a control frame is in fragments",
            Self::LongControl => "a control frame is longer than 125 bytes",
            Self::NothingToContinue => "a continuation frame without a message to continue",
            Self::Interleaved => "a new message began before the last one ended",
            Self::BadClose => "a close frame's payload is malformed",
            Self::InvalidUtf8 => "text is not UTF-8",
            Self::BadCompression => "a compressed message cannot be decompressed",
            Self::TooBig => "the message is longer than this server takes",
        })
    }
}

impl core::error::Error for ProtocolError {}
