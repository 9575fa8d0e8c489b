//! A simulated connection: the device's end, the socket, and what its peer has received.

use super::frames::WebSocket;
use super::response::Response;
use crate::connection::{Client, TurnContext};
use crate::time::Instant;

/// Bytes that the socket accepts while the peer does not read.
pub(super) const SOCKET_BYTES: usize = 2_920;

/// A connection, from its first byte to the end of both directions.
#[derive(Debug)]
pub(super) struct Connection {
    client: Client,
    /// Bytes from the peer that the device has not used.
    input: Vec<u8>,
    /// Bytes from the device that the peer has not read.
    in_socket: Vec<u8>,
    /// Bytes that the peer has read and not parsed.
    received: Vec<u8>,
    /// The peer's end, if the WebSocket is open.
    pub(super) websocket: Option<WebSocket>,
    /// Whether the peer does not read.
    pub(super) stalled: bool,
    /// Whether the peer is gone. It accepts all output and drops it.
    left: bool,
    /// Whether the device has closed its direction.
    shut_down: bool,
    /// Whether the connection has ended.
    pub(super) ended: bool,
    /// The time at which the device is due.
    pub(super) wake_at: Instant,
}

impl Connection {
    /// Returns a new connection, in which the peer has sent a request.
    pub(super) fn new(client: Client, request: Vec<u8>) -> Self {
        Self {
            client,
            input: request,
            in_socket: Vec::new(),
            received: Vec::new(),
            websocket: None,
            stalled: false,
            left: false,
            shut_down: false,
            ended: false,
            wake_at: Instant::NEVER,
        }
    }

    /// Returns whether the connection is over for the device and for the test.
    pub(super) fn is_over(&self) -> bool {
        self.left && self.ended
    }

    /// Lets the peer go, without a closing handshake.
    pub(super) fn leave(&mut self) {
        self.left = true;
        self.client.input_ended();
    }

    /// Notes that the device may have a reply for it, if it has that slot.
    pub(super) fn notify(&mut self, slot: usize) {
        if self.client.slot() == Some(slot) {
            self.client.expect_reply();
        }
    }

    /// Sends a frame of the page.
    pub(super) fn send(&mut self, frame: &[u8]) {
        self.input.extend_from_slice(frame);
    }

    /// Sends the page's close frame.
    pub(super) fn close(&mut self) {
        if let Some(websocket) = &mut self.websocket {
            websocket.close(&1000_u16.to_be_bytes(), &mut self.input);
        }
    }

    /// Returns the response, if all of it has arrived.
    pub(super) fn take_response(&mut self, to_head: bool) -> Option<Response> {
        let ended = self.shut_down || self.ended;
        let (response, length) = Response::parse(&self.received, to_head, ended)?;
        self.received.drain(..length);
        Some(response)
    }

    /// Gives the device and the peer a turn. Returns whether any bytes moved.
    pub(super) fn turn(&mut self, now: Instant, context: &mut TurnContext<'_>) -> bool {
        if self.ended {
            return false;
        }
        let before = self.input.len();
        let mut written = 0;
        let (in_socket, is_read) = (&mut self.in_socket, self.left || !self.stalled);
        let turn = self.client.turn(now, &mut self.input, context, &mut |bytes| {
            let free = if is_read { bytes.len() } else { SOCKET_BYTES.saturating_sub(in_socket.len()) };
            let length = bytes.len().min(free);
            in_socket.extend_from_slice(&bytes[..length]);
            written += length;
            length
        });
        self.input.drain(..turn.used);
        (self.wake_at, self.ended) = (turn.wake_at, turn.closed);
        if is_read {
            self.read();
        }
        if turn.shut_down && is_read && !std::mem::replace(&mut self.shut_down, true) {
            // As a browser does, which closes its direction, too.
            self.client.input_ended();
            return true;
        }
        turn.used > 0 || written > 0 || self.input.len() > before
    }

    /// Reads all that is in the socket.
    fn read(&mut self) {
        if self.left {
            self.in_socket.clear();
            return;
        }
        self.received.append(&mut self.in_socket);
        if let Some(websocket) = &mut self.websocket {
            websocket.receive(&mut self.received, &mut self.input);
        }
    }

    /// Makes the connection a WebSocket, once the device has accepted it.
    pub(super) fn upgrade(&mut self, websocket: WebSocket) {
        let websocket = self.websocket.insert(websocket);
        websocket.receive(&mut self.received, &mut self.input);
    }
}
