//! TLS on a socket: rustls without its buffers. A connection that has nothing under way holds no byte of any.

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

/// So much is encrypted at once. What is encrypted cannot be replaced by newer state any more, so it is not more
/// than what the kernel keeps unsent, and the rest waits until all of it has left.
const AHEAD: usize = 16_384;
/// What TLS adds to that, in two records at most.
const OVERHEAD: usize = 512;
/// The longest record (RFC 8446 section 5.2, RFC 5246 section 6.2.3), or message of the handshake, that may be
/// under way. A client's messages are much shorter.
const UNFINISHED_MAX: usize = 5 + 16_384 + 2_048;
/// With it begins the first record of a client (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;

/// A socket and its TLS session.
pub(crate) struct Tls {
    socket: TcpStream,
    session: UnbufferedServerConnection,
    state: State,
    /// A record, or a message of the handshake, whose end has not come.
    unfinished: Vec<u8>,
    /// Records that the socket did not take.
    unsent: Vec<u8>,
    /// When the socket last took a byte, while it does not take all.
    taken: Option<Instant>,
    /// The socket took bytes since a turn ended.
    progress: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing has come.
    New,
    Encrypting,
    /// The peer has been told that nothing will follow.
    Ended,
    /// The peer does not speak TLS.
    Unencrypted,
    /// Nothing can be read or written any more.
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
            taken: None,
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
        // Behind our last word, what comes is thrown away.
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
        self.taken = self.taken.map(|_| now);
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

    /// Accepts nothing as long as something is unsent.
    pub(crate) fn write(&mut self, bytes: &[u8], records: &mut [u8]) -> io::Result<usize> {
        match self.state {
            State::Unencrypted => return socket::try_write(&self.socket, bytes),
            // Nobody could read it.
            State::Broken | State::Ended => return Ok(bytes.len()),
            State::New | State::Encrypting => {}
        }
        let mut accepted = 0;
        for next in bytes.chunks(AHEAD) {
            if !self.unsent.is_empty() {
                break;
            }
            let length = self.encrypt(next, &mut records[..AHEAD + OVERHEAD])?;
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
        patience: u64,
        client: &mut Client,
    ) -> io::Result<Turn> {
        if turn.shut_down || turn.closed {
            self.say_goodbye();
            self.flush()?;
        }
        if core::mem::take(&mut self.progress) || self.unsent.is_empty() {
            self.taken = None;
        }
        if !self.unsent.is_empty() {
            turn.wants_write = true;
            turn.shut_down = false;
            let since = *self.taken.get_or_insert(now);
            let until = since.after(patience);
            client.blocked_since(since);
            turn.wake_at = turn.wake_at.min(until);
            if turn.closed && now < until {
                (turn.closed, turn.wants_read, turn.wake_at) = (false, false, until);
            }
        }
        Ok(turn)
    }

    /// Decrypts all whole records into `input`, which is as long, and keeps the beginning of another one.
    fn decrypt(&mut self, records: &mut [u8], input: &mut [u8]) -> Read {
        let (mut start, mut length, mut news) = (0, 0, ReadEvent::None);
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
                Ok(ConnectionState::PeerClosed) => news = ReadEvent::Ended,
                // Early data is not offered.
                Ok(_) => done = true,
                // Its last word is asked for once: rustls must not see the record again.
                Err(error) if self.state != State::Broken => {
                    self.state = State::Broken;
                    news = ReadEvent::Broken(error);
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
            news = ReadEvent::Broken(rustls::InvalidMessage::HandshakePayloadTooLarge.into());
        }
        if rest.is_empty() || news != ReadEvent::None {
            self.unfinished = Vec::new();
        } else {
            self.unfinished.clear();
            self.unfinished.extend_from_slice(rest);
        }
        Read { length, event: news }
    }

    fn encrypt(&mut self, bytes: &[u8], records: &mut [u8]) -> io::Result<usize> {
        self.with_traffic(|traffic| traffic.encrypt(bytes, records))
            // Without a request there is no answer, and without a handshake no request.
            .ok_or(io::ErrorKind::NotConnected)?
            .map_err(io::Error::other)
    }

    /// Tells the peer that nothing will follow, if it can be told.
    fn say_goodbye(&mut self) {
        if self.state == State::Encrypting {
            let mut alert = [0; OVERHEAD];
            if let Some(Ok(length)) = self.with_traffic(|traffic| traffic.queue_close_notify(&mut alert)) {
                self.unsent.extend_from_slice(&alert[..length]);
                self.state = State::Ended;
            }
        }
    }

    /// Does something that needs a session whose handshake is done; `None`: it is not.
    fn with_traffic<T>(
        &mut self,
        action: impl FnOnce(&mut WriteTraffic<'_, ServerConnectionData>) -> T,
    ) -> Option<T> {
        // The session may have kept its place in what is unfinished, and panics if it is not presented.
        let UnbufferedStatus { discard, state } = self.session.process_tls_records(&mut self.unfinished);
        let done = match state {
            Ok(ConnectionState::WriteTraffic(mut traffic)) => Some(action(&mut traffic)),
            _ => None,
        };
        self.unfinished.drain(..discard);
        done
    }

    /// Sends what is unsent.
    fn flush(&mut self) -> io::Result<()> {
        let unsent = core::mem::take(&mut self.unsent);
        let sent = self.send(&unsent)?;
        if sent < unsent.len() {
            self.unsent = unsent;
            self.unsent.drain(..sent);
        }
        Ok(())
    }

    /// Writes until the socket takes no more.
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

/// What went wrong, for the log.
pub(crate) struct Failure<'a>(pub(crate) &'a rustls::Error);

impl fmt::Display for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use rustls::AlertDescription as Alert;
        self.0.fmt(f)?;
        match self.0 {
            rustls::Error::AlertReceived(
                Alert::BadCertificate | Alert::CertificateUnknown | Alert::UnknownCA,
            ) => f.write_str(". It does not trust this device's certificate, or asked for another name"),
            _ => Ok(()),
        }
    }
}

/// Appends a message of the handshake, or an alert.
fn append(mut message: EncodeTlsData<'_, ServerConnectionData>, records: &mut Vec<u8>) {
    let end = records.len();
    if let Err(EncodeError::InsufficientSize(size)) = message.encode(&mut []) {
        records.resize(end + size.required_size, 0);
        // It has that size.
        let _ = message.encode(&mut records[end..]);
    }
}
