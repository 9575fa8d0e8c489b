//! Transport of a connection: a plain socket, or TLS on one.

use crate::socket::{Read, poll_read, try_write};
use instep::Instant;
use instep::driver::{Client, Turn};
use std::io;
use std::task::{Context, Poll};
use tokio::net::TcpStream;

#[cfg(feature = "tls")]
use crate::tls::Tls;

/// TLS configuration of a connection.
#[cfg(feature = "tls")]
pub(crate) type Security = std::sync::Arc<rustls::ServerConfig>;
/// TLS configuration without the feature `tls`, of which no value exists.
#[cfg(not(feature = "tls"))]
pub(crate) type Security = std::convert::Infallible;

/// Certificate without the feature `tls`, of which no value exists.
#[cfg(not(feature = "tls"))]
#[derive(Debug)]
pub(crate) enum NoCertificate {}

#[cfg(not(feature = "tls"))]
impl NoCertificate {
    pub(crate) fn security(&self) -> Security {
        match *self {}
    }
}

/// Transport of a connection.
///
/// Without the feature `tls` it is as small as its socket.
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

    /// Reads once; `records` is a buffer for TLS records.
    #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "plain sockets have no records"))]
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

    /// Restarts the write-stall time, because the peer acknowledged data.
    #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "plain sockets keep no records"))]
    pub(crate) fn accepted(&mut self, now: Instant) {
        match self {
            Self::Plain(_) => {}
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.accepted(now),
        }
    }

    /// Sends unsent records before a turn. Returns whether any byte was accepted.
    #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "plain sockets keep no records"))]
    pub(crate) fn begin_turn(&mut self, now: Instant, client: &mut Client) -> io::Result<bool> {
        match self {
            Self::Plain(_) => Ok(false),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.begin_turn(now, client),
        }
    }

    /// Writes, and returns how many bytes were accepted.
    #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "plain sockets have no records"))]
    pub(crate) fn write(&mut self, bytes: &[u8], records: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => try_write(socket, bytes),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.write(bytes, records),
        }
    }

    /// Completes the result of a turn with the needs of unsent records.
    ///
    /// Unsent records delay the end of the connection until the socket has accepted nothing for `write_stall`
    /// milliseconds.
    #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "plain sockets keep no records"))]
    pub(crate) fn end_turn(
        &mut self,
        turn: Turn,
        now: Instant,
        write_stall: u64,
        client: &mut Client,
    ) -> io::Result<Turn> {
        match self {
            Self::Plain(_) => Ok(turn),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.end_turn(turn, now, write_stall, client),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_transport_is_as_small_as_its_socket() {
        assert_eq!(size_of::<Transport>(), size_of::<TcpStream>());
    }
}
