//! A request, and what it comes to.

use super::context::Context;
use super::event_id::LastSeen;
use crate::device::ClientId;
use crate::model::Endpoint;
use crate::time::Instant;
use core::net::IpAddr;
use core::num::NonZeroU32;
use instep_proto::deflate::PermessageDeflate;
use instep_proto::handshake::Handshake;
use instep_proto::http::{Reply, RequestHead, ResponseHead};

/// What a request comes to.
#[derive(Clone, Copy)]
pub enum Outcome {
    Reply(Reply),
    /// The answer has been written already.
    Written {
        closes: bool,
    },
    /// When the answers before it have gone there will be room for its own.
    Blocked,
    /// Before something else has come it cannot be decided on.
    Pending(Pending),
    Open(Opening),
    Listen(Listening),
}

/// A request, as it came.
pub struct Request<'r> {
    pub(crate) now: Instant,
    pub(crate) head: &'r RequestHead<'r>,
    /// From whom it comes in the end: a proxy may have forwarded it.
    pub(crate) peer: IpAddr,
    /// A trusted proxy forwarded it.
    pub(crate) proxied: bool,
    /// Its content, once all of it is there.
    pub(crate) content: Option<&'r [u8]>,
    /// The port of the device at which it came in; 0: nobody said.
    pub(crate) local_port: u16,
    /// What it waits for, if it was decided on before.
    pub(crate) pending: Pending,
    /// What it is answered from.
    pub(crate) context: &'r Context<'r>,
}

/// How a WebSocket opens.
#[derive(Clone, Copy)]
pub struct Opening {
    pub(crate) endpoint: Endpoint,
    pub(crate) handshake: Handshake,
    /// The accepted offer of permessage-deflate.
    pub(crate) deflate: Option<PermessageDeflate>,
    /// It is told of revisions.
    pub(crate) revisions: bool,
    /// What let it in, where there is a log-in.
    pub(crate) credential: Option<Credential>,
    pub(crate) peer: IpAddr,
}

/// What a request waits for whose head is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pending {
    #[default]
    Nothing,
    /// For the rest of its body, for which the client was told to go on.
    Body,
    /// That its password is checked: the check's ticket, if it has one.
    PasswordCheck(Option<NonZeroU32>),
    /// That the application answers.
    Invocation(PendingInvocation),
}

/// What a request has asked the application for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingInvocation {
    /// The slot of the request.
    pub(crate) client: ClientId,
    /// It is for several properties, which are asked for one after the other.
    pub(crate) several: bool,
    /// Messages that are still to be handed over. Each has a place in the inbox.
    pub(crate) left: u8,
    /// Which messages the application has refused: a bit for each, the first the lowest.
    pub(crate) refused: u16,
}

/// As whom a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The session, or all tools that send the password.
    pub(crate) number: NonZeroU32,
    /// When it expires.
    pub(crate) expires_at: Instant,
}

/// Someone who wants to listen.
#[derive(Clone, Copy)]
pub struct Listening {
    pub(crate) response: ResponseHead,
    pub(crate) credential: Option<Credential>,
    pub(crate) peer: IpAddr,
    pub(crate) last_seen: LastSeen,
    /// The one property or event that it wants to be told of, by its number. `None`: everything.
    pub(crate) only: Option<u16>,
}
