//! Non-blocking reads and writes of a socket.

use rustix::net::{RecvFlags, SendFlags};
use std::io::{self, ErrorKind};
use std::task::{Context, Poll, ready};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// Result of a read.
#[derive(Debug, PartialEq)]
pub(crate) struct Read {
    /// Input read, in bytes.
    pub(crate) length: usize,
    pub(crate) event: ReadEvent,
}

/// Event that a read reports beside the bytes.
#[derive(Debug, PartialEq)]
pub(crate) enum ReadEvent {
    None,
    /// End of the input, after these bytes.
    Ended,
    /// First byte of a connection that should use TLS and does not.
    #[cfg(feature = "tls")]
    Unencrypted,
    /// Violation of TLS, which ends the connection.
    #[cfg(feature = "tls")]
    Broken(rustls::Error),
}

// Both functions call the kernel without the C library, because libc makes each call a cancellation point in programs
// with several threads.

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
            // A short read empties the receive buffer, so no second call is needed to detect this.
            if length > 0 && length < input.len() { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        match (read, tried) {
            (Some(length), _) => {
                let event = if length == 0 { ReadEvent::Ended } else { ReadEvent::None };
                return Poll::Ready(Ok(Read { length, event }));
            }
            (None, Err(error)) if error.kind() != ErrorKind::WouldBlock => return Poll::Ready(Err(error)),
            (None, _) => {}
        }
    }
}

/// Writes to a socket, and returns how many bytes it accepted, possibly 0.
pub(crate) fn try_write(socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match socket.try_io(Interest::WRITABLE, || Ok(rustix::net::send(socket, bytes, SendFlags::NOSIGNAL)?)) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        result => result,
    }
}
