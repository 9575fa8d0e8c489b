//! The receiving half of an open WebSocket.

use crate::frame::{
    CLIENT_HEADER_MAX, COMPRESSED, CONTROL_PAYLOAD_MAX, CloseReason, FrameHeader, Opcode, ProtocolError,
    unmask,
};
use crate::message::Utf8;

/// What a message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text: UTF-8, checked.
    Text,
    /// Bytes.
    Binary,
}

/// A piece of a message: as much of one frame's payload as the input held. Text is checked, but a piece
/// may end within a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'i> {
    /// It is the message's first.
    pub first: bool,
    /// It is the message's last.
    pub last: bool,
    /// What the message holds.
    pub kind: Kind,
    /// The message is compressed: the bytes are no text yet, and unchecked.
    pub compressed: bool,
    /// The bytes, unmasked. They may be none.
    pub bytes: &'i [u8],
}

/// What the input held.
#[derive(Debug, PartialEq, Eq)]
pub enum Received<'i> {
    /// No more than a part of a header or of a control frame, or nothing. What was not used must come again,
    /// with more behind it: at most [`PART_MAX`] bytes, which are a part of a control frame's payload.
    Incomplete,
    /// A piece of a message.
    Piece(Piece<'i>),
    /// A ping, and its payload, which is to be sent back.
    Ping(&'i [u8]),
    /// A pong.
    Pong,
    /// The close frame. Nothing that comes after it counts.
    Close(CloseReason),
}

/// The most bytes that a [`Receiver`] leaves unused while it waits for more: the payload of a control frame without its
/// end.
pub const PART_MAX: usize = CONTROL_PAYLOAD_MAX - 1;

/// Reads frames, in whatever way the input is cut. It holds a header that has not come whole, and no other bytes: only
/// where in a message it stands.
#[derive(Debug, Default)]
pub struct Receiver {
    reading: Reading,
    message: Option<Message>,
    utf8: Utf8,
    /// Messages may be compressed.
    deflate: bool,
}

/// Where in a frame a receiver stands.
///
/// There is one for each client of a device, so it is small: a `u64` would make all of it longer.
#[derive(Clone, Copy, Debug)]
enum Reading {
    /// So many bytes of a header have come.
    Header { part: [u8; CLIENT_HEADER_MAX - 1], length: u8 },
    /// The header has come, and not all of the payload.
    Payload {
        fin: bool,
        opcode: Opcode,
        /// As it is for the next byte of the payload.
        mask: [u8; 4],
        /// How many bytes have yet to come, as the bytes of a `u64`.
        missing: [u8; 8],
    },
}

impl Default for Reading {
    fn default() -> Self {
        Self::NOTHING
    }
}

impl Reading {
    const NOTHING: Self = Self::Header { part: [0; CLIENT_HEADER_MAX - 1], length: 0 };
}

/// The message that is in progress.
#[derive(Clone, Copy, Debug)]
struct Message {
    kind: Kind,
    /// A piece of it has been handed out.
    begun: bool,
    compressed: bool,
}

impl Receiver {
    /// At the start of a connection without extensions.
    pub const fn new() -> Self {
        Self { reading: Reading::NOTHING, message: None, utf8: Utf8::new(), deflate: false }
    }

    /// At the start of a connection for which permessage-deflate was accepted.
    pub const fn with_deflate() -> Self {
        Self { deflate: true, ..Self::new() }
    }

    /// Whether permessage-deflate was accepted.
    pub const fn deflates(&self) -> bool {
        self.deflate
    }

    /// Whether a message has begun and not ended.
    pub fn within_message(&self) -> bool {
        self.message.is_some()
    }

    /// How many bytes have to be in the input at once, for the next call to use any: the payload of a control frame, of
    /// which the header has come. Else 1.
    pub fn least(&self) -> usize {
        match self.reading {
            Reading::Payload { opcode, missing, .. } if opcode.is_control() => {
                usize::try_from(u64::from_ne_bytes(missing)).unwrap_or(usize::MAX).max(1)
            }
            _ => 1,
        }
    }

    /// Reads from `input` up to the end of one piece or control frame: how many bytes were used, and
    /// what they were. A piece holds at most `most` bytes. `left` is how many bytes more the message in progress may have, or
    /// else the next one; a compressed message has no such limit, because its frames do not tell its length. Call it until it
    /// says [`Received::Incomplete`].
    ///
    /// # Errors
    /// What breaks RFC 6455, and [`ProtocolError::TooBig`] for a header that announces more than is left. The connection is to be failed then: the receiver reads nothing sensible
    /// after it.
    pub fn receive<'i>(
        &mut self,
        input: &'i mut [u8],
        most: usize,
        left: usize,
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
                let counts = self.message.is_some_and(|message| !message.compressed);
                if counts && !header.opcode.is_control() && header.length > left as u64 {
                    return Err(ProtocolError::TooBig);
                }
                (header.fin, header.opcode, header.mask, header.length, start)
            }
        };
        let rest = &mut input[start..];
        let whole = usize::try_from(missing).unwrap_or(usize::MAX);
        let control = opcode.is_control();
        let length = whole.min(rest.len()).min(if control { usize::MAX } else { most });
        let complete = length == whole;
        if control && !complete {
            self.reading = Reading::Payload { fin, opcode, mask, missing: missing.to_ne_bytes() };
            return Ok((start, Received::Incomplete));
        }
        let left = missing - length as u64;
        let mut next_mask = mask;
        next_mask.rotate_left(length % 4);
        self.reading = if complete {
            Reading::NOTHING
        } else {
            Reading::Payload { fin, opcode, mask: next_mask, missing: left.to_ne_bytes() }
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

    /// Reads a header, of which `length` bytes have come before: the header, and how many bytes of the input belong to it.
    /// `None`: all of them do, and there are more to come.
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
        // A header of the greatest length would have been read.
        let mut part = part;
        part[..end].copy_from_slice(&joined[..end]);
        self.reading = Reading::Header { part, length: u8::try_from(end).unwrap_or(0) };
        Ok(None)
    }

    /// A frame begins: whether it may, here.
    fn begin(&mut self, header: FrameHeader) -> Result<(), ProtocolError> {
        match (header.opcode, self.message) {
            (Opcode::Continuation, None) => return Err(ProtocolError::NothingToContinue),
            (Opcode::Text | Opcode::Binary, Some(_)) => return Err(ProtocolError::Interleaved),
            (Opcode::Text, None) => {
                self.message =
                    Some(Message { kind: Kind::Text, begun: false, compressed: header.compressed });
                self.utf8 = Utf8::default();
            }
            (Opcode::Binary, None) => {
                self.message =
                    Some(Message { kind: Kind::Binary, begun: false, compressed: header.compressed });
            }
            (Opcode::Close | Opcode::Ping | Opcode::Pong, _) | (Opcode::Continuation, Some(_)) => {}
        }
        Ok(())
    }

    /// Checks what bytes of a compressed text were decompressed to; `last`: the text ends with them.
    ///
    /// # Errors
    /// [`ProtocolError::InvalidUtf8`], as soon as it cannot become UTF-8 any more.
    pub fn check_decompressed(&mut self, bytes: &[u8], last: bool) -> Result<(), ProtocolError> {
        self.utf8.check(bytes)?;
        if last { self.utf8.finish() } else { Ok(()) }
    }

    fn piece<'i>(&mut self, bytes: &'i [u8], last: bool) -> Result<Piece<'i>, ProtocolError> {
        // A data frame's header has set `message`.
        let unset = Message { kind: Kind::Binary, begun: false, compressed: false };
        let Message { kind, begun, compressed } = self.message.unwrap_or(unset);
        if kind == Kind::Text && !compressed {
            self.utf8.check(bytes)?;
            if last {
                self.utf8.finish()?;
            }
        }
        self.message = (!last).then_some(Message { kind, begun: true, compressed });
        Ok(Piece { first: !begun, last, kind, compressed, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// A client's frame, masked.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let key = [0xa5, 0x5a, 0x12, 0xff];
        let mut bytes = std::vec![first, 0x80 | u8::try_from(payload.len()).unwrap()];
        bytes.extend(key);
        bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        bytes
    }

    /// Messages, the payloads of pings, and how it ended.
    type Heard = (Vec<(Kind, Vec<u8>)>, Vec<Vec<u8>>, Option<ProtocolError>);

    /// Everything that came of an input, however it was cut: messages joined.
    fn run(parts: &[&[u8]], most: usize) -> Heard {
        let mut receiver = Receiver::new();
        let (mut messages, mut pings, mut open) = (Vec::new(), Vec::new(), Vec::new());
        let mut tail = Vec::new();
        for part in parts {
            tail.extend_from_slice(part);
            loop {
                let (used, incomplete) = match receiver.receive(&mut tail, most, usize::MAX) {
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
                    assert!(tail.len() <= PART_MAX, "{} bytes are left over", tail.len());
                    break;
                }
            }
        }
        (messages, pings, None)
    }

    #[test]
    fn fragments_with_a_ping_between_them_at_every_cut() {
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
        for most in 1..8 {
            assert_eq!(run(&[&bytes], most), expected);
        }
        for cut in 0..=bytes.len() {
            assert_eq!(run(&[&bytes[..cut], &bytes[cut..]], usize::MAX), expected, "cut at {cut}");
        }
    }

    #[test]
    fn compressed_messages_where_that_was_agreed_on() {
        let mut bytes = [frame(0x41, b"\xff\xfe"), frame(0x80, b"\xfd"), frame(0x81, b"plain")].concat();
        assert_eq!(run(&[&bytes], usize::MAX).2, Some(ProtocolError::ReservedBit));
        let mut receiver = Receiver::with_deflate();
        let mut pieces = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let (used, received) = receiver.receive(&mut bytes[at..], usize::MAX, usize::MAX).unwrap();
            let Received::Piece(piece) = received else { panic!("{received:?}") };
            pieces.push((piece.first, piece.last, piece.compressed, piece.bytes.to_vec()));
            at += used;
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
    fn wrong_sequences_are_refused() {
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
    fn a_header_that_announces_too_much_is_refused_before_any_payload() {
        // A text of 126 bytes, a fragment of 3, the same compressed, and a ping of 5.
        let header = |first: u8, length: u8| match length {
            0..=125 => std::vec![first, 0x80 | length, 1, 2, 3, 4],
            _ => std::vec![first, 0xfe, 0, length, 1, 2, 3, 4],
        };
        let first = |bytes: std::vec::Vec<u8>, left: usize| {
            Receiver::with_deflate().receive(&mut bytes.clone(), 1000, left).map(|(used, _)| used)
        };
        for opcode in [0x81, 0x82, 0x01] {
            assert_eq!(first(header(opcode, 126), 126), Ok(8));
            assert_eq!(first(header(opcode, 126), 125), Err(ProtocolError::TooBig));
            assert_eq!(first(header(opcode, 1), 0), Err(ProtocolError::TooBig));
            assert_eq!(first(header(opcode | COMPRESSED, 126), 125), Ok(8), "its header does not tell");
        }
        assert_eq!(first(header(0x89, 5), 0), Ok(6), "no control frame counts");
        let mut receiver = Receiver::new();
        let mut begun = [&header(0x01, 2)[..], b"ab"].concat();
        assert!(receiver.receive(&mut begun, 1000, 4).is_ok());
        assert_eq!(receiver.receive(&mut header(0x80, 3), 1000, 2), Err(ProtocolError::TooBig));
    }
}
