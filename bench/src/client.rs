//! Clients: a socket each, all of them served from one epoll.

use instep_bench::wire::{self, Frame, Frames};
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::fd::OwnedFd;
use socket2::{Domain, SockRef, Socket, Type};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much is read at once.
pub const READ: usize = 262_144;

/// A client whose handshake is done.
#[derive(Debug)]
pub struct Client {
    /// Its socket; non-blocking, unless it is changed.
    pub stream: TcpStream,
    frames: Frames,
    /// What came together with the end of the handshake.
    early: Vec<u8>,
    /// Bytes that it has received since the handshake.
    pub received: usize,
}

impl Client {
    /// Connects. `receive_buffer` is the socket's SO_RCVBUF, if it is to be another than usual.
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
        stream.set_read_timeout(Some(PATIENCE))?;
        // No port is kept after its connection.
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
            if let Some(at) = head.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let text = String::from_utf8_lossy(&head[..end]);
        if !text.starts_with("HTTP/1.1 101 ") || !text.contains(wire::ACCEPT) {
            return Err(std::io::Error::other(format!("the server answered: {text}")));
        }
        stream.set_nonblocking(true)?;
        Ok(Self { stream, frames: Frames::default(), early: head.split_off(end), received: 0 })
    }

    /// Reads what there is, and hands each frame of a message to `each`; pings are answered. `Ok(false)` if there was
    /// nothing.
    pub fn read(
        &mut self,
        buffer: &mut [u8],
        mut each: impl FnMut(Frame<'_>) -> Result<(), String>,
    ) -> Result<bool, String> {
        let early = std::mem::take(&mut self.early);
        let length = match (&*early).chain(&mut self.stream).read(buffer) {
            Ok(0) => return Err("the server closed a connection".into()),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
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
        })?;
        Ok(true)
    }

    /// Sends as much of `bytes` as the socket takes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<usize, String> {
        match self.stream.write(bytes) {
            Ok(length) => Ok(length),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(format!("a connection broke: {error}")),
        }
    }
}

/// Which sockets have something to do.
pub struct Readiness {
    epoll: OwnedFd,
    events: Vec<Event>,
}

impl Readiness {
    /// Watches nobody yet.
    pub fn new() -> Result<Self, String> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(|error| error.to_string())?;
        Ok(Self { epoll, events: Vec::with_capacity(256) })
    }

    /// Watches a client, which is known by `key`. It is told when something changes: what there is must be read.
    pub fn watch(&self, client: &Client, key: usize) -> Result<(), String> {
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::ET;
        epoll::add(&self.epoll, &client.stream, EventData::new_u64(key as u64), flags)
            .map_err(|error| error.to_string())
    }

    /// Returns the keys of those who have something to do now. It never waits: whoever sleeps is woken by the
    /// server's system call, at the server's expense.
    pub fn look(&mut self) -> Result<impl Iterator<Item = usize> + use<'_>, String> {
        self.events.clear();
        epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&Timespec::default()))
            .map_err(|error| error.to_string())?;
        Ok(self.events.iter().map(|event| usize::try_from(event.data.u64()).expect("a key is an index")))
    }
}
