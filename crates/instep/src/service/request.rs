//! A request to a handler, and its outcome.

use super::context::Context;
use super::event_id::LastSeen;
#[cfg(feature = "gateway")]
use super::mounts::Absence;
use super::piecewise::Piecewise;
use crate::access::MountPath;
use crate::device::ClientId;
use crate::model::Endpoint;
use crate::time::Instant;
use core::net::IpAddr;
use core::num::NonZeroU32;
use instep_proto::deflate::PermessageDeflate;
use instep_proto::handshake::Handshake;
use instep_proto::http::{Reply, RequestHead, ResponseHead};

/// Outcome of a request.
#[derive(Clone, Copy)]
pub enum Outcome {
    /// The reply must be sent.
    Reply(Reply),
    /// The response has been written already.
    Written {
        /// Whether the connection closes after it.
        closes: bool,
    },
    /// The output has no room until earlier responses have been sent.
    Blocked,
    /// The request waits for something.
    Pending(Pending),
    /// A WebSocket opens.
    Open(Opening),
    /// A stream of Server-Sent Events begins.
    Listen(Listening),
    /// The content is taken piece by piece, by the route `/firmware`.
    Take(Piecewise),
}

/// Request with the connection's facts that a handler needs.
pub struct Request<'r> {
    pub(crate) now: Instant,
    pub(crate) head: &'r RequestHead<'r>,
    /// The client's address, which a trusted proxy may have reported.
    pub(crate) peer: IpAddr,
    /// Whether a trusted proxy forwarded the request.
    pub(crate) proxied: bool,
    /// The content, once all of it has arrived.
    pub(crate) content: Option<&'r [u8]>,
    /// The device's port of the connection, or 0 if the driver did not set it.
    pub(crate) local_port: u16,
    /// The path of the device, which is the end of the head's base, on a server with several devices.
    pub(crate) mount: MountPath<'r>,
    /// The reason why the device of that path cannot be shown, if it cannot.
    #[cfg(feature = "gateway")]
    pub(crate) absence: Option<Absence>,
    /// The step for which the request waited, if it was handled before.
    pub(crate) pending: Pending,
    /// The context in which the request is answered.
    pub(crate) context: &'r Context<'r>,
}

/// Parameters of a WebSocket that opens.
#[derive(Clone, Copy)]
pub struct Opening {
    pub(crate) endpoint: Endpoint,
    pub(crate) handshake: Handshake,
    /// The accepted offer of permessage-deflate.
    pub(crate) deflate: Option<PermessageDeflate>,
    /// Whether the client asks for revisions.
    pub(crate) revisions: bool,
    /// The credential, if there is a log-in.
    pub(crate) credential: Option<Credential>,
    pub(crate) peer: IpAddr,
}

/// Condition that a request waits for after its head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pending {
    #[default]
    Nothing,
    /// The rest of its body. The client has been told to continue, if it expects that.
    Body,
    /// A password check, with its ticket if it has one.
    PasswordCheck(Option<NonZeroU32>),
    /// The application's reply.
    Invocation(PendingInvocation),
}

/// Messages of a request that wait for the application's reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingInvocation {
    /// The slot of the request.
    pub(crate) client: ClientId,
    /// Whether it is for several properties, which are passed one after the other.
    pub(crate) several: bool,
    /// The number of messages that have not been passed yet. Each has a reserved place in the inbox.
    pub(crate) left: u8,
    /// The refused messages, one bit each, the first in the lowest.
    pub(crate) refused: u16,
}

/// Credential of an authenticated request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The number of the session, or the one for all Basic authentication.
    pub(crate) number: NonZeroU32,
    /// The time at which it expires.
    pub(crate) expires_at: Instant,
}

/// Parameters of a stream of Server-Sent Events that begins.
#[derive(Clone, Copy)]
pub struct Listening {
    pub(crate) response: ResponseHead,
    pub(crate) credential: Option<Credential>,
    pub(crate) peer: IpAddr,
    pub(crate) last_seen: LastSeen,
    /// The number of the only property or event of the stream. `None` stands for all.
    pub(crate) only: Option<u16>,
}
