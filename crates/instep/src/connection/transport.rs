//! What a client is told of what carries its bytes, where that is more than a socket.

use super::client::{Client, State};
use super::context::{ConnectionContext, TurnContext};
use crate::device::{DropReason, End};
use crate::service::{ask_for_https, log_limited};
use crate::time::Instant;

impl Client {
    /// Whether its bytes are encrypted on their way, so that a cookie for it is `Secure`.
    pub fn is_secure(&self) -> bool {
        self.http_state.as_ref().is_some_and(|exchange| exchange.secure)
    }

    /// It does not encrypt although it came where it must: whatever it asks for is answered by 400, which says so.
    pub fn refuse_unencrypted(&mut self) {
        if let Some(exchange) = &mut self.http_state {
            exchange.secure = false;
            exchange.plaintext_on_tls_port = Some(ask_for_https);
        }
    }

    /// The transport got bytes that are not input yet, such as a part of a record: the peer is alive.
    pub fn heard_from(&mut self, now: Instant) {
        self.heard(now);
    }

    /// The transport has accepted everything, but the socket has taken none of that since then. To be said after
    /// each turn for as long as it is so.
    pub fn blocked_since(&mut self, since: Instant) {
        self.timing.blocked_since(since);
    }

    /// The transport cannot go on, as after a record that was tampered with. What it wrote last is to arrive, so
    /// all further input is thrown away for a while. A turn is due.
    pub fn break_off(
        &mut self,
        why: &dyn core::fmt::Display,
        now: Instant,
        surroundings: &mut TurnContext<'_>,
    ) {
        let (world, _) = ConnectionContext::of(surroundings);
        log_limited!(info, world, now, "TLS with {} failed: {why}", self.peer());
        let end = End::Dropped(DropReason::SocketError);
        self.transition(State::Closed, end, &world);
        self.linger(now);
    }
}
