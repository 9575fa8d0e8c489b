//! A TCP stream with a buffer, read against a deadline.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::SOON;

/// Reason why no more bytes arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The deadline passed.
    Timeout,
    /// The peer shut down its side, or reset the connection.
    Closed,
}

/// Stream with the bytes that have been read and not yet taken.
#[derive(Debug)]
pub struct Stream {
    tcp: TcpStream,
    buffer: Vec<u8>,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Box<crate::session::Session>>,
}

impl Stream {
    #[track_caller]
    pub(crate) fn connect(addr: SocketAddr) -> Stream {
        let tcp = TcpStream::connect_timeout(&addr, SOON)
            .unwrap_or_else(|error| panic!("cannot connect to {addr}: {error}"));
        Stream::new(tcp)
    }

    pub(crate) fn new(tcp: TcpStream) -> Stream {
        // Tests send in pieces on purpose, so the kernel must not join them.
        tcp.set_nodelay(true).expect("cannot set TCP_NODELAY");
        Stream {
            tcp,
            buffer: Vec::new(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    pub(crate) fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    #[track_caller]
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        if let Err(error) = self.try_write(bytes) {
            panic!("cannot send {} bytes: {error}", bytes.len());
        }
    }

    pub(crate) fn try_write(&mut self, bytes: &[u8]) -> io::Result<()> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return tls.write(&self.tcp, bytes);
        }
        self.tcp.write_all(bytes)
    }

    /// Returns the bytes that have been read and not yet taken.
    pub(crate) fn buffered(&self) -> &[u8] {
        &self.buffer
    }

    /// Takes the first `len` bytes of the buffer.
    pub(crate) fn take(&mut self, len: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(len);
        std::mem::replace(&mut self.buffer, rest)
    }

    /// Reads once, until `deadline`.
    #[track_caller]
    pub(crate) fn fill(&mut self, deadline: Instant) -> Result<(), End> {
        let mut chunk = [0; 16 * 1024];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // A timeout of zero would mean none at all.
            let left = left.max(Duration::from_millis(1));
            self.tcp.set_read_timeout(Some(left)).expect("cannot set the timeout");
            match self.read(&mut chunk) {
                Ok(0) => return Err(End::Closed),
                Ok(len) => {
                    self.buffer.extend_from_slice(&chunk[..len]);
                    return Ok(());
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut if Instant::now() >= deadline => {
                        return Err(End::Timeout);
                    }
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                    ErrorKind::ConnectionReset => return Err(End::Closed),
                    _ => panic!("cannot read: {error}"),
                },
            }
        }
    }

    fn read(&mut self, chunk: &mut [u8]) -> io::Result<usize> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return tls.read(&self.tcp, chunk);
        }
        self.tcp.read(chunk)
    }

    /// Reads until the buffer holds at least `len` bytes.
    #[track_caller]
    pub(crate) fn fill_to(&mut self, len: usize, deadline: Instant) -> Result<(), End> {
        while self.buffer.len() < len {
            self.fill(deadline)?;
        }
        Ok(())
    }

    /// Reads until `end` is in the buffer; returns
    /// the number of bytes up to and including it.
    #[track_caller]
    pub(crate) fn fill_until(&mut self, end: &[u8], deadline: Instant) -> Result<usize, End> {
        loop {
            if let Some(index) = self.buffer.windows(end.len()).position(|window| window == end) {
                return Ok(index + end.len());
            }
            self.fill(deadline)?;
        }
    }
}
