//! Frames of RFC 6455, section 5: any frame can
//! be built, and valid ones can be read.

/// The opcodes of RFC 6455.
pub mod opcode {
    /// A further fragment of a message.
    pub const CONTINUATION: u8 = 0x0;
    /// A text message, or the first fragment of one.
    pub const TEXT: u8 = 0x1;
    /// A binary message, or the first fragment of one.
    pub const BINARY: u8 = 0x2;
    /// The closing handshake.
    pub const CLOSE: u8 = 0x8;
    /// A ping.
    pub const PING: u8 = 0x9;
    /// A pong.
    pub const PONG: u8 = 0xA;
}

/// Frame from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Whether it is the last fragment of its message.
    pub fin: bool,
    /// One of [`opcode`].
    pub opcode: u8,
    /// The payload.
    pub payload: Vec<u8>,
}

impl Frame {
    /// Returns the payload as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.payload).expect("the payload is not UTF-8")
    }

    /// Returns the code of a close frame, which is 1005 if it has none.
    #[track_caller]
    pub fn close_code(&self) -> u16 {
        assert_eq!(self.opcode, opcode::CLOSE, "expected a close frame, got {self:?}");
        match self.payload[..] {
            [] => 1005,
            [one] => panic!("a close frame with the single byte {one}"),
            [high, low, ..] => u16::from_be_bytes([high, low]),
        }
    }

    /// Builds any frame, valid or not.
    ///
    /// `rsv` is the three reserved bits as a number, 0 to 7.
    pub fn encode(fin: bool, rsv: u8, opcode: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
        let masked = if mask.is_some() { 0x80 } else { 0 };
        let mut bytes = vec![u8::from(fin) << 7 | (rsv & 7) << 4 | (opcode & 0xF)];
        if let Ok(len @ ..=125) = u8::try_from(payload.len()) {
            bytes.push(masked | len);
        } else if let Ok(len) = u16::try_from(payload.len()) {
            bytes.push(masked | 126);
            bytes.extend(len.to_be_bytes());
        } else {
            bytes.push(masked | 127);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
        let Some(mask) = mask else {
            bytes.extend(payload);
            return bytes;
        };
        bytes.extend(mask);
        bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
        bytes
    }

    /// Returns the length of the head and of the whole frame at the start of `bytes`,
    /// or `None` while the head is incomplete.
    #[track_caller]
    pub(crate) fn measure(bytes: &[u8]) -> Option<(usize, usize)> {
        let (&first, &second) = (bytes.first()?, bytes.get(1)?);
        assert_eq!(first & 0x70, 0, "the server set a reserved bit: {first:#04x}");
        assert_eq!(second & 0x80, 0, "the server masked a frame");
        let (head, payload) = match second & 0x7F {
            126 => {
                let len = u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?);
                assert!(len > 125, "a length of {len} in three bytes");
                (4, usize::from(len))
            }
            127 => {
                let len = u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?);
                assert!(len > 0xFFFF, "a length of {len} in nine bytes");
                (10, usize::try_from(len).expect("the length does not fit into usize"))
            }
            len => (2, usize::from(len)),
        };
        if first & 0x08 != 0 {
            assert!(first & 0x80 != 0 && payload <= 125, "a control frame in fragments, or too long");
        }
        Some((head, head + payload))
    }

    /// Decodes one complete frame, measured before.
    pub(crate) fn decode(bytes: &[u8], head: usize) -> Frame {
        Frame { fin: bytes[0] & 0x80 != 0, opcode: bytes[0] & 0xF, payload: bytes[head..].to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_rfc_6455_section_5_7_decode() {
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(Frame::encode(true, 0, opcode::TEXT, Some(mask), b"Hello"), hello);
        assert_eq!(Frame::encode(false, 0, opcode::TEXT, None, b"Hel"), [0x01, 0x03, 0x48, 0x65, 0x6c]);
        assert_eq!(Frame::encode(true, 0, opcode::BINARY, None, &[0; 256])[..4], [0x82, 0x7E, 1, 0]);
    }

    #[test]
    fn every_payload_length_round_trips() {
        for len in [0, 1, 125, 126, 127, 0xFFFF, 0x1_0000] {
            let bytes = Frame::encode(true, 0, opcode::TEXT, None, &vec![b'x'; len]);
            let (head, whole) = Frame::measure(&bytes).expect("an encoded frame is incomplete");
            assert_eq!(whole, bytes.len());
            assert_eq!(Frame::decode(&bytes, head).payload.len(), len);
            assert_eq!(Frame::measure(&bytes[..head - 1]), None);
        }
    }
}
