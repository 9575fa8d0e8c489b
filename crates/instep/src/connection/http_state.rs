//! HTTP/1 state of a connection.

use super::info::ConnectionInfo;
use crate::buffer::Buffer;
use crate::service::{BodyRemaining, Context, Outcome, Pending};
#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::net::{IpAddr, Ipv4Addr};
use core::ops::{Deref, DerefMut};
use instep_proto::delivery::Outgoing;
use instep_proto::http::{ExtraLines, Reply, RequestHead};

/// Handler of plaintext requests on a TLS port.
pub(super) type AskForHttps = fn(&RequestHead<'_>, &Context<'_>, &mut Outgoing<'_>) -> Outcome;

/// HTTP/1 state of a connection, and the output that its socket has not accepted.
///
/// An open WebSocket does not need it, so a device with few of them can have many clients.
#[derive(Debug)]
pub struct HttpState {
    pub(super) peer: IpAddr,
    /// The peer's port.
    pub(super) port: u16,
    /// The device's port of the connection, or 0 if the driver did not set it.
    pub(super) local_port: u16,
    /// Whether every request gets 503, because there are too many connections.
    pub(super) refused: bool,
    /// Whether the connection is encrypted.
    pub(super) secure: bool,
    /// The handler of every request, if the peer sends plaintext on a TLS port.
    ///
    /// Only a transport with TLS sets it, so other drivers do not link it.
    pub(super) plaintext_on_tls_port: Option<AskForHttps>,
    /// Whether the first byte of the current head has arrived.
    pub(super) head_begun: bool,
    /// Whether a request of this connection has been answered.
    pub(super) served: bool,
    /// The reply that is being written.
    pub(super) reply: Option<Reply>,
    /// The content of a request that has not arrived yet.
    pub(super) body_remaining: BodyRemaining,
    /// The condition that the first request in the input waits for.
    pub(super) pending: Pending,
    /// The header lines for a reply without its request, from the last request.
    pub(super) extra: Option<ExtraLines>,
    /// The output that the socket has not accepted.
    pub(super) unsent: Buffer,
}

impl HttpState {
    /// Creates a state, which can be used for one connection after the other.
    ///
    /// `unsent` must hold at least one frame and 384 bytes more.
    pub fn new(unsent: Buffer) -> Self {
        Self {
            peer: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port: 0,
            local_port: 0,
            refused: false,
            secure: false,
            plaintext_on_tls_port: None,
            head_begun: false,
            served: false,
            reply: None,
            body_remaining: BodyRemaining::NOTHING,
            pending: Pending::Nothing,
            extra: None,
            unsent,
        }
    }

    /// Resets the state for a new connection.
    pub(super) fn begin(&mut self, info: ConnectionInfo) {
        let mut unsent = core::mem::replace(&mut self.unsent, Buffer::lent(&mut []));
        unsent.clear();
        let ConnectionInfo { peer, local_port, encrypted, over_capacity } = info;
        *self = Self {
            peer: peer.ip(),
            port: peer.port(),
            local_port,
            refused: over_capacity,
            secure: encrypted,
            ..Self::new(unsent)
        };
    }

    /// Sets the reply to write next, and the content of the request to discard then.
    pub(super) fn answer(&mut self, reply: Option<Reply>, unread: BodyRemaining) {
        (self.reply, self.body_remaining, self.pending) = (reply, unread, Pending::Nothing);
        let extra = self.extra.take();
        if let Some(reply) = &mut self.reply {
            reply.add_extra(extra);
        }
    }
}

/// Memory of an [`HttpState`], static as on a device or on the heap as on Linux.
#[derive(Debug)]
pub enum HttpStateMemory {
    /// Static memory.
    ///
    /// The driver takes it back by [`Client::release_http_state`](super::Client::release_http_state).
    Lent(&'static mut HttpState),
    /// Memory on the heap.
    #[cfg(feature = "alloc")]
    Owned(Box<HttpState>),
}

impl Deref for HttpStateMemory {
    type Target = HttpState;

    fn deref(&self) -> &HttpState {
        match self {
            Self::Lent(http) => http,
            #[cfg(feature = "alloc")]
            Self::Owned(http) => http,
        }
    }
}

impl DerefMut for HttpStateMemory {
    fn deref_mut(&mut self) -> &mut HttpState {
        match self {
            Self::Lent(http) => http,
            #[cfg(feature = "alloc")]
            Self::Owned(http) => http,
        }
    }
}
