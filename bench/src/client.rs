//! Clients with a socket each, all on one epoll.

use crate::wire::{self, Frame, Frames};
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::fd::OwnedFd;
use socket2::{Domain, SockRef, Socket, Type};
use std::fmt;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Time limit of a handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Size of a read, in bytes.
pub const READ: usize = 262_144;

/// Client after its handshake.
#[derive(Debug)]
pub struct Client {
    /// Its socket, non-blocking unless it is changed.
    pub stream: TcpStream,
    frames: Frames,
    /// Bytes that arrived with the end of the handshake.
    early: Vec<u8>,
    /// Bytes received since the handshake.
    pub received: usize,
}

impl Client {
    /// Connects. `receive_buffer` is the socket's SO_RCVBUF, unless the default holds.
    ///
    /// # Errors
    /// If the server does not answer the handshake.
    pub fn connect(port: u16, path: &str, receive_buffer: Option<usize>) -> Result<Self, String> {
        Self::try_connect(port, path, receive_buffer)
            .map_err(|error| format!("a client could not connect: {error}"))
    }

    fn try_connect(port: u16, path: &str, receive_buffer: Option<usize>) -> std::io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        socket.connect(&SocketAddr::from(([127, 0, 0, 1], port)).into())?;
        let mut stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(HANDSHAKE_TIMEOUT))?;
        // A reset keeps no port in TIME_WAIT.
        SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        let key = wire::KEY;
        stream.write_all(
            format!(
                "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
            )
            .as_bytes(),
        )?;
        let mut head = Vec::new();
        let mut bite = [0; 1024];
        let end = loop {
            match stream.read(&mut bite)? {
                0 => return Err(std::io::Error::other("the server closed the connection")),
                length => head.extend_from_slice(&bite[..length]),
            }
            if let Some(index) = head.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break index + 4;
            }
        };
        let text = String::from_utf8_lossy(&head[..end]);
        if !text.starts_with("HTTP/1.1 101 ") || !text.contains(wire::ACCEPT) {
            return Err(std::io::Error::other(format!("the server answered: {text}")));
        }
        stream.set_nonblocking(true)?;
        Ok(Self { stream, frames: Frames::default(), early: head.split_off(end), received: 0 })
    }

    /// Reads until the socket is empty, as [`Client::read`] does.
    ///
    /// # Errors
    /// As those of [`Client::read`].
    pub fn drain(
        &mut self,
        buffer: &mut [u8],
        mut each: impl FnMut(Frame<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        loop {
            let before = self.received;
            self.read(buffer, &mut each)?;
            if self.received - before < buffer.len() {
                return Ok(());
            }
        }
    }

    /// Reads available bytes once, and passes each frame of a message to `each`;
    /// pings are answered.
    ///
    /// # Errors
    /// If the connection has ended, and the first error of `each`.
    pub fn read(
        &mut self,
        buffer: &mut [u8],
        mut each: impl FnMut(Frame<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        let early = std::mem::take(&mut self.early);
        let length = match (&*early).chain(&mut self.stream).read(buffer) {
            Ok(0) => return Err("the server closed a connection".into()),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(format!("a connection broke: {error}")),
        };
        self.received += length;
        let stream = &mut self.stream;
        self.frames.read(&buffer[..length], |frame| match frame.opcode {
            wire::TEXT | wire::CONTINUATION => each(frame),
            wire::PING => {
                let pong = wire::client_frame(wire::PONG, frame.payload);
                stream.write_all(&pong).map_err(|error| format!("a pong could not be sent: {error}"))
            }
            opcode => Err(format!("the server sent a frame of opcode {opcode}")),
        })
    }

    /// Sends as much of `bytes` as the socket takes.
    ///
    /// # Errors
    /// If the connection has ended.
    pub fn write(&mut self, bytes: &[u8]) -> Result<usize, String> {
        match self.stream.write(bytes) {
            Ok(length) => Ok(length),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(format!("a connection broke: {error}")),
        }
    }
}

/// Connects clients, which are watched by their indices.
///
/// # Errors
/// If one cannot connect.
pub fn connect_all(port: u16, path: &str, count: usize) -> Result<(Vec<Client>, Readiness), String> {
    let readiness = Readiness::new()?;
    let mut clients = Vec::new();
    for key in 0..count {
        let client = Client::connect(port, path, None)?;
        readiness.watch(&client, key)?;
        clients.push(client);
    }
    Ok((clients, readiness))
}

/// Ready sockets.
pub struct Readiness {
    epoll: OwnedFd,
    events: Vec<Event>,
}

impl Readiness {
    /// Watches no client yet.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn new() -> Result<Self, String> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(|error| error.to_string())?;
        Ok(Self { epoll, events: Vec::with_capacity(256) })
    }

    /// Watches a client, identified by `key`.
    ///
    /// Events are edge-triggered, so all available bytes must be read.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn watch(&self, client: &Client, key: usize) -> Result<(), String> {
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::ET;
        epoll::add(&self.epoll, &client.stream, EventData::new_u64(key as u64), flags)
            .map_err(|error| error.to_string())
    }

    /// Returns the keys of ready clients.
    ///
    /// It never waits, because a sleeping process would be woken by the server's system call, at the
    /// server's expense.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn look(&mut self) -> Result<impl Iterator<Item = usize> + use<'_>, String> {
        self.events.clear();
        epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&Timespec::default()))
            .map_err(|error| error.to_string())?;
        Ok(self
            .events
            .iter()
            .map(|event| usize::try_from(event.data.u64()).expect("the key is not an index")))
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readiness").field("epoll", &self.epoll).finish_non_exhaustive()
    }
}
