//! A client that stops reading while its state changes.
//!
//! With a long timeout it resumes and is up to date within 64 KiB; with a short one it is dropped, and
//! gets the state first when it returns. Others are not affected.

mod in_process;

use in_process::{Running, serve};
use instep::{App, Limits, Topics};
use instep_tokio::SocketLimits;
use socket2::{Domain, Protocol, Socket, Type};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use test_support::{SOON, WebSocket};

const TOPICS: usize = 8;
/// Payload of a frame, in bytes.
const PAYLOAD: usize = 1024;

static APP: App = App::new("subscriber", "for tests").endpoint("/ws").topics(Topics::new(TOPICS));

/// Opens a client with a receive buffer of 8 KiB, as
/// a small device or a phone with a weak signal has.
fn narrow_client(addr: SocketAddr) -> WebSocket {
    let socket =
        Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("cannot create a socket");
    // Before connecting, because the handshake announces the window.
    socket.set_recv_buffer_size(8192).expect("cannot set the buffer size");
    socket.connect(&addr.into()).expect("cannot connect");
    WebSocket::upgrade(socket.into(), "/ws", &[]).expect("the upgrade was refused")
}

/// Publishes these numbers, each to the next topic, and
/// lets the healthy client read the last of each round.
fn publish(server: &Running, numbers: std::ops::Range<usize>, healthy: &mut WebSocket) {
    for number in numbers {
        let topic = Topics::new(TOPICS).at(number % TOPICS).expect("topic out of range");
        server.device().publish(topic, format_args!("{number:0PAYLOAD$}"));
        if number % TOPICS == TOPICS - 1 {
            let wanted = format!("{number:0PAYLOAD$}");
            healthy.read_text_until(|text| text == wanted);
        }
    }
}

/// Reads until the latest of all topics, up to `end`; returns the number of bytes.
fn catch_up(client: &mut WebSocket, end: usize) -> usize {
    let (mut latest, mut bytes) = ([0; TOPICS], 0);
    while latest.iter().min() < Some(&(end - TOPICS)) {
        let number: usize = client.read_text().parse().expect("not a number");
        let latest = &mut latest[number % TOPICS];
        assert!(number >= *latest, "{number} after {latest}");
        *latest = number;
        bytes += PAYLOAD + 4;
    }
    bytes
}

#[test]
fn stalled_client_resumes_with_latest_within_64_kib() {
    let limits = Limits::LINUX.with_write_stall(600_000).with_ping_every(600_000);
    let server = serve(&APP, limits, SocketLimits::default());
    let mut stalled = narrow_client(server.addr);
    let mut healthy = WebSocket::connect(server.addr, "/ws");
    publish(&server, 0..16_384, &mut healthy);
    let bytes = catch_up(&mut stalled, 16_384);
    assert!(bytes <= 64 << 10, "{bytes} bytes until it is up to date");
    println!("up to date after {bytes} bytes, of 16 MiB that were published");
    // From here on it is like any other client.
    publish(&server, 16_384..16_384 + TOPICS, &mut healthy);
    assert!(catch_up(&mut stalled, 16_384 + TOPICS) <= TOPICS * (PAYLOAD + 4));
}

#[test]
fn dropped_client_gets_state_first_when_it_returns() {
    let server = serve(&APP, Limits::LINUX, SocketLimits::default());
    let stalled = narrow_client(server.addr);
    let mut healthy = WebSocket::connect(server.addr, "/ws");
    let (before, mut number) = (Instant::now(), 0);
    while server.device().clients() == 2 {
        publish(&server, number..number + TOPICS, &mut healthy);
        number += TOPICS;
        let timeout = Duration::from_millis(Limits::LINUX.write_stall) + SOON;
        assert!(before.elapsed() < timeout, "the stalled client is not dropped");
        std::thread::sleep(Duration::from_millis(20));
    }
    let timeout = Duration::from_millis(Limits::LINUX.write_stall);
    assert!(before.elapsed() >= timeout, "dropped after {:?}", before.elapsed());
    drop(stalled);
    let mut returned = narrow_client(server.addr);
    let bytes = catch_up(&mut returned, number);
    assert_eq!(bytes, TOPICS * (PAYLOAD + 4), "not exactly the latest value of each topic");
}
