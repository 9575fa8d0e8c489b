//! A client that stops reading while 64 MiB are published:
//! others go on, neither the server nor the kernel buffers
//! much, and when it reads again it is soon up to date.

mod in_process;

use in_process::serve;
use instep::{App, Limits, Topics};
use instep_tokio::SocketLimits;
use socket2::{Domain, Protocol, Socket, Type};
use std::fmt;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;
use test_support::{Frame, SOON, WebSocket, opcode, resident_here, wait_until};

const TOPICS: usize = 8;
/// Payload of a frame, in bytes.
const PAYLOAD: usize = 1024;
/// Number of frames, half of them retained, half events.
const FRAMES: usize = 64 * 1024;
/// Frames published at once.
///
/// Half of them are events, which must fit into the ring of 64.
const BATCH: usize = 32;
/// Old frames by which the healthy clients may be behind.
const BEHIND: usize = 32;

/// Allowed growth of the memory, in bytes: noise of the allocator, of the test's
/// own threads and of the page cache.
const GROWTH: usize = 8 << 20;
/// Bytes on their way to the stalled client: those not sent yet (16 KiB,
/// [`SocketLimits::unsent`]), the last write beyond them, and those in its small
/// window. Without that limit it would be megabytes.
const QUEUED: usize = 64 << 10;

static APP: App = App::new("flood", "for tests").endpoint("/ws").topics(Topics::new(TOPICS));

/// Frame of this number, from 1. Odd ones are events, even ones belong to a topic.
struct Numbered<'f>(usize, &'f str);

impl fmt::Display for Numbered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}{}", self.0, self.1)
    }
}

fn number(frame: &Frame) -> usize {
    assert_eq!((frame.opcode, frame.payload.len()), (opcode::TEXT, PAYLOAD));
    frame.text()[..8].parse().expect("not a number")
}

fn topic(number: usize) -> usize {
    number / 2 % TOPICS
}

/// Reads up to the last frame, without missing
/// an event, and stores its progress in `seen`.
fn keep_up(client: &mut WebSocket, seen: &AtomicUsize) {
    let mut last = 0;
    let mut event = None;
    while last < FRAMES {
        let frame = client.read_frame(SOON);
        let new = number(&frame);
        assert!(new > last, "{new} after {last}");
        last = new;
        if new % 2 == 1 {
            assert!(event.is_none_or(|before| new == before + 2), "event {new} after {event:?}");
            event = Some(new);
        }
        seen.store(new, Ordering::Release);
    }
    assert_eq!(event, Some(FRAMES - 1));
}

/// Opens a connection with the kernel's smallest receive buffer.
fn narrow_client(addr: SocketAddr) -> WebSocket {
    let socket =
        Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("cannot create a socket");
    // Before connecting, because the handshake announces the window.
    socket.set_recv_buffer_size(1).expect("cannot set the buffer size");
    socket.connect(&addr.into()).expect("cannot connect");
    WebSocket::upgrade(socket.into(), "/ws", &[]).expect("the upgrade was refused")
}

/// Returns the bytes that the kernel holds on their way
/// to this client: unsent, unacknowledged, and unread.
fn queued(client: &TcpStream) -> usize {
    let port = |addr: std::io::Result<SocketAddr>| addr.expect("no address").port();
    let (theirs, ours) = (port(client.local_addr()), port(client.peer_addr()));
    let table = fs::read_to_string("/proc/net/tcp").expect("cannot read the table of sockets");
    let hex = |text: &str| usize::from_str_radix(text, 16).expect("not a hexadecimal number");
    let queues = table.lines().skip(1).filter_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let port = |index: usize| hex(columns[index].split(':').nth(1).expect("no port"));
        let (sending, receiving) = columns[4].split_once(':').expect("no two queues");
        match (port(1), port(2)) {
            pair if pair == (ours.into(), theirs.into()) => Some(hex(sending)),
            pair if pair == (theirs.into(), ours.into()) => Some(hex(receiving)),
            _ => None,
        }
    });
    queues.sum()
}

#[test]
fn stalled_client_delays_no_other_and_uses_no_memory() {
    // Longer than the test takes, because other tests cover the timeout.
    let limits = Limits::LINUX.with_write_stall(600_000).with_ping_every(600_000);
    let server = serve(&APP, limits, SocketLimits::default());
    let device = server.device();
    // Connections are assigned to the two shards in turn, so one of the healthy clients shares the stalled
    // one's shard.
    let mut stalled = narrow_client(server.addr);
    let mut healthy = [(); 3].map(|()| WebSocket::connect(server.addr, "/ws"));
    let seen = [const { AtomicUsize::new(0) }; 3];
    let fill = "x".repeat(PAYLOAD - 8);
    let (mut start, mut most_memory, mut most_queued) = (0, 0, 0);

    thread::scope(|scope| {
        for (client, seen) in healthy.iter_mut().zip(&seen) {
            scope.spawn(move || keep_up(client, seen));
        }
        for number in 1..=FRAMES {
            if number % 2 == 1 {
                device.emit(Numbered(number, &fill));
            } else {
                device.publish(
                    Topics::new(TOPICS).at(topic(number)).expect("topic out of range"),
                    Numbered(number, &fill),
                );
            }
            if number % BATCH == 0 {
                wait_until(
                    SOON,
                    || seen.iter().all(|seen| seen.load(Ordering::Acquire) + BEHIND >= number),
                    || format!("a healthy client is stuck: {seen:?} of {number}"),
                );
            }
            if number == FRAMES / 16 {
                // By now all memory in use has been touched.
                start = resident_here();
            }
            if number % (FRAMES / 256) == 0 {
                most_memory = most_memory.max(resident_here());
                most_queued = most_queued.max(queued(stalled.tcp()));
            }
        }
    });
    let growth = most_memory.saturating_sub(start);
    assert!(growth < GROWTH, "{growth} bytes of memory");
    assert!(most_queued > 0 && most_queued < QUEUED, "{most_queued} bytes in the kernel");

    // The client reads again. The bytes in the kernel come first, then the ring's events and the latest value
    // of each topic.
    let (mut bytes, mut last, mut latest) = (0, 0, [0; TOPICS]);
    let mut old = 0;
    let before = Instant::now();
    let expected: Vec<usize> = (0..TOPICS)
        .map(|wanted| {
            (1..=FRAMES).rev().find(|n| n % 2 == 0 && topic(*n) == wanted).expect("a topic without a frame")
        })
        .collect();
    while latest[..] != expected {
        let frame = stalled.read_frame(SOON);
        let new = number(&frame);
        assert!(new > last, "{new} after {last}");
        last = new;
        bytes += frame.payload.len() + 4;
        if new <= FRAMES - 2 * limits.events {
            old = bytes;
        }
        if new.is_multiple_of(2) {
            latest[topic(new)] = new;
        }
    }
    let took = before.elapsed();
    let up_to_date = most_queued + (limits.events + TOPICS + 2) * (PAYLOAD + 4);
    assert!(bytes <= up_to_date, "{bytes} bytes until it is up to date, {old} of them old");
    assert!(took < SOON, "{took:?}");
    println!(
        "memory grew by {} KiB; the kernel held {} KiB; up to date after {} KiB ({} KiB of the past) and {took:?}",
        growth >> 10,
        most_queued >> 10,
        bytes >> 10,
        old >> 10
    );

    // From here on it is a client like any other.
    device.publish(Topics::new(TOPICS).at(0).expect("topic out of range"), Numbered(FRAMES + 1, &fill));
    for client in healthy.iter_mut().chain([&mut stalled]) {
        while number(&client.read_frame(SOON)) != FRAMES + 1 {}
    }
}
