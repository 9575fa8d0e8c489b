//! Reading from a socket, and writing to it.

use rustix::net::{RecvFlags, SendFlags};
use std::io::{self, ErrorKind};
use std::task::{Context, Poll, ready};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// What came of reading.
#[derive(Debug, PartialEq)]
pub(crate) struct Read {
    /// Bytes of input.
    pub(crate) length: usize,
    pub(crate) event: ReadEvent,
}

/// What a reader has to know beside the bytes.
#[derive(Debug, PartialEq)]
pub(crate) enum ReadEvent {
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
                let news = if length == 0 { ReadEvent::Ended } else { ReadEvent::None };
                return Poll::Ready(Ok(Read { length, event: news }));
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
