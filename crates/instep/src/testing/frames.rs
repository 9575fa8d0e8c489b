//! A page's end of a WebSocket: frames to messages, and messages to frames.

use instep_proto::frame::{Opcode, SERVER_HEADER_MAX, encode_header, unmask};
use std::collections::VecDeque;

/// Key of all masks. Pages of browsers have a random one for each frame.
const MASK: [u8; 4] = [0x11, 0x92, 0xa3, 0x44];
/// Close code that stands for a connection without a closing handshake.
const NO_CLOSE_FRAME: u16 = 1006;

/// A message from the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    Text(String),
    Binary(Vec<u8>),
}

/// State of a page's WebSocket.
#[derive(Debug, Default)]
pub(super) struct WebSocket {
    /// Messages that the test has not received.
    pub(super) messages: VecDeque<Message>,
    /// Whether the keep-alive messages of a Thing are dropped.
    drop_alive: bool,
    /// The fragments of an incomplete message.
    fragments: Option<(Opcode, Vec<u8>)>,
    /// Whether the page has sent its close frame.
    close_sent: bool,
    /// The code of the device's close frame.
    close_code: Option<u16>,
}

impl WebSocket {
    /// Creates the state of an open WebSocket.
    pub(super) fn new(drop_alive: bool) -> Self {
        Self { drop_alive, ..Self::default() }
    }

    /// Returns the code of the close frame that the device sent, or 1006 if it sent none.
    pub(super) fn close_code(&self) -> u16 {
        self.close_code.unwrap_or(NO_CLOSE_FRAME)
    }

    /// Takes the complete frames from `bytes`, and appends the page's replies to `output`.
    ///
    /// # Panics
    /// If a frame is invalid.
    pub(super) fn receive(&mut self, bytes: &mut Vec<u8>, output: &mut Vec<u8>) {
        while let Some((head, length)) = measure(bytes) {
            let frame: Vec<u8> = bytes.drain(..head + length).collect();
            let (last, payload) = (frame[0] & 0x80 != 0, &frame[head..]);
            match (opcode(frame[0]), &mut self.fragments) {
                (Opcode::Ping, _) => output.extend(encode(Opcode::Pong, payload)),
                (Opcode::Pong, _) => {}
                (Opcode::Close, _) => {
                    let code = payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                    self.close_code = Some(code);
                    self.close(payload, output);
                }
                (Opcode::Continuation, Some((_, begun))) => begun.extend(payload),
                (Opcode::Text | Opcode::Binary, fragments @ None) => {
                    *fragments = Some((opcode(frame[0]), payload.to_vec()));
                }
                (unexpected, _) => panic!("the device sent a frame out of order: {unexpected:?}"),
            }
            if last
                && !opcode(frame[0]).is_control()
                && let Some((opcode, payload)) = self.fragments.take()
            {
                self.add(opcode, payload);
            }
        }
    }

    /// Appends a close frame to `output`, unless one was sent before.
    pub(super) fn close(&mut self, payload: &[u8], output: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.close_sent, true) {
            output.extend(encode(Opcode::Close, payload));
        }
    }

    fn add(&mut self, opcode: Opcode, payload: Vec<u8>) {
        let message = match opcode {
            Opcode::Text => {
                Message::Text(String::from_utf8(payload).expect("the device sent text that is not UTF-8"))
            }
            _ => Message::Binary(payload),
        };
        if !(self.drop_alive && message == Message::Text(r#"{"label":"alive"}"#.to_owned())) {
            self.messages.push_back(message);
        }
    }
}

/// Returns a frame from a page, which is masked.
pub(super) fn encode(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut header = [0; SERVER_HEADER_MAX];
    let length = encode_header(true, opcode, payload.len(), &mut header);
    header[1] |= 0x80;
    let mut frame = header[..length].to_vec();
    frame.extend(MASK);
    let head = frame.len();
    frame.extend(payload);
    unmask(MASK, 0, &mut frame[head..]);
    frame
}

/// Returns the lengths of the header and of the payload of the first frame, if it is complete.
fn measure(bytes: &[u8]) -> Option<(usize, usize)> {
    let (first, second) = (bytes.first()?, bytes.get(1)?);
    assert!(first & 0x70 == 0 && second & 0x80 == 0, "the device sent a frame with a mask or a reserved bit");
    let (head, length) = match second {
        126 => (4, u64::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?))),
        127 => (10, u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)),
        length => (2, u64::from(*length)),
    };
    let length = usize::try_from(length).expect("the device sent a frame that does not fit into memory");
    (bytes.len() >= head + length).then_some((head, length))
}

fn opcode(first: u8) -> Opcode {
    match first & 0x0f {
        0x0 => Opcode::Continuation,
        0x1 => Opcode::Text,
        0x2 => Opcode::Binary,
        0x8 => Opcode::Close,
        0x9 => Opcode::Ping,
        0xa => Opcode::Pong,
        other => panic!("the device sent a frame with the opcode {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use instep_proto::frame::FrameHeader;

    fn receive(websocket: &mut WebSocket, bytes: &[u8]) -> Vec<u8> {
        let mut output = Vec::new();
        // Byte by byte, so that each frame is incomplete at first.
        let mut input = Vec::new();
        for byte in bytes {
            input.push(*byte);
            websocket.receive(&mut input, &mut output);
        }
        assert_eq!(input, [], "bytes of a complete frame are left");
        output
    }

    #[test]
    fn fragments_with_a_ping_between_them_are_one_message() {
        let mut websocket = WebSocket::new(false);
        let output = receive(&mut websocket, b"\x01\x02ab\x89\x01!\x00\x00\x80\x01c");
        assert_eq!(websocket.messages, [Message::Text("abc".to_owned())]);
        assert_eq!(output, encode(Opcode::Pong, b"!"));
    }

    #[test]
    fn long_frames_are_measured() {
        for length in [125, 126, 0xffff, 0x1_0000] {
            let mut frame = vec![0; SERVER_HEADER_MAX];
            let head = encode_header(true, Opcode::Binary, length, &mut frame);
            frame.truncate(head);
            frame.resize(head + length, 7);
            let mut websocket = WebSocket::new(false);
            websocket.receive(&mut frame, &mut Vec::new());
            assert_eq!(websocket.messages, [Message::Binary(vec![7; length])]);
        }
    }

    #[test]
    fn close_frame_is_echoed_once() {
        let mut websocket = WebSocket::new(false);
        assert_eq!(websocket.close_code(), 1006);
        let output = receive(&mut websocket, b"\x88\x02\x03\xe9");
        assert_eq!((websocket.close_code(), output), (1001, encode(Opcode::Close, b"\x03\xe9")));
        let mut output = Vec::new();
        websocket.close(&[], &mut output);
        assert_eq!(output, []);
    }

    #[test]
    fn page_frame_is_masked() {
        let mut frame = encode(Opcode::Text, b"toggle");
        let (header, length) = FrameHeader::parse(&frame).unwrap().unwrap();
        unmask(header.mask, 0, &mut frame[length..]);
        assert_eq!((header.opcode, &frame[length..]), (Opcode::Text, &b"toggle"[..]));
    }

    #[test]
    fn keep_alive_is_dropped_only_for_a_thing() {
        let alive = br#"{"label":"alive"}"#;
        let frame = [&[0x81, 17][..], alive].concat();
        for (drop_alive, messages) in [(true, 0), (false, 1)] {
            let mut websocket = WebSocket::new(drop_alive);
            receive(&mut websocket, &frame);
            assert_eq!(websocket.messages.len(), messages);
        }
    }
}
