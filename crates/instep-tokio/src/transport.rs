//! What carries the bytes of a connection: its socket, or TLS on its socket.

use crate::socket::{Read, poll_read, try_write};
use instep::Instant;
use instep::driver::{Client, Turn};
use std::io;
use std::task::{Context, Poll};
use tokio::net::TcpStream;

#[cfg(feature = "tls")]
use crate::tls::Tls;

/// How a connection is encrypted.
#[cfg(feature = "tls")]
pub(crate) type Security = std::sync::Arc<rustls::ServerConfig>;
/// There is no such thing.
#[cfg(not(feature = "tls"))]
pub(crate) type Security = std::convert::Infallible;

/// There is no such thing.
#[cfg(not(feature = "tls"))]
#[derive(Debug)]
pub(crate) enum NoCertificate {}

#[cfg(not(feature = "tls"))]
impl NoCertificate {
    pub(crate) fn security(&self) -> Security {
        match *self {}
    }
}

/// A transport. Without TLS it is the socket and nothing more.
pub(crate) enum Transport {
    Plain(TcpStream),
    #[cfg(feature = "tls")]
    Tls(Box<Tls>),
}

impl Transport {
    pub(crate) fn new(stream: std::net::TcpStream, security: Option<Security>) -> io::Result<Self> {
        let socket = TcpStream::from_std(stream)?;
        Ok(match security {
            None => Self::Plain(socket),
            #[cfg(feature = "tls")]
            Some(config) => Self::Tls(Box::new(Tls::new(socket, config)?)),
            #[cfg(not(feature = "tls"))]
            Some(none) => match none {},
        })
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.socket(),
        }
    }

    /// Reads once. `records` is lent for what is encrypted.
    #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "nothing is encrypted"))]
    pub(crate) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        input: &mut [u8],
        records: &mut [u8],
    ) -> Poll<io::Result<Read>> {
        match self {
            Self::Plain(socket) => poll_read(socket, context, input),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.poll_read(context, input, records),
        }
    }

    /// The peer takes what was written earlier, even if there is no room for more yet.
    #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "nothing waits here"))]
    pub(crate) fn accepted(&mut self, now: Instant) {
        match self {
            Self::Plain(_) => {}
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.accepted(now),
        }
    }

    /// Before a turn: sends what was accepted earlier. Says whether the socket took any of it.
    #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "sockets keep it themselves"))]
    pub(crate) fn begin_turn(&mut self, now: Instant, client: &mut Client) -> io::Result<bool> {
        match self {
            Self::Plain(_) => Ok(false),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.begin_turn(now, client),
        }
    }

    /// Writes, and says how many bytes were accepted.
    #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "nothing is encrypted"))]
    pub(crate) fn write(&mut self, bytes: &[u8], records: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => try_write(socket, bytes),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.write(bytes, records),
        }
    }

    /// After a turn: what is left to do, when what was accepted and has not left counts, too. After `patience`
    /// milliseconds in which the socket took nothing of that, it counts no more.
    #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "sockets keep it themselves"))]
    pub(crate) fn end_turn(
        &mut self,
        turn: Turn,
        now: Instant,
        patience: u64,
        client: &mut Client,
    ) -> io::Result<Turn> {
        match self {
            Self::Plain(_) => Ok(turn),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.end_turn(turn, now, patience, client),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_connection_pays_nothing_for_tls() {
        assert_eq!(size_of::<Transport>(), size_of::<TcpStream>());
    }
}
