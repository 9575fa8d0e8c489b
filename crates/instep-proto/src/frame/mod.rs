//! Frames (RFC 6455 section 5): headers, masking and close codes.

mod close;
mod close_code;
mod encode;
mod error;
mod header;
mod mask;

pub use close::{CONTROL_PAYLOAD_MAX, CloseReason};
pub use close_code::CloseCode;
pub use encode::{Encoded, Payload, TooLong, encode_frame, server_payload};
pub use error::ProtocolError;
pub use header::{
    CLIENT_HEADER_MAX, COMPRESSED, FrameHeader, Opcode, SERVER_HEADER_MAX, encode_header,
    server_header_length,
};
pub use mask::unmask;
