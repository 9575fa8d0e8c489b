//! The floor: only the system calls that a server on epoll
//! needs, and answers of a known size. It does not parse
//! the frames that it echoes; `--in` gives their length.

use instep_bench::serving::{self, Job};
use instep_bench::wire;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

const LISTENER: u64 = u64::MAX;
const READ: usize = 65_536;

struct Client {
    stream: TcpStream,
    greeted: bool,
    /// Bytes of an incomplete frame.
    begun: usize,
    /// Bytes that are still to be sent, and their offset in the answer.
    owed: usize,
    offset: usize,
}

fn main() -> io::Result<()> {
    let start = serving::start()?;
    let job = start.job;
    // One frame of the client and its answer, as often as they may come at once.
    let size = start.number("--size").unwrap_or_default();
    let (incoming, outgoing) = (
        wire::client_frame(wire::TEXT, &wire::text(size)).len(),
        wire::server_frame(wire::TEXT, &wire::text(size)),
    );
    let answer = outgoing.repeat(start.number("--depth").unwrap_or(1));
    let listener = start.listener()?;

    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let mut clients: Vec<Client> = Vec::new();
    let mut events = Vec::with_capacity(256);
    let mut input = vec![0; READ];
    loop {
        epoll::wait(&epoll, spare_capacity(&mut events), None)?;
        for event in events.drain(..) {
            if event.data.u64() == LISTENER {
                accept(&listener, &epoll, &mut clients)?;
                continue;
            }
            let index = usize::try_from(event.data.u64()).expect("the key is not an index");
            let client = &mut clients[index];
            if !client.pay(&answer, outgoing.len())? {
                continue;
            }
            // Until the socket is empty, or the client is gone.
            while let Ok(length) = clients[index].stream.read(&mut input) {
                let client = &mut clients[index];
                if !client.greeted {
                    client.greet()?;
                } else if job == Job::Echo {
                    client.begun += length;
                    client.owed += client.begun / incoming * outgoing.len();
                    client.begun %= incoming;
                    if !client.pay(&answer, outgoing.len())? {
                        break;
                    }
                } else {
                    publish(&mut input[..length], &mut clients);
                }
                if length < READ {
                    break;
                }
            }
        }
    }
}

fn accept(
    listener: &TcpListener,
    epoll: &impl std::os::fd::AsFd,
    clients: &mut Vec<Client>,
) -> io::Result<()> {
    while let Ok((stream, _)) = listener.accept() {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::ET;
        epoll::add(epoll, &stream, EventData::new_u64(clients.len() as u64), flags)?;
        clients.push(Client { stream, greeted: false, begun: 0, owed: 0, offset: 0 });
    }
    Ok(())
}

impl Client {
    fn greet(&mut self) -> io::Result<()> {
        self.greeted = true;
        let accept = wire::ACCEPT;
        write!(
            self.stream,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        )
    }

    /// Sends the owed bytes. Returns whether the socket took all of them.
    fn pay(&mut self, answer: &[u8], frame: usize) -> io::Result<bool> {
        while self.owed > 0 {
            let length = self.owed.min(answer.len() - self.offset);
            match self.stream.write(&answer[self.offset..self.offset + length]) {
                Ok(sent) => {
                    self.owed -= sent;
                    self.offset = (self.offset + sent) % frame;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

/// Sends each message of a client, short and complete, to all clients.
fn publish(mut input: &mut [u8], clients: &mut [Client]) {
    while let Some(length) = input.get(1) {
        let (frame, rest) = input.split_at_mut(6 + usize::from(length & 0x7f));
        input = rest;
        let (header, payload) = frame.split_at_mut(6);
        for (byte, mask) in payload.iter_mut().zip(header[2..].iter().cycle()) {
            *byte ^= mask;
        }
        let frame = wire::server_frame(wire::TEXT, payload);
        for client in &mut *clients {
            // A client whose socket is full misses the message.
            let _ = client.stream.write(&frame);
        }
    }
}
