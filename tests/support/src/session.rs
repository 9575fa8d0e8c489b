//! TLS session of a stream.

use std::io::{self, Write as _};
use std::net::TcpStream;

use rustls::ClientConnection;

/// TLS session of one stream.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: ClientConnection,
    pub(crate) dribbles: bool,
}

impl Session {
    pub(crate) fn write(&mut self, tcp: &TcpStream, bytes: &[u8]) -> io::Result<()> {
        self.client.writer().write_all(bytes)?;
        self.send(tcp)
    }

    /// Reads decrypted bytes. An end without close_notify is an error.
    pub(crate) fn read(&mut self, tcp: &TcpStream, chunk: &mut [u8]) -> io::Result<usize> {
        loop {
            match io::Read::read(&mut self.client.reader(), chunk) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.receive(tcp)?,
                result => return result,
            }
        }
    }

    pub(crate) fn receive(&mut self, mut tcp: &TcpStream) -> io::Result<()> {
        let length = self.client.read_tls(&mut tcp)?;
        if length == 0 && self.client.is_handshaking() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let processed = self.client.process_new_packets();
        // Sends an alert, if there is one.
        self.send(tcp)?;
        processed.map_err(io::Error::other)?;
        Ok(())
    }

    pub(crate) fn send(&mut self, mut tcp: &TcpStream) -> io::Result<()> {
        let mut records = Vec::new();
        while self.client.wants_write() {
            self.client.write_tls(&mut records)?;
        }
        if !self.dribbles {
            return tcp.write_all(&records);
        }
        records.iter().try_for_each(|byte| tcp.write_all(&[*byte]))
    }
}
