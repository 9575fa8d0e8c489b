//! A small WebSocket client, which can also violate every rule of the protocol.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::SOON;
use crate::frame::{Frame, opcode};
use crate::http::{Http, Response};
use crate::stream::{End, Stream};

/// Example of RFC 6455, section 1.3: a key and the required answer.
///
/// With it no test needs SHA-1.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Not zero, so that a server that does not unmask is found out.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Client after the opening handshake.
#[derive(Debug)]
pub struct WebSocket {
    stream: Stream,
    response: Response,
}

impl WebSocket {
    /// Connects to an endpoint, and panics if the server refuses.
    #[track_caller]
    pub fn connect(addr: SocketAddr, path: &str) -> WebSocket {
        match WebSocket::try_connect(addr, path, &[]) {
            Ok(websocket) => websocket,
            Err(response) => panic!("no WebSocket at {path}: {} {}", response.status, response.text()),
        }
    }

    /// Connects with further headers, such as `("Origin", "http://lamp.test")`.
    ///
    /// One with the name `Host` replaces the usual one. Returns the response if it is not 101.
    #[track_caller]
    pub fn try_connect(
        addr: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<WebSocket, Box<Response>> {
        let tcp = TcpStream::connect_timeout(&addr, SOON);
        let tcp = tcp.unwrap_or_else(|error| panic!("cannot connect to {addr}: {error}"));
        WebSocket::upgrade(tcp, path, headers)
    }

    /// Performs the opening handshake over a connected
    /// stream, for tests that set socket options first.
    #[track_caller]
    pub fn upgrade(tcp: TcpStream, path: &str, headers: &[(&str, &str)]) -> Result<WebSocket, Box<Response>> {
        WebSocket::over(Stream::new(tcp), path, headers)
    }

    /// Performs the opening handshake over any stream.
    #[track_caller]
    pub fn over(stream: Stream, path: &str, headers: &[(&str, &str)]) -> Result<WebSocket, Box<Response>> {
        let mut request = format!("GET {path} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            let host = stream.tcp().peer_addr().expect("the stream is not connected");
            request += &format!("Host: {host}\r\n");
        }
        request += "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";
        request += &format!("Sec-WebSocket-Key: {KEY}\r\n");
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += "\r\n";

        let mut http = Http::from(stream);
        http.send(request);
        let mut response = http.read_head();
        if response.status != 101 {
            // Only such a response has a body, because after a 101 the next bytes are frames.
            response.body = http.read_body(&response);
            return Err(Box::new(response));
        }
        let is = |name, value: &str| response.header(name).is_some_and(|v| v.eq_ignore_ascii_case(value));
        assert!(is("upgrade", "websocket"), "no Upgrade: websocket in {response:?}");
        assert!(is("connection", "upgrade"), "no Connection: Upgrade in {response:?}");
        assert_eq!(response.header("sec-websocket-accept"), Some(ACCEPT));
        Ok(WebSocket { stream: http.into_stream(), response })
    }

    /// Returns the 101, to look at its headers.
    pub fn response(&self) -> &Response {
        &self.response
    }

    /// Returns the TCP stream, to set options on it.
    pub fn tcp(&self) -> &TcpStream {
        self.stream.tcp()
    }

    /// Sends a text message in one frame.
    #[track_caller]
    pub fn send_text(&mut self, text: &str) {
        self.frame(true, 0, opcode::TEXT, Some(MASK), text.as_bytes());
    }

    /// Sends a binary message in one frame.
    #[track_caller]
    pub fn send_binary(&mut self, bytes: &[u8]) {
        self.frame(true, 0, opcode::BINARY, Some(MASK), bytes);
    }

    /// Sends a ping.
    #[track_caller]
    pub fn send_ping(&mut self, payload: &[u8]) {
        self.frame(true, 0, opcode::PING, Some(MASK), payload);
    }

    /// Sends a close frame, with this code and reason.
    #[track_caller]
    pub fn send_close(&mut self, code: u16, reason: &str) {
        let payload = [&code.to_be_bytes(), reason.as_bytes()].concat();
        self.frame(true, 0, opcode::CLOSE, Some(MASK), &payload);
    }

    /// Sends any frame, valid or not: see [`Frame::encode`].
    #[track_caller]
    pub fn frame(&mut self, fin: bool, rsv: u8, opcode: u8, mask: Option<[u8; 4]>, payload: &[u8]) {
        self.stream.write(&Frame::encode(fin, rsv, opcode, mask, payload));
    }

    /// Sends bytes unchanged.
    #[track_caller]
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write(bytes);
    }

    /// Returns the next frame, or `None` if none is complete in time.
    ///
    /// Panics at the end of the connection, and if the server violates a rule of framing.
    #[track_caller]
    pub fn try_read_frame(&mut self, within: Duration) -> Option<Frame> {
        match self.next_frame(Instant::now() + within) {
            Ok(frame) => Some(frame),
            Err(End::Timeout) => None,
            Err(End::Closed) => panic!("the server ended the connection"),
        }
    }

    /// Returns the next frame.
    #[track_caller]
    pub fn read_frame(&mut self, within: Duration) -> Frame {
        self.try_read_frame(within).unwrap_or_else(|| panic!("no frame within {within:?}"))
    }

    /// Returns the next message, joined from its fragments, with its opcode.
    ///
    /// Answers pings.
    #[track_caller]
    pub fn read_message(&mut self, within: Duration) -> (u8, Vec<u8>) {
        let deadline = Instant::now() + within;
        let mut message: Option<(u8, Vec<u8>)> = None;
        loop {
            let frame = self.read_frame(deadline.saturating_duration_since(Instant::now()));
            match (frame.opcode, &mut message) {
                (opcode::PING, _) => self.frame(true, 0, opcode::PONG, Some(MASK), &frame.payload),
                (opcode::PONG, _) => {}
                (opcode::CLOSE, _) => panic!("the server closed with {}", frame.close_code()),
                (opcode::CONTINUATION, Some((_, payload))) => payload.extend(&frame.payload),
                (opcode::TEXT | opcode::BINARY, None) => message = Some((frame.opcode, frame.payload)),
                (opcode, _) => panic!("a frame with opcode {opcode:#x} out of order"),
            }
            if frame.fin && frame.opcode < 8 {
                return message.expect("a message ends without a beginning");
            }
        }
    }

    /// Returns the next message, which must be text.
    #[track_caller]
    pub fn read_text(&mut self) -> String {
        let (opcode, payload) = self.read_message(SOON);
        assert_eq!(opcode, opcode::TEXT, "expected text, got {payload:?}");
        String::from_utf8(payload).expect("the text is not UTF-8")
    }

    /// Reads texts until `wanted` returns true for one, and returns it.
    #[track_caller]
    pub fn read_text_until(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + SOON;
        let mut others = Vec::new();
        while Instant::now() < deadline {
            let text = self.read_text();
            if wanted(&text) {
                return text;
            }
            others.push(text);
        }
        panic!("the expected text did not arrive, but these did: {others:?}")
    }

    /// Expects a close frame with this code, 1005 for none, and skips messages before
    /// it. Answers it, expects the end of the connection, and returns the reason.
    #[track_caller]
    pub fn expect_close(&mut self, code: u16) -> String {
        let close = loop {
            match self.next_frame(Instant::now() + SOON) {
                Ok(frame) if frame.opcode == opcode::CLOSE => break frame,
                Ok(_) => {}
                Err(end) => panic!("expected a close frame with {code}: {end:?}"),
            }
        };
        let reason = close.payload.get(2..).unwrap_or_default().to_vec();
        let reason = String::from_utf8(reason).expect("the reason is not UTF-8");
        assert_eq!(close.close_code(), code, "the reason given: {reason:?}");
        // The server may have read our close frame already and be gone, so an error does not matter.
        let answer = Frame::encode(true, 0, opcode::CLOSE, Some(MASK), &close.payload);
        let _ = self.stream.try_write(&answer);
        self.expect_end(SOON);
        reason
    }

    /// Expects the end of the connection, and no frame before it.
    #[track_caller]
    pub fn expect_end(&mut self, within: Duration) {
        match self.next_frame(Instant::now() + within) {
            Err(End::Closed) => {}
            Err(End::Timeout) => panic!("the connection is still open after {within:?}"),
            Ok(frame) => panic!("expected the end of the connection, got {frame:?}"),
        }
    }

    /// Panics if a frame, or the end of the connection, arrives within that time.
    #[track_caller]
    pub fn expect_silence(&mut self, milliseconds: u64) {
        if let Some(frame) = self.try_read_frame(Duration::from_millis(milliseconds)) {
            panic!("expected silence, got {frame:?}");
        }
    }

    #[track_caller]
    fn next_frame(&mut self, deadline: Instant) -> Result<Frame, End> {
        loop {
            let measured = Frame::measure(self.stream.buffered());
            if let Some((head, whole)) = measured.filter(|(_, whole)| self.stream.buffered().len() >= *whole)
            {
                return Ok(Frame::decode(&self.stream.take(whole), head));
            }
            self.stream.fill(deadline)?;
        }
    }
}
