//! What a connection is as long as it is about requests (RFC 9110 calls a request and its response an exchange).

use super::info::ConnectionInfo;
use crate::buffer::Buffer;
use crate::service::{Context, Outcome, Pending};
#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::net::{IpAddr, Ipv4Addr};
use core::ops::{Deref, DerefMut};
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Chunks, ExtraLines, Reply, RequestHead};

/// What has yet to come of a request's content.
#[derive(Clone, Copy, Debug)]
pub(super) enum BodyRemaining {
    /// So many bytes, which are thrown away.
    Bytes(u64),
    /// Chunks of the request that stands first in the input, whose head has that length. Their content is kept behind the
    /// head.
    Kept { head: usize, chunks: Chunks },
    /// Chunks that are thrown away.
    Chunks(Chunks),
}

impl BodyRemaining {
    pub(super) const NOTHING: Self = Self::Bytes(0);

    /// Whether it is nothing.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Bytes(0))
    }
}

/// Answers a request that is not encrypted.
pub(super) type AskForHttps = fn(&RequestHead<'_>, &Context<'_>, &mut Outgoing<'_>) -> Outcome;

/// Where a connection stands between requests and responses, and what its socket did not take. An open WebSocket needs none
/// of it: a device with few such places has many clients.
#[derive(Debug)]
pub struct HttpState {
    pub(super) peer: IpAddr,
    pub(super) port: u16,
    /// The port of the device at which it came in; 0: nobody said.
    pub(super) local_port: u16,
    /// There are too many connections: every request is answered by 503.
    pub(super) refused: bool,
    /// Its bytes are encrypted on their way.
    pub(super) secure: bool,
    /// It does not encrypt where it must: every request is answered so, by 400. Only a transport that encrypts names the function.
    pub(super) plaintext_on_tls_port: Option<AskForHttps>,
    /// The first byte of the current head has come.
    pub(super) head_begun: bool,
    /// A request of it has been answered.
    pub(super) served: bool,
    /// What is being written.
    pub(super) reply: Option<Reply>,
    /// Content of a request that has yet to come.
    pub(super) body_remaining: BodyRemaining,
    /// What the request that stands first in the input waits for.
    pub(super) pending: Pending,
    /// What is added to the answer to the request that was read last, where no request tells it.
    pub(super) extra: Option<ExtraLines>,
    /// What the socket did not take.
    pub(super) unsent: Buffer,
}

impl HttpState {
    /// A place for one connection after the other. `unsent` has room for at least one frame, and 384 bytes more.
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

    /// A connection begins.
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

    /// The next thing is to answer, and to throw away that content of the request.
    pub(super) fn answer(&mut self, reply: Option<Reply>, unread: BodyRemaining) {
        (self.reply, self.body_remaining, self.pending) = (reply, unread, Pending::Nothing);
        let extra = self.extra.take();
        if let Some(reply) = &mut self.reply {
            reply.add_extra(extra);
        }
    }
}

/// Where an [`HttpState`] is: in memory that is lent, as on a device, or in memory of its own, as on Linux.
#[derive(Debug)]
pub enum HttpStateMemory {
    /// Lent for good: whoever drives the client takes it back.
    Lent(&'static mut HttpState),
    /// Its own.
    #[cfg(feature = "alloc")]
    Owned(Box<HttpState>),
}

impl Deref for HttpStateMemory {
    type Target = HttpState;

    fn deref(&self) -> &HttpState {
        match self {
            Self::Lent(exchange) => exchange,
            #[cfg(feature = "alloc")]
            Self::Owned(exchange) => exchange,
        }
    }
}

impl DerefMut for HttpStateMemory {
    fn deref_mut(&mut self) -> &mut HttpState {
        match self {
            Self::Lent(exchange) => exchange,
            #[cfg(feature = "alloc")]
            Self::Owned(exchange) => exchange,
        }
    }
}
