//! Receiving half of an open WebSocket.

use super::piece::{Kind, Piece, Received};
use super::utf8::Utf8;
use crate::frame::{
    CLIENT_HEADER_MAX, COMPRESSED, CONTROL_PAYLOAD_MAX, CloseReason, FrameHeader, Opcode, ProtocolError,
    unmask,
};

/// Maximum input that a [`Receiver`] leaves unused, in bytes.
///
/// This is the maximum payload of a control frame, without its last byte.
pub const PART_MAX: usize = CONTROL_PAYLOAD_MAX - 1;

/// Parser of a client's frames, for input cut at any byte.
///
/// A receiver stores a partial header and the position in a message, but no payload.
#[derive(Debug, Default)]
pub struct Receiver {
    reading: Reading,
    message: Option<Message>,
    utf8: Utf8,
    /// Whether messages may be compressed.
    deflate: bool,
}

/// Position in a frame.
///
/// Each client has one, so it must be small. A `u64` field would add padding, because of its alignment.
#[derive(Clone, Copy, Debug)]
enum Reading {
    /// Within a header, of which `length` bytes have arrived.
    Header { part: [u8; CLIENT_HEADER_MAX - 1], length: u8 },
    /// Within a payload, behind its header.
    Payload {
        fin: bool,
        opcode: Opcode,
        /// Masking key, rotated for the next byte of the payload.
        mask: [u8; 4],
        /// Number of bytes that have not arrived yet, as the bytes of a `u64`.
        missing: [u8; 8],
    },
}

impl Default for Reading {
    /// Returns the state before a header.
    fn default() -> Self {
        Self::Header { part: [0; CLIENT_HEADER_MAX - 1], length: 0 }
    }
}

/// Message in progress.
#[derive(Clone, Copy, Debug)]
struct Message {
    kind: Kind,
    /// Whether a piece of the message has been returned.
    started: bool,
    compressed: bool,
}

impl Receiver {
    /// Creates a receiver for a connection with permessage-deflate.
    pub fn with_deflate() -> Self {
        Self { deflate: true, ..Self::default() }
    }

    /// Returns whether permessage-deflate was accepted.
    pub const fn deflates(&self) -> bool {
        self.deflate
    }

    /// Returns whether a message is in progress.
    pub fn within_message(&self) -> bool {
        self.message.is_some()
    }

    /// Returns whether the next byte begins a message or a control frame between messages.
    pub fn is_idle(&self) -> bool {
        matches!(self.reading, Reading::Header { length: 0, .. }) && self.message.is_none()
    }

    /// Returns how many bytes the input must hold for the next call to use any.
    ///
    /// Returns 1, except within a control frame, whose whole payload is needed.
    pub fn least(&self) -> usize {
        match self.reading {
            Reading::Payload { opcode, missing, .. } if opcode.is_control() => {
                usize::try_from(u64::from_ne_bytes(missing)).unwrap_or(usize::MAX).max(1)
            }
            _ => 1,
        }
    }

    /// Parses `input` up to the end of one piece or control frame.
    ///
    /// Returns how many bytes were used, and the result. A piece has at most `max` bytes. `remaining` is how
    /// many bytes the message in progress, or else the next one, may still have. It does not limit a compressed
    /// message, because the header of a frame does not contain the decompressed length. Call this until it returns
    /// [`Received::Incomplete`].
    ///
    /// # Errors
    /// A violation of RFC 6455, or [`ProtocolError::TooBig`] for a header that announces more than `remaining`.
    ///
    /// The caller must then fail the connection, because the receiver has lost its position.
    pub fn receive<'i>(
        &mut self,
        input: &'i mut [u8],
        max: usize,
        remaining: usize,
    ) -> Result<(usize, Received<'i>), ProtocolError> {
        let (fin, opcode, mask, missing, start) = match self.reading {
            Reading::Payload { fin, opcode, mask, missing } => {
                (fin, opcode, mask, u64::from_ne_bytes(missing), 0)
            }
            Reading::Header { part, length } => {
                let Some((header, start)) = self.read_header(part, usize::from(length), input)? else {
                    return Ok((input.len(), Received::Incomplete));
                };
                self.begin(header)?;
                let limited = self.message.is_some_and(|message| !message.compressed);
                if limited && !header.opcode.is_control() && header.length > remaining as u64 {
                    return Err(ProtocolError::TooBig);
                }
                (header.fin, header.opcode, header.mask, header.length, start)
            }
        };
        let rest = &mut input[start..];
        let whole = usize::try_from(missing).unwrap_or(usize::MAX);
        let control = opcode.is_control();
        let length = whole.min(rest.len()).min(if control { usize::MAX } else { max });
        let complete = length == whole;
        if control && !complete {
            self.reading = Reading::Payload { fin, opcode, mask, missing: missing.to_ne_bytes() };
            return Ok((start, Received::Incomplete));
        }
        let missing = missing - length as u64;
        let mut next_mask = mask;
        next_mask.rotate_left(length % 4);
        self.reading = if complete {
            Reading::default()
        } else {
            Reading::Payload { fin, opcode, mask: next_mask, missing: missing.to_ne_bytes() }
        };
        if length == 0 && !complete {
            return Ok((start, Received::Incomplete));
        }
        let bytes = &mut rest[..length];
        unmask(mask, 0, bytes);
        let received = match opcode {
            Opcode::Ping => Received::Ping(bytes),
            Opcode::Close => Received::Close(CloseReason::parse(bytes)?),
            Opcode::Pong => Received::Pong,
            Opcode::Continuation | Opcode::Text | Opcode::Binary => {
                Received::Piece(self.piece(bytes, complete && fin)?)
            }
        };
        Ok((start + length, received))
    }

    /// Parses a header, of which `length` bytes arrived earlier.
    ///
    /// Returns the header with the number of its bytes in `input`, or `None` if all of `input` belongs to the header
    /// and more of it is missing.
    fn read_header(
        &mut self,
        part: [u8; CLIENT_HEADER_MAX - 1],
        length: usize,
        input: &[u8],
    ) -> Result<Option<(FrameHeader, usize)>, ProtocolError> {
        let first = if length > 0 { part.first() } else { input.first() };
        if !self.deflate && first.is_some_and(|first| first & COMPRESSED != 0) {
            return Err(ProtocolError::ReservedBit);
        }
        if length == 0
            && let Some(found) = FrameHeader::parse(input)?
        {
            return Ok(Some(found));
        }
        let mut joined = [0; CLIENT_HEADER_MAX];
        let end = CLIENT_HEADER_MAX.min(length + input.len());
        joined[..length].copy_from_slice(&part[..length]);
        joined[length..end].copy_from_slice(&input[..end - length]);
        if let Some((header, used)) = FrameHeader::parse(&joined[..end])? {
            return Ok(Some((header, used - length)));
        }
        // The part is shorter than the longest header, because a whole header would have been parsed.
        let mut part = part;
        part[..end].copy_from_slice(&joined[..end]);
        self.reading = Reading::Header { part, length: u8::try_from(end).unwrap_or(0) };
        Ok(None)
    }

    /// Checks that the frame is allowed at this position, and starts its message.
    fn begin(&mut self, header: FrameHeader) -> Result<(), ProtocolError> {
        match (header.opcode, self.message) {
            (Opcode::Continuation, None) => return Err(ProtocolError::NothingToContinue),
            (Opcode::Text | Opcode::Binary, Some(_)) => return Err(ProtocolError::Interleaved),
            (Opcode::Text, None) => {
                self.message =
                    Some(Message { kind: Kind::Text, started: false, compressed: header.compressed });
                self.utf8 = Utf8::default();
            }
            (Opcode::Binary, None) => {
                self.message =
                    Some(Message { kind: Kind::Binary, started: false, compressed: header.compressed });
            }
            (Opcode::Close | Opcode::Ping | Opcode::Pong, _) | (Opcode::Continuation, Some(_)) => {}
        }
        Ok(())
    }

    /// Checks decompressed bytes of a text message as UTF-8.
    ///
    /// With `last`, the text ends with these bytes.
    ///
    /// # Errors
    /// [`ProtocolError::InvalidUtf8`], as soon as no continuation could make the text valid.
    pub fn check_decompressed(&mut self, bytes: &[u8], last: bool) -> Result<(), ProtocolError> {
        self.utf8.check(bytes)?;
        if last { self.utf8.finish() } else { Ok(()) }
    }

    /// Checks the text of a piece, and updates the message in progress.
    fn piece<'i>(&mut self, bytes: &'i [u8], last: bool) -> Result<Piece<'i>, ProtocolError> {
        // The header of a data frame has set `message`, so the default is never used.
        let unset = Message { kind: Kind::Binary, started: false, compressed: false };
        let Message { kind, started, compressed } = self.message.unwrap_or(unset);
        if kind == Kind::Text && !compressed {
            self.utf8.check(bytes)?;
            if last {
                self.utf8.finish()?;
            }
        }
        self.message = (!last).then_some(Message { kind, started: true, compressed });
        Ok(Piece { first: !started, last, kind, compressed, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Returns a client's frame, masked.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let key = [0xa5, 0x5a, 0x12, 0xff];
        let mut bytes = std::vec![first, 0x80 | u8::try_from(payload.len()).unwrap()];
        bytes.extend(key);
        bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        bytes
    }

    /// Messages, payloads of pings, and the error that ended the input.
    type Outcome = (Vec<(Kind, Vec<u8>)>, Vec<Vec<u8>>, Option<ProtocolError>);

    /// Receives an input cut into `parts`, and joins the pieces of each message.
    fn run(parts: &[&[u8]], max: usize) -> Outcome {
        let mut receiver = Receiver::default();
        let (mut messages, mut pings, mut open) = (Vec::new(), Vec::new(), Vec::new());
        let mut tail = Vec::new();
        for part in parts {
            tail.extend_from_slice(part);
            loop {
                let (used, incomplete) = match receiver.receive(&mut tail, max, usize::MAX) {
                    Err(error) => return (messages, pings, Some(error)),
                    Ok((used, Received::Incomplete)) => (used, true),
                    Ok((used, Received::Piece(piece))) => {
                        open.extend_from_slice(piece.bytes);
                        if piece.last {
                            messages.push((piece.kind, core::mem::take(&mut open)));
                        }
                        (used, false)
                    }
                    Ok((used, Received::Ping(payload))) => {
                        pings.push(payload.to_vec());
                        (used, false)
                    }
                    Ok((used, _)) => (used, false),
                };
                tail.drain(..used);
                if incomplete {
                    assert!(tail.len() <= PART_MAX, "{} bytes left unused", tail.len());
                    break;
                }
            }
        }
        (messages, pings, None)
    }

    #[test]
    fn fragments_and_ping_survive_every_cut() {
        let mut bytes = frame(0x01, "Grüß".as_bytes());
        bytes.extend(frame(0x89, b"are you there"));
        bytes.extend(frame(0x00, b""));
        bytes.extend(frame(0x80, " dich €".as_bytes()));
        bytes.extend(frame(0x82, b""));
        let expected = (
            std::vec![(Kind::Text, "Grüß dich €".as_bytes().to_vec()), (Kind::Binary, Vec::new())],
            std::vec![b"are you there".to_vec()],
            None,
        );
        assert_eq!(run(&[&bytes], usize::MAX), expected);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(run(&single, usize::MAX), expected);
        for max in 1..8 {
            assert_eq!(run(&[&bytes], max), expected);
        }
        for cut in 0..=bytes.len() {
            assert_eq!(run(&[&bytes[..cut], &bytes[cut..]], usize::MAX), expected, "cut at {cut}");
        }
    }

    #[test]
    fn compressed_messages_need_negotiated_deflate() {
        let mut bytes = [frame(0x41, b"\xff\xfe"), frame(0x80, b"\xfd"), frame(0x81, b"plain")].concat();
        assert_eq!(run(&[&bytes], usize::MAX).2, Some(ProtocolError::ReservedBit));
        let mut receiver = Receiver::with_deflate();
        let mut pieces = Vec::new();
        let mut start = 0;
        while start < bytes.len() {
            let (used, received) = receiver.receive(&mut bytes[start..], usize::MAX, usize::MAX).unwrap();
            let Received::Piece(piece) = received else { panic!("{received:?}") };
            pieces.push((piece.first, piece.last, piece.compressed, piece.bytes.to_vec()));
            start += used;
        }
        let expected = [
            (true, false, true, &b"\xff\xfe"[..]),
            (false, true, true, b"\xfd"),
            (true, true, false, b"plain"),
        ];
        assert_eq!(
            pieces,
            expected.map(|(first, last, compressed, bytes)| (first, last, compressed, bytes.to_vec()))
        );
        for wrong in [frame(0xc0, b""), frame(0xc9, b""), frame(0xa1, b""), frame(0x91, b"")] {
            assert_eq!(
                Receiver::with_deflate().receive(&mut wrong.clone(), usize::MAX, usize::MAX),
                Err(ProtocolError::ReservedBit)
            );
        }
    }

    #[test]
    fn invalid_sequences_are_errors() {
        let cases = [
            (frame(0x80, b"x"), ProtocolError::NothingToContinue),
            ([frame(0x01, b"a"), frame(0x81, b"b")].concat(), ProtocolError::Interleaved),
            ([frame(0x01, b"\xe2\x82"), frame(0x80, b"")].concat(), ProtocolError::InvalidUtf8),
            (frame(0x01, b"\xff"), ProtocolError::InvalidUtf8),
            (frame(0x88, b"\x03"), ProtocolError::BadClose),
        ];
        for (bytes, error) in cases {
            assert_eq!(run(&[&bytes], usize::MAX).2, Some(error));
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(run(&single, usize::MAX).2, Some(error));
        }
    }

    #[test]
    fn header_above_limit_is_an_error_before_payload() {
        // A text of 126 bytes, a fragment of 3, the same compressed, and a ping of 5.
        let header = |first: u8, length: u8| match length {
            0..=125 => std::vec![first, 0x80 | length, 1, 2, 3, 4],
            _ => std::vec![first, 0xfe, 0, length, 1, 2, 3, 4],
        };
        let first = |bytes: std::vec::Vec<u8>, remaining: usize| {
            Receiver::with_deflate().receive(&mut bytes.clone(), 1000, remaining).map(|(used, _)| used)
        };
        for opcode in [0x81, 0x82, 0x01] {
            assert_eq!(first(header(opcode, 126), 126), Ok(8));
            assert_eq!(first(header(opcode, 126), 125), Err(ProtocolError::TooBig));
            assert_eq!(first(header(opcode, 1), 0), Err(ProtocolError::TooBig));
            assert_eq!(
                first(header(opcode | COMPRESSED, 126), 125),
                Ok(8),
                "a compressed header was limited"
            );
        }
        assert_eq!(first(header(0x89, 5), 0), Ok(6), "a control frame was limited");
        let mut receiver = Receiver::default();
        let mut started = [&header(0x01, 2)[..], b"ab"].concat();
        assert!(receiver.receive(&mut started, 1000, 4).is_ok());
        assert_eq!(receiver.receive(&mut header(0x80, 3), 1000, 2), Err(ProtocolError::TooBig));
    }
}
