//! Functions by which a transport such as TLS reports to a connection.

use super::client::{Client, State};
use super::context::{ConnectionContext, TurnContext};
use crate::device::{DropReason, End};
use crate::service::{ask_for_https, log_limited};
use crate::time::Instant;
use core::fmt::Display;
use core::net::IpAddr;

impl Client {
    /// Returns whether the connection is encrypted, so that its cookie is `Secure`.
    pub fn is_secure(&self) -> bool {
        self.memory.http().is_some_and(|http| http.secure)
    }

    /// Notes that the peer sends plaintext to a TLS port.
    ///
    /// Every request is answered with 400 and the address to open instead.
    pub fn refuse_unencrypted(&mut self) {
        if let Some(http) = self.memory.http_mut() {
            http.secure = false;
            http.plaintext_on_tls_port = Some(ask_for_https);
        }
    }

    /// Notes that the transport received bytes that are not input yet.
    ///
    /// An example is a part of a record.
    pub fn heard_from(&mut self, now: Instant) {
        self.note_alive(now);
    }

    /// Notes that the socket has accepted no output of the transport since `since`.
    ///
    /// The transport has accepted all output of the client. The driver must call this after each turn while the socket
    /// accepts nothing.
    pub fn blocked_since(&mut self, since: Instant) {
        self.timing.blocked_since(since);
    }

    /// Ends the connection with `peer` after a failure of the transport.
    ///
    /// An example is a record that was tampered with. The peer is drained for a while, so that it receives the last
    /// bytes. The driver must call [`Client::turn`] then.
    pub fn break_off(
        &mut self,
        peer: IpAddr,
        why: &dyn Display,
        now: Instant,
        context: &mut TurnContext<'_>,
    ) {
        let (context, _) = ConnectionContext::of(context);
        log_limited!(info, context, now, "TLS with {peer} failed: {why}");
        let end = End::Dropped(DropReason::SocketError);
        self.transition(State::Closed, end, &context);
        self.linger(now);
    }
}
