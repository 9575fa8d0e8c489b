//! The receiving half of an open WebSocket.

use crate::frame::{CLOSE_PAYLOAD_MAX, CloseReason, FrameHeader, HEADER_MAX, Opcode, ProtocolError, unmask};
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
    /// The bytes, unmasked. They may be none.
    pub bytes: &'i [u8],
}

/// What the input held.
#[derive(Debug, PartialEq, Eq)]
pub enum Received<'i> {
    /// Nothing that is complete yet: all input is used.
    Nothing,
    /// A piece of a message.
    Piece(Piece<'i>),
    /// A ping; its payload is [`Receiver::control_payload`] until the next call.
    Ping,
    /// A pong.
    Pong,
    /// The close frame. Nothing that comes after it counts.
    Close(CloseReason),
}

/// Reads frames, in whatever way the input is cut. It holds only what is incomplete: a header, or the
/// payload of a control frame.
#[derive(Debug)]
pub struct Receiver {
    header: [u8; HEADER_MAX],
    header_length: u8,
    /// The frame whose payload is being read, and how much of it has come.
    frame: Option<(FrameHeader, u64)>,
    /// The message that is in progress: its kind, and whether a piece of it has been handed out.
    message: Option<(Kind, bool)>,
    utf8: Utf8,
    control: [u8; CLOSE_PAYLOAD_MAX],
    control_length: u8,
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

impl Receiver {
    /// At the start of a connection.
    pub const fn new() -> Self {
        Self {
            header: [0; HEADER_MAX],
            header_length: 0,
            frame: None,
            message: None,
            utf8: Utf8::new(),
            control: [0; CLOSE_PAYLOAD_MAX],
            control_length: 0,
        }
    }

    /// The payload of the last control frame: at most 125 bytes.
    pub fn control_payload(&self) -> &[u8] {
        &self.control[..usize::from(self.control_length)]
    }

    /// Whether a message has begun and not ended.
    pub fn within_message(&self) -> bool {
        self.message.is_some()
    }

    /// Reads from `input` up to the end of one piece or control frame: how many bytes were used, and
    /// what they were. A piece holds at most `most` bytes. Call it until it says
    /// [`Received::Nothing`].
    ///
    /// # Errors
    /// What breaks RFC 6455. The connection is to be failed then: the receiver reads nothing sensible
    /// after it.
    pub fn receive<'i>(
        &mut self,
        input: &'i mut [u8],
        most: usize,
    ) -> Result<(usize, Received<'i>), ProtocolError> {
        let mut used = 0;
        if self.frame.is_none() {
            used = self.read_header(input)?;
        }
        let Some((header, before)) = self.frame else { return Ok((used, Received::Nothing)) };
        let input = &mut input[used..];
        let missing = usize::try_from(header.length - before).unwrap_or(usize::MAX);
        if input.is_empty() && missing > 0 {
            return Ok((used, Received::Nothing));
        }
        let most = if header.opcode.is_control() { usize::MAX } else { most };
        let length = missing.min(input.len()).min(most);
        let bytes = &mut input[..length];
        unmask(header.mask, before, bytes);
        let complete = length == missing;
        self.frame = (!complete).then_some((header, before + length as u64));
        let received = if header.opcode.is_control() {
            let start = usize::from(self.control_length);
            self.control[start..start + length].copy_from_slice(bytes);
            self.control_length = u8::try_from(start + length).unwrap_or(u8::MAX);
            if !complete {
                return Ok((used + length, Received::Nothing));
            }
            match header.opcode {
                Opcode::Ping => Received::Ping,
                Opcode::Close => Received::Close(CloseReason::parse(self.control_payload())?),
                _ => Received::Pong,
            }
        } else {
            Received::Piece(self.piece(bytes, complete && header.fin)?)
        };
        Ok((used + length, received))
    }

    /// Reads the rest of a header, and returns how much of the input it took.
    fn read_header(&mut self, input: &[u8]) -> Result<usize, ProtocolError> {
        let (header, used) = if self.header_length == 0
            && let Some(complete) = FrameHeader::parse(input)?
        {
            complete
        } else {
            let before = usize::from(self.header_length);
            let length = input.len().min(HEADER_MAX - before);
            self.header[before..before + length].copy_from_slice(&input[..length]);
            let Some((header, end)) = FrameHeader::parse(&self.header[..before + length])? else {
                self.header_length = u8::try_from(before + length).unwrap_or(u8::MAX);
                return Ok(length);
            };
            self.header_length = 0;
            (header, end - before)
        };
        match (header.opcode, self.message) {
            (Opcode::Continuation, None) => return Err(ProtocolError::NothingToContinue),
            (Opcode::Text | Opcode::Binary, Some(_)) => return Err(ProtocolError::Interleaved),
            (Opcode::Text, None) => {
                self.message = Some((Kind::Text, false));
                self.utf8 = Utf8::default();
            }
            (Opcode::Binary, None) => self.message = Some((Kind::Binary, false)),
            (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => self.control_length = 0,
            (Opcode::Continuation, Some(_)) => {}
        }
        self.frame = Some((header, 0));
        Ok(used)
    }

    fn piece<'i>(&mut self, bytes: &'i [u8], last: bool) -> Result<Piece<'i>, ProtocolError> {
        // A data frame's header has set `message`.
        let (kind, begun) = self.message.unwrap_or((Kind::Binary, false));
        if kind == Kind::Text {
            self.utf8.check(bytes)?;
            if last {
                self.utf8.finish()?;
            }
        }
        self.message = (!last).then_some((kind, true));
        Ok(Piece { first: !begun, last, kind, bytes })
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
        for part in parts {
            let mut part = part.to_vec();
            let mut input = &mut part[..];
            loop {
                let (used, ping) = match receiver.receive(input, most) {
                    Err(error) => return (messages, pings, Some(error)),
                    Ok((used, Received::Nothing)) => {
                        assert_eq!(used, input.len(), "nothing may be left over");
                        break;
                    }
                    Ok((used, Received::Piece(piece))) => {
                        open.extend_from_slice(piece.bytes);
                        if piece.last {
                            messages.push((piece.kind, core::mem::take(&mut open)));
                        }
                        (used, false)
                    }
                    Ok((used, Received::Ping)) => (used, true),
                    Ok((used, _)) => (used, false),
                };
                if ping {
                    pings.push(receiver.control_payload().to_vec());
                }
                input = &mut input[used..];
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
}
