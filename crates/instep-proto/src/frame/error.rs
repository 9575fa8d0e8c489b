//! Errors of the protocol.

use super::CloseCode;

/// What a client did against RFC 6455, or beyond a limit. Each ends the connection with its
/// [close code](ProtocolError::close_code).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A reserved bit is set and no extension was agreed on (section 5.2).
    ReservedBit,
    /// The opcode is one of the reserved ones: 3 to 7 or 11 to 15 (section 5.2).
    ReservedOpcode(u8),
    /// A frame from a client is not masked (section 5.1).
    Unmasked,
    /// A length is written in more bytes than it needs, or its top bit is set (section 5.2).
    BadLength,
    /// A control frame is in fragments (section 5.5).
    FragmentedControl,
    /// A control frame is longer than 125 bytes (section 5.5).
    LongControl,
    /// A continuation without a message to continue (section 5.4).
    NothingToContinue,
    /// A new message before the last one ended (section 5.4).
    Interleaved,
    /// A close frame with one byte of payload, or with a code that may not be sent (section 7.4).
    BadClose,
    /// Text, or the reason of a close frame, is not UTF-8 (section 8.1).
    InvalidUtf8,
    /// A compressed message cannot be decompressed (RFC 7692 section 7.2.2).
    BadCompression,
    /// The message is longer than this server takes.
    TooBig,
}

impl ProtocolError {
    /// The code of the close frame that answers it (section 7.4.1).
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
