//! A page that has opened its WebSocket.

use super::caller::Caller;
use super::connection::Connection;
use super::frames::{Message, WebSocket, encode};
use super::handle::{Handle, WAIT_MAX, settle};
use instep_proto::frame::Opcode;

/// A page that has opened its WebSocket ([`Link::open`](super::Link::open)).
///
/// It reads and answers pings all the time, also while the test waits for something else. Messages are kept until the test receives
/// them. A page that is dropped is gone without a closing handshake, as a phone that leaves the room; [`close`](Self::close) is the
/// polite end. A page that reconnects is a new one.
#[derive(Debug)]
pub struct Page {
    handle: Handle,
    path: String,
    subprotocol: Option<String>,
}

impl Page {
    pub(super) fn new(handle: Handle, path: &str, subprotocol: Option<String>) -> Self {
        Self { handle, path: path.to_owned(), subprotocol }
    }

    /// Returns the subprotocol that the device chose, if it chose one.
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// Sends a text message, and waits until the application and the device wait.
    pub async fn send(&mut self, text: &str) {
        self.send_message(Opcode::Text, text.as_bytes()).await;
    }

    /// Sends a binary message, and waits until the application and the device wait.
    pub async fn send_binary(&mut self, bytes: &[u8]) {
        self.send_message(Opcode::Binary, bytes).await;
    }

    /// Waits for the next message, and returns its text.
    ///
    /// The keep-alive messages of a Thing, `{"label":"alive"}`, are left out, as a page ignores them.
    ///
    /// # Panics
    /// If none comes within 60 virtual seconds, if the connection ends, or if the message is binary.
    #[expect(
        clippy::should_implement_trait,
        reason = "it returns a future, so it cannot be taken for an iterator's"
    )]
    #[track_caller]
    pub fn next(&mut self) -> impl Future<Output = String> {
        let caller = Caller::here();
        async move { self.text(self.message(caller).await, caller) }
    }

    /// Waits for the next message, and returns its bytes.
    ///
    /// # Panics
    /// If none comes within 60 virtual seconds, if the connection ends, or if the message is text.
    #[track_caller]
    pub fn next_binary(&mut self) -> impl Future<Output = Vec<u8>> {
        let caller = Caller::here();
        async move {
            match self.message(caller).await {
                Message::Binary(bytes) => bytes,
                Message::Text(text) => {
                    panic!("{caller}: the message is text: {text:?}; receive it with `next`")
                }
            }
        }
    }

    /// Returns the text of the next message, or `None` if there is none.
    ///
    /// Before that, the application and the device do everything that they can do now. No time passes.
    ///
    /// # Panics
    /// If the message is binary.
    #[track_caller]
    pub fn try_next(&mut self) -> impl Future<Output = Option<String>> {
        let caller = Caller::here();
        async move {
            settle().await;
            let message = self.with(take_message);
            message.map(|message| self.text(message, caller))
        }
    }

    /// Waits for the message with that text, and drops those before it.
    ///
    /// # Panics
    /// As [`next`](Self::next). The sentence has the messages that came instead.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) -> impl Future<Output = ()> {
        let caller = Caller::here();
        async move {
            let mut dropped = Vec::new();
            while let Some(message) = self.handle.wait(take_message_or_end).await.flatten() {
                if message == Message::Text(text.to_owned()) {
                    return;
                }
                dropped.push(message);
            }
            panic!(
                "{caller}: the message {text:?} did not come to the page at {}; these came: {dropped:?}",
                self.path
            );
        }
    }

    /// Stops reading, as a slow phone does.
    ///
    /// The socket takes 2,920 bytes more. The device then waits, and drops the page after [`Limits::write_stall`](crate::Limits::write_stall).
    pub fn stall(&mut self) {
        self.with(|connection| connection.stalled = true);
    }

    /// Reads again.
    pub fn resume(&mut self) {
        self.with(|connection| connection.stalled = false);
        self.handle.net.borrow().wake();
    }

    /// Closes the WebSocket with a closing handshake, and waits for its end.
    ///
    /// # Panics
    /// If the device does not close it within 60 virtual seconds.
    #[track_caller]
    pub fn close(self) -> impl Future<Output = ()> {
        let caller = Caller::here();
        async move {
            self.with(Connection::close);
            self.handle.net.borrow().wake();
            self.end(caller).await;
        }
    }

    /// Waits until the device closes the WebSocket, and returns its close code, 1006 if it sent no close frame.
    ///
    /// # Panics
    /// If it does not within 60 virtual seconds.
    #[track_caller]
    pub fn closed(self) -> impl Future<Output = u16> {
        let caller = Caller::here();
        async move { self.end(caller).await }
    }

    async fn send_message(&mut self, opcode: Opcode, payload: &[u8]) {
        self.with(|connection| connection.send(&encode(opcode, payload)));
        self.handle.net.borrow().wake();
        settle().await;
    }

    async fn message(&self, caller: Caller) -> Message {
        let path = &self.path;
        match self.handle.wait(take_message_or_end).await {
            Some(Some(message)) => message,
            Some(None) => panic!(
                "{caller}: the device closed the WebSocket at {path}, with the code {}",
                self.close_code()
            ),
            None => panic!("{caller}: no message came to the page at {path} within {WAIT_MAX} s"),
        }
    }

    async fn end(&self, caller: Caller) -> u16 {
        match self.handle.wait(|connection| connection.ended.then_some(())).await {
            Some(()) => self.close_code(),
            None => panic!("{caller}: the WebSocket at {} was not closed within {WAIT_MAX} s", self.path),
        }
    }

    fn text(&self, message: Message, caller: Caller) -> String {
        match message {
            Message::Text(text) => text,
            Message::Binary(bytes) => panic!(
                "{caller}: the message at {} is binary, of {} bytes; receive it with `next_binary`",
                self.path,
                bytes.len()
            ),
        }
    }

    fn close_code(&self) -> u16 {
        self.with(|connection| connection.websocket.as_ref().map_or(1006, WebSocket::close_code))
    }

    fn with<R>(&self, act: impl FnOnce(&mut Connection) -> R) -> R {
        act(self.handle.net.borrow_mut().connection(self.handle.number))
    }
}

fn take_message(connection: &mut Connection) -> Option<Message> {
    connection.websocket.as_mut()?.messages.pop_front()
}

/// Takes the next message; returns `Some(None)` if none is left and none can come.
fn take_message_or_end(connection: &mut Connection) -> Option<Option<Message>> {
    take_message(connection).map(Some).or(connection.ended.then_some(None))
}
