//! What carries the bytes of a connection: its socket, or TLS on its socket.

use instep::{Client, Instant, Turn};
use rustix::net::{RecvFlags, SendFlags};
use std::io::{self, ErrorKind};
use std::task::{Context, Poll, ready};
use tokio::io::Interest;
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

/// What came of reading.
#[derive(Debug, PartialEq)]
pub(crate) struct Read {
    /// Bytes of input.
    pub(crate) length: usize,
    pub(crate) news: News,
}

/// What a reader has to know beside the bytes.
#[derive(Debug, PartialEq)]
pub(crate) enum News {
    None,
    /// After these bytes nothing will come.
    Ended,
    /// It does not encrypt although it should.
    #[cfg(feature = "tls")]
    Unencrypted,
    /// It broke the rules of the transport: this is its end.
    #[cfg(feature = "tls")]
    Broken(rustls::Error),
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

// These two call the system without the C library, which makes each call a point of cancellation in a program of
// several threads.

/// Reads from a socket.
pub(crate) fn poll_read(
    socket: &mut TcpStream,
    context: &mut Context<'_>,
    input: &mut [u8],
) -> Poll<io::Result<Read>> {
    loop {
        ready!(socket.poll_read_ready(context))?;
        let mut read = None;
        let tried = socket.try_io(Interest::READABLE, || {
            let (length, _) = rustix::net::recv(&*socket, &mut *input, RecvFlags::empty())?;
            read = Some(length);
            // Less than there was room for: there is no more now, and nobody need ask the system again.
            if length > 0 && length < input.len() { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        match (read, tried) {
            (Some(length), _) => {
                let news = if length == 0 { News::Ended } else { News::None };
                return Poll::Ready(Ok(Read { length, news }));
            }
            (None, Err(error)) if error.kind() != ErrorKind::WouldBlock => return Poll::Ready(Err(error)),
            (None, _) => {}
        }
    }
}

/// Writes to a socket what it takes, if only nothing.
pub(crate) fn try_write(socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match socket.try_io(Interest::WRITABLE, || Ok(rustix::net::send(socket, bytes, SendFlags::NOSIGNAL)?)) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        result => result,
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
