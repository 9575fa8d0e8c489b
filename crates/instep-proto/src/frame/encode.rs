//! Encoding of a server's frame, once for all clients.

use super::header::server_header_length;
use super::{Opcode, SERVER_HEADER_MAX, encode_header};
use core::fmt::{self, Display, Write};
use core::ops::Range;

/// Payload of a server's message.
#[derive(Clone, Copy)]
pub enum Payload<'p> {
    /// Text, from its `Display`.
    Text(&'p dyn Display),
    /// Binary data.
    Binary(&'p [u8]),
}

/// Payload that exceeds its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// Maximum payload of the block, in bytes.
    pub limit: usize,
}

impl Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the message is longer than {} bytes", self.limit)
    }
}

impl core::error::Error for TooLong {}

/// Range of a frame within its block.
pub type Encoded = Range<usize>;

/// Encodes an unfragmented frame somewhere in `block`, and returns its range.
///
/// `block` is [`SERVER_HEADER_MAX`] bytes longer than the longest payload.
///
/// # Errors
/// [`TooLong`]; the content of `block` is then unspecified.
///
/// # Panics
/// If `block` is shorter than [`SERVER_HEADER_MAX`].
pub fn encode_frame(payload: Payload<'_>, block: &mut [u8]) -> Result<Encoded, TooLong> {
    let (front, body) = block.split_at_mut(SERVER_HEADER_MAX);
    let too_long = TooLong { limit: body.len() };
    let (opcode, length) = match payload {
        Payload::Text(text) => {
            let mut body = crate::http::cursor(body);
            write!(body, "{text}").map_err(|_| too_long)?;
            (Opcode::Text, body.used)
        }
        Payload::Binary(bytes) => {
            body.get_mut(..bytes.len()).ok_or(too_long)?.copy_from_slice(bytes);
            (Opcode::Binary, bytes.len())
        }
    };
    // The header precedes the payload directly, and the length of the header depends on the length of the payload.
    let start = SERVER_HEADER_MAX - server_header_length(length as u64);
    encode_header(true, opcode, length, &mut front[start..]);
    Ok(start..SERVER_HEADER_MAX + length)
}

/// Returns the payload of a whole frame from a server.
///
/// # Panics
/// If the frame is shorter than its header.
pub fn server_payload(frame: &[u8]) -> &[u8] {
    &frame[match frame[1] {
        ..=125 => 2,
        126 => 4,
        _ => SERVER_HEADER_MAX,
    }..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_directly_precedes_payload() {
        let mut block = [0; SERVER_HEADER_MAX + 200];
        let frame = encode_frame(Payload::Text(&format_args!("LED {}", "ON")), &mut block).unwrap();
        assert_eq!(&block[frame], b"\x81\x06LED ON");
        let frame = encode_frame(Payload::Binary(&[7; 200]), &mut block).unwrap();
        assert_eq!(block[frame.clone()][..4], [0x82, 126, 0, 200]);
        assert_eq!(frame.len(), 204);
        assert_eq!(server_payload(&block[frame.clone()]), [7; 200]);
        assert_eq!(encode_frame(Payload::Binary(&[7; 201]), &mut block), Err(TooLong { limit: 200 }));
        let long = "x".repeat(201);
        assert_eq!(encode_frame(Payload::Text(&long), &mut block), Err(TooLong { limit: 200 }));
    }
}
