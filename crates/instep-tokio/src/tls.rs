//! TLS on a socket, with the unbuffered API of rustls.
//!
//! So an idle connection has no buffers.

use crate::socket::{self, Read, ReadEvent};
use instep::Instant;
use instep::driver::{Client, Turn};
use rustls::ServerConfig;
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{ConnectionState, EncodeError, EncodeTlsData, UnbufferedStatus, WriteTraffic};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::net::TcpStream;

/// Maximum plaintext encrypted ahead of the socket, in bytes.
///
/// Encrypted frames cannot be superseded by newer state. So the maximum is no more than the kernel keeps unsent, and
/// further plaintext waits until all records have left.
const AHEAD_MAX: usize = 16_384;
/// Maximum overhead of TLS for [`AHEAD_MAX`] bytes in two records, in bytes.
const OVERHEAD_MAX: usize = 512;
/// Maximum length of an incomplete record or handshake message, in bytes.
///
/// This is the longest record (RFC 8446 section 5.2, RFC 5246 section 6.2.3); handshake messages of clients are
/// much shorter.
const UNFINISHED_MAX: usize = 5 + 16_384 + 2_048;
/// First byte of a client's first record (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;

/// Socket and its TLS session.
pub(crate) struct Tls {
    socket: TcpStream,
    session: UnbufferedServerConnection,
    state: State,
    /// Incomplete record or handshake message.
    unfinished: Vec<u8>,
    /// Records that the socket has not accepted.
    unsent: Vec<u8>,
    /// Time since which the socket has accepted nothing of `unsent`.
    blocked_since: Option<Instant>,
    /// Whether the socket accepted bytes since the last turn ended.
    progress: bool,
}

/// State of a TLS connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// No byte has arrived.
    New,
    Encrypting,
    /// `close_notify` is queued or sent.
    Ended,
    /// Peer without TLS.
    Unencrypted,
    /// Failed session, which can neither read nor write.
    Broken,
}

impl Tls {
    pub(crate) fn new(socket: TcpStream, config: Arc<ServerConfig>) -> io::Result<Self> {
        Ok(Self {
            socket,
            session: UnbufferedServerConnection::new(config).map_err(io::Error::other)?,
            state: State::New,
            unfinished: Vec::new(),
            unsent: Vec::new(),
            blocked_since: None,
            progress: false,
        })
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        &self.socket
    }

    pub(crate) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        input: &mut [u8],
        records: &mut [u8],
    ) -> Poll<io::Result<Read>> {
        // After `close_notify` or an error, input is discarded by the client.
        if matches!(self.state, State::Unencrypted | State::Broken | State::Ended) {
            return socket::poll_read(&mut self.socket, context, input);
        }
        let before = self.unfinished.len();
        let read = ready!(socket::poll_read(&mut self.socket, context, &mut records[before..]))?;
        if read.event != ReadEvent::None {
            return Poll::Ready(Ok(read));
        }
        if self.state == State::New {
            if records[0] != HANDSHAKE {
                self.state = State::Unencrypted;
                input[..read.length].copy_from_slice(&records[..read.length]);
                return Poll::Ready(Ok(Read { event: ReadEvent::Unencrypted, ..read }));
            }
            self.state = State::Encrypting;
        }
        records[..before].copy_from_slice(&self.unfinished);
        Poll::Ready(Ok(self.decrypt(&mut records[..before + read.length], input)))
    }

    pub(crate) fn accepted(&mut self, now: Instant) {
        self.blocked_since = self.blocked_since.map(|_| now);
    }

    pub(crate) fn begin_turn(&mut self, now: Instant, client: &mut Client) -> io::Result<bool> {
        if self.unsent.is_empty() {
            return Ok(false);
        }
        self.flush()?;
        if self.progress {
            client.accepted(now);
        }
        Ok(self.progress)
    }

    /// Encrypts and writes bytes. Accepts no bytes while records are unsent.
    pub(crate) fn write(&mut self, bytes: &[u8], records: &mut [u8]) -> io::Result<usize> {
        match self.state {
            State::Unencrypted => return socket::try_write(&self.socket, bytes),
            // The peer cannot read the output, so it counts as sent.
            State::Broken | State::Ended => return Ok(bytes.len()),
            State::New | State::Encrypting => {}
        }
        let mut accepted = 0;
        for next in bytes.chunks(AHEAD_MAX) {
            if !self.unsent.is_empty() {
                break;
            }
            let length = self.encrypt(next, &mut records[..AHEAD_MAX + OVERHEAD_MAX])?;
            accepted += next.len();
            let sent = self.send(&records[..length])?;
            self.unsent.extend_from_slice(&records[sent..length]);
        }
        Ok(accepted)
    }

    pub(crate) fn end_turn(
        &mut self,
        mut turn: Turn,
        now: Instant,
        write_stall: u64,
        client: &mut Client,
    ) -> io::Result<Turn> {
        if turn.shut_down || turn.closed {
            self.queue_close_notify();
            self.flush()?;
        }
        if core::mem::take(&mut self.progress) || self.unsent.is_empty() {
            self.blocked_since = None;
        }
        if !self.unsent.is_empty() {
            turn.wants_write = true;
            turn.shut_down = false;
            let since = *self.blocked_since.get_or_insert(now);
            let until = since.after(write_stall);
            client.blocked_since(since);
            turn.wake_at = turn.wake_at.min(until);
            if turn.closed && now < until {
                (turn.closed, turn.wants_read, turn.wake_at) = (false, false, until);
            }
        }
        Ok(turn)
    }

    /// Decrypts all whole records into `input`, which must be as long as `records`.
    ///
    /// The incomplete rest is kept in `unfinished`.
    fn decrypt(&mut self, records: &mut [u8], input: &mut [u8]) -> Read {
        let (mut start, mut length, mut event) = (0, 0, ReadEvent::None);
        loop {
            let UnbufferedStatus { mut discard, state } =
                self.session.process_tls_records(&mut records[start..]);
            let mut done = false;
            match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(Ok(record)) = traffic.next_record() {
                        let end = length + record.payload.len();
                        input[length..end].copy_from_slice(record.payload);
                        (length, discard) = (end, discard + record.discard);
                    }
                }
                Ok(ConnectionState::EncodeTlsData(message)) => {
                    append(message, &mut self.unsent);
                    done = self.state == State::Broken;
                }
                Ok(ConnectionState::TransmitTlsData(messages)) => messages.done(),
                Ok(ConnectionState::PeerClosed) => event = ReadEvent::Ended,
                // No other state needs an action, because early data is not offered.
                Ok(_) => done = true,
                // The loop runs once more for the alert of rustls, and then stops, because rustls must not get the record
                // again.
                Err(error) if self.state != State::Broken => {
                    self.state = State::Broken;
                    event = ReadEvent::Broken(error);
                }
                Err(_) => done = true,
            }
            start += discard;
            if done {
                break;
            }
        }
        let rest = &records[start..];
        if rest.len() > UNFINISHED_MAX {
            self.state = State::Broken;
            event = ReadEvent::Broken(rustls::InvalidMessage::HandshakePayloadTooLarge.into());
        }
        if rest.is_empty() || event != ReadEvent::None {
            self.unfinished = Vec::new();
        } else {
            self.unfinished.clear();
            self.unfinished.extend_from_slice(rest);
        }
        Read { length, event }
    }

    fn encrypt(&mut self, bytes: &[u8], records: &mut [u8]) -> io::Result<usize> {
        self.with_traffic(|traffic| traffic.encrypt(bytes, records))
            // Not reached, because a response needs a request, and a request needs a handshake.
            .ok_or(io::ErrorKind::NotConnected)?
            .map_err(io::Error::other)
    }

    /// Queues `close_notify` if the session can encrypt.
    fn queue_close_notify(&mut self) {
        if self.state == State::Encrypting {
            let mut alert = [0; OVERHEAD_MAX];
            if let Some(Ok(length)) = self.with_traffic(|traffic| traffic.queue_close_notify(&mut alert)) {
                self.unsent.extend_from_slice(&alert[..length]);
                self.state = State::Ended;
            }
        }
    }

    /// Calls `action` with an established session.
    ///
    /// Returns `None` if the handshake is not done.
    fn with_traffic<T>(
        &mut self,
        action: impl FnOnce(&mut WriteTraffic<'_, ServerConnectionData>) -> T,
    ) -> Option<T> {
        // The session may remember an offset into the incomplete record, and panics if the record is not passed again.
        let UnbufferedStatus { discard, state } = self.session.process_tls_records(&mut self.unfinished);
        let done = match state {
            Ok(ConnectionState::WriteTraffic(mut traffic)) => Some(action(&mut traffic)),
            _ => None,
        };
        self.unfinished.drain(..discard);
        done
    }

    /// Sends unsent records.
    fn flush(&mut self) -> io::Result<()> {
        let unsent = core::mem::take(&mut self.unsent);
        let sent = self.send(&unsent)?;
        if sent < unsent.len() {
            self.unsent = unsent;
            self.unsent.drain(..sent);
        }
        Ok(())
    }

    /// Writes until the socket accepts no more, and returns the number of bytes.
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut sent = 0;
        while sent < bytes.len() {
            let length = socket::try_write(&self.socket, &bytes[sent..])?;
            if length == 0 {
                break;
            }
            self.progress = true;
            sent += length;
        }
        Ok(sent)
    }
}

/// Display of a TLS error, for the log.
pub(crate) struct Failure<'a>(pub(crate) &'a rustls::Error);

impl fmt::Display for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use rustls::AlertDescription as Alert;
        self.0.fmt(f)?;
        match self.0 {
            rustls::Error::AlertReceived(
                Alert::BadCertificate | Alert::CertificateUnknown | Alert::UnknownCA,
            ) => f.write_str(
                "; the client does not trust this device's certificate, or connected by another name",
            ),
            _ => Ok(()),
        }
    }
}

/// Appends a handshake message or an alert.
fn append(mut message: EncodeTlsData<'_, ServerConnectionData>, records: &mut Vec<u8>) {
    let end = records.len();
    if let Err(EncodeError::InsufficientSize(size)) = message.encode(&mut []) {
        records.resize(end + size.required_size, 0);
        // The buffer has the required size now.
        let _ = message.encode(&mut records[end..]);
    }
}
