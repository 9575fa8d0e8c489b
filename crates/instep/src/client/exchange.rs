//! What a connection is as long as it is about requests (RFC 9110 calls a request and its response an exchange).

use super::{Client, State};
use crate::buffer::Buffer;
use crate::device::ClientId;
#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::net::{IpAddr, Ipv4Addr};
use core::num::NonZeroU32;
use core::ops::{Deref, DerefMut};
use instep_proto::delivery::Storage as _;
use instep_proto::http::Reply;

/// Where a connection stands between requests and responses, and what its socket did not take. An open WebSocket needs none
/// of it: a device with few such places has many clients.
#[derive(Debug)]
pub struct Exchange {
    pub(super) peer: IpAddr,
    pub(super) port: u16,
    /// The port of the device at which it came in; 0: nobody said.
    pub(super) local_port: u16,
    /// There are too many connections: every request is answered by 503.
    pub(super) refused: bool,
    /// Its bytes are encrypted on their way.
    pub(super) secure: bool,
    /// It does not encrypt where it must: every request is answered by 400.
    pub(super) not_secure: bool,
    /// The first byte of the current head has come.
    pub(super) head_begun: bool,
    /// A request of it has been answered.
    pub(super) served: bool,
    /// What is being written.
    pub(super) reply: Option<Reply>,
    /// Bytes of a request's body that are still to be thrown away.
    pub(super) body: u64,
    /// What the request that stands first in the input waits for.
    pub(super) waits: Waits,
    /// What the socket did not take.
    pub(super) unsent: Buffer,
}

/// What a request waits for whose head is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Waits {
    #[default]
    Nothing,
    /// For the rest of its body, for which the client was told to go on.
    Body,
    /// That its password is checked: the check's ticket, if it has one.
    Password(Option<NonZeroU32>),
    /// That the application answers.
    Answer(ClientId),
}

impl Exchange {
    /// A place for one connection after the other. `unsent` has room for at least one frame, and 384 bytes more.
    pub fn new(unsent: Buffer) -> Self {
        Self {
            peer: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port: 0,
            local_port: 0,
            refused: false,
            secure: false,
            not_secure: false,
            head_begun: false,
            served: false,
            reply: None,
            body: 0,
            waits: Waits::Nothing,
            unsent,
        }
    }

    /// A connection begins.
    pub(super) fn begin(&mut self, peer: IpAddr, port: u16) {
        let mut unsent = core::mem::replace(&mut self.unsent, Buffer::lent(&mut []));
        unsent.clear();
        *self = Self { peer, port, ..Self::new(unsent) };
    }

    /// The next thing is to answer, and to throw away so many bytes of the request's body.
    pub(super) fn answer(&mut self, reply: Option<Reply>, body: u64) {
        (self.reply, self.body, self.waits) = (reply, body, Waits::Nothing);
    }
}

/// Where an [`Exchange`] is: in memory that is lent, as on a device, or in memory of its own, as on Linux.
#[derive(Debug)]
pub enum ExchangeMemory {
    /// Lent for good: whoever drives the client takes it back.
    Lent(&'static mut Exchange),
    /// Its own.
    #[cfg(feature = "alloc")]
    Owned(Box<Exchange>),
}

impl Deref for ExchangeMemory {
    type Target = Exchange;

    fn deref(&self) -> &Exchange {
        match self {
            Self::Lent(exchange) => exchange,
            #[cfg(feature = "alloc")]
            Self::Owned(exchange) => exchange,
        }
    }
}

impl DerefMut for ExchangeMemory {
    fn deref_mut(&mut self) -> &mut Exchange {
        match self {
            Self::Lent(exchange) => exchange,
            #[cfg(feature = "alloc")]
            Self::Owned(exchange) => exchange,
        }
    }
}

impl Client {
    /// Gives back what was lent for requests, if nothing more comes of them, and nothing waits in it that has yet to be sent. What an open WebSocket, or
    /// who listens to events, is sent from now on has to have room in its socket: [`Surroundings::room`](super::Surroundings::room).
    pub fn give_back_exchange(&mut self) -> Option<&'static mut Exchange> {
        let waits = self.exchange.as_ref().is_some_and(|exchange| !exchange.unsent.bytes().is_empty());
        let needs = !self.is_open() && !matches!(self.state, State::Lingering(_));
        if needs || waits { None } else { self.take_exchange() }
    }

    /// The client is gone: gives back what was lent for requests, if it still has that.
    pub fn take_exchange(&mut self) -> Option<&'static mut Exchange> {
        match self.exchange.take()? {
            ExchangeMemory::Lent(exchange) => Some(exchange),
            #[cfg(feature = "alloc")]
            owned @ ExchangeMemory::Owned(_) => {
                self.exchange = Some(owned);
                None
            }
        }
    }

    /// It came in at this port of the device: its cookie is named after it.
    pub fn came_in_at(&mut self, port: u16) {
        if let Some(exchange) = &mut self.exchange {
            exchange.local_port = port;
        }
    }

    /// There are too many connections: whatever this one asks for is answered by 503.
    pub fn refuse(&mut self) {
        if let Some(exchange) = &mut self.exchange {
            exchange.refused = true;
        }
    }

    /// What the request that stands first in the input waits for.
    pub(super) fn waits(&self) -> Waits {
        self.http().map_or(Waits::Nothing, |exchange| exchange.waits)
    }

    /// The exchange, while that is what it is about.
    pub(super) fn http(&self) -> Option<&Exchange> {
        self.exchange.as_deref().filter(|_| matches!(self.state, State::Http))
    }

    pub(super) fn http_mut(&mut self) -> Option<&mut Exchange> {
        self.exchange.as_deref_mut().filter(|_| matches!(self.state, State::Http))
    }

    /// From where it came.
    pub(super) fn peer(&self) -> IpAddr {
        self.exchange.as_ref().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |exchange| exchange.peer)
    }

    /// Whether there are too many connections.
    pub(super) fn is_refused(&self) -> bool {
        self.exchange.as_ref().is_some_and(|exchange| exchange.refused)
    }

    /// The port of the device at which it came in.
    pub(super) fn local_port(&self) -> u16 {
        self.exchange.as_ref().map_or(0, |exchange| exchange.local_port)
    }

    /// Answers the request, of whose body nothing is to come.
    pub(super) fn answer(&mut self, reply: Reply) {
        self.answer_and_pass(Some(reply), 0);
    }
}
