//! Header of a frame (RFC 6455 section 5.2).

use super::ProtocolError;

/// Maximum length of a server's header, in bytes, without a masking key.
pub const SERVER_HEADER_MAX: usize = 10;
/// Maximum length of a client's header, in bytes.
pub const CLIENT_HEADER_MAX: usize = SERVER_HEADER_MAX + 4;
/// Bit in the first byte of a message's first frame that marks compression (RSV1).
pub const COMPRESSED: u8 = 0x40;

/// Type of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// Next fragment of a message.
    Continuation = 0,
    /// Text message, or its first fragment.
    Text = 1,
    /// Binary message, or its first fragment.
    Binary = 2,
    /// Close frame.
    Close = 8,
    /// Ping; the pong has the same payload.
    Ping = 9,
    /// Pong, in response to a ping or unsolicited.
    Pong = 10,
}

impl Opcode {
    /// Returns whether this is a control frame: close, ping or pong.
    ///
    /// Control frames are short, unfragmented, and allowed between fragments.
    pub fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }

    fn from_bits(bits: u8) -> Result<Self, ProtocolError> {
        Ok(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            other => return Err(ProtocolError::ReservedOpcode(other)),
        })
    }
}

/// Header of a client's frame, valid as far as one header can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Whether the frame ends its message.
    pub fin: bool,
    /// Type of the frame.
    pub opcode: Opcode,
    /// Whether the message that begins here is compressed (RSV1, RFC 7692 section 6).
    pub compressed: bool,
    /// Masking key of the payload.
    pub mask: [u8; 4],
    /// Length of the payload, in bytes.
    ///
    /// The type is `u64`, because the peer may announce any length, and `usize` has 32 bits on a device.
    pub length: u64,
}

impl FrameHeader {
    /// Parses a header at the start of `bytes`, and returns it with its length.
    ///
    /// Returns `None` if the header is incomplete.
    ///
    /// # Errors
    /// A violation of RFC 6455, as soon as `bytes` holds the byte that violates it.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, ProtocolError> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        let fin = first & 0x80 != 0;
        let compressed = first & COMPRESSED != 0;
        if first & 0x30 != 0 {
            return Err(ProtocolError::ReservedBit);
        }
        let opcode = Opcode::from_bits(first & 0x0f)?;
        if compressed && !matches!(opcode, Opcode::Text | Opcode::Binary) {
            return Err(ProtocolError::ReservedBit);
        }
        if opcode.is_control() && !fin {
            return Err(ProtocolError::FragmentedControl);
        }
        let Some(&second) = bytes.get(1) else { return Ok(None) };
        if second & 0x80 == 0 {
            return Err(ProtocolError::Unmasked);
        }
        let short = second & 0x7f;
        if opcode.is_control() && short > 125 {
            return Err(ProtocolError::LongControl);
        }
        let (length, used) = match short {
            126 => {
                let Some(field) = bytes[2..].first_chunk() else { return Ok(None) };
                (u64::from(u16::from_be_bytes(*field)), 4)
            }
            127 => {
                let Some(field) = bytes[2..].first_chunk() else { return Ok(None) };
                (u64::from_be_bytes(*field), 10)
            }
            short => (u64::from(short), 2),
        };
        if used != server_header_length(length) || length >> 63 != 0 {
            return Err(ProtocolError::BadLength);
        }
        let Some(mask) = bytes[used..].first_chunk() else { return Ok(None) };
        Ok(Some((Self { fin, opcode, compressed, mask: *mask, length }, used + 4)))
    }
}

/// Returns the length of a server's header for a payload of `payload` bytes.
///
/// No other length is allowed (RFC 6455 section 5.2).
pub const fn server_header_length(payload: u64) -> usize {
    match payload {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => SERVER_HEADER_MAX,
    }
}

/// Writes a server's header, which is never masked, to the start of `out`.
///
/// Returns its length.
///
/// # Panics
/// If `out` is shorter than the header, which has at most [`SERVER_HEADER_MAX`] bytes.
pub fn encode_header(fin: bool, opcode: Opcode, length: usize, out: &mut [u8]) -> usize {
    out[0] = opcode as u8 | if fin { 0x80 } else { 0 };
    if let Ok(length @ 0..=125) = u8::try_from(length) {
        out[1] = length;
        2
    } else if let Ok(length) = u16::try_from(length) {
        out[1] = 126;
        out[2..4].copy_from_slice(&length.to_be_bytes());
        4
    } else {
        out[1] = 127;
        // No target has a `usize` of more than 64 bits.
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        out[2..10].copy_from_slice(&length.to_be_bytes());
        10
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn client_header(first: u8, length: u64) -> Vec<u8> {
        let mut bytes = std::vec![first];
        match length {
            0..=125 => bytes.push(0x80 | u8::try_from(length).unwrap()),
            126..=0xffff => {
                bytes.push(0xfe);
                bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            _ => {
                bytes.push(0xff);
                bytes.extend(length.to_be_bytes());
            }
        }
        bytes.extend([1, 2, 3, 4]);
        bytes
    }

    #[test]
    fn lengths_at_every_edge_parse_without_truncation() {
        for length in [0, 1, 125, 126, 0xffff, 0x1_0000, 1 << 31, (1 << 32) + 5, 1 << 62, (1 << 63) - 1] {
            let bytes = client_header(0x82, length);
            for end in 0..bytes.len() {
                assert_eq!(FrameHeader::parse(&bytes[..end]), Ok(None), "{length} cut at {end}");
            }
            let (header, used) = FrameHeader::parse(&bytes).unwrap().unwrap();
            assert_eq!((header.length, used), (length, bytes.len()));
            assert_eq!((header.fin, header.opcode, header.mask), (true, Opcode::Binary, [1, 2, 3, 4]));
        }
    }

    #[test]
    fn violation_is_an_error_at_its_byte() {
        let invalid: [(&[u8], ProtocolError); 12] = [
            (&[0xc9], ProtocolError::ReservedBit),
            (&[0xa1], ProtocolError::ReservedBit),
            (&[0x91], ProtocolError::ReservedBit),
            (&[0x83], ProtocolError::ReservedOpcode(3)),
            (&[0x8f], ProtocolError::ReservedOpcode(15)),
            (&[0x09], ProtocolError::FragmentedControl),
            (&[0x81, 0x05], ProtocolError::Unmasked),
            (&[0x89, 0xfe], ProtocolError::LongControl),
            (&[0x88, 0xff], ProtocolError::LongControl),
            (&[0x81, 0xfe, 0, 125], ProtocolError::BadLength),
            (&[0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff], ProtocolError::BadLength),
            (&[0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], ProtocolError::BadLength),
        ];
        for (bytes, error) in invalid {
            assert_eq!(FrameHeader::parse(bytes), Err(error), "{bytes:02x?}");
        }
    }

    #[test]
    fn server_header_is_shortest_and_unmasked() {
        let mut out = [0; SERVER_HEADER_MAX];
        for (length, expected) in [
            (0, &[0x81, 0][..]),
            (125, &[0x81, 125]),
            (126, &[0x81, 126, 0, 126]),
            (65_535, &[0x81, 126, 0xff, 0xff]),
            (65_536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let used = encode_header(true, Opcode::Text, length, &mut out);
            assert_eq!(&out[..used], expected);
        }
        assert_eq!(encode_header(false, Opcode::Continuation, 1, &mut out), 2);
        assert_eq!(out[..2], [0, 1]);
    }
}
