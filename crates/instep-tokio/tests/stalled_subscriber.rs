//! A client that stops reading while its state goes on changing: with patience it resumes and is up to date within
//! 64 KiB; without, it is dropped, and when it returns the state comes first. The others notice nothing.

mod in_process;

use in_process::{Running, serve};
use instep::{App, Limits, Topics};
use instep_tokio::SocketLimits;
use socket2::{Domain, Protocol, Socket, Type};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use test_support::{SOON, WebSocket};

const TOPICS: usize = 8;
/// The payload of a frame.
const PAYLOAD: usize = 1024;

static APP: App = App::new("subscriber", "for tests").endpoint("/ws").topics(Topics::new(TOPICS));

/// A client whose receive buffer is 8 KiB, as that of a small device or of a phone at the edge of its network.
fn narrow_client(addr: SocketAddr) -> WebSocket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("a socket");
    // Before connecting, because the window is told then.
    socket.set_recv_buffer_size(8192).expect("a small buffer");
    socket.connect(&addr.into()).expect("a connection");
    WebSocket::upgrade(socket.into(), "/ws", &[]).expect("an upgrade")
}

/// Publishes those numbers, each to the next topic, and lets the healthy client read the last of each round.
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

/// Reads until it has the latest of all topics, up to that number; says how many bytes that took.
fn catch_up(client: &mut WebSocket, end: usize) -> usize {
    let (mut latest, mut bytes) = ([0; TOPICS], 0);
    while latest.iter().min() < Some(&(end - TOPICS)) {
        let number: usize = client.read_text().parse().expect("a number");
        let latest = &mut latest[number % TOPICS];
        assert!(number >= *latest, "{number} after {latest}");
        *latest = number;
        bytes += PAYLOAD + 4;
    }
    bytes
}

#[test]
fn with_patience_it_resumes_and_gets_the_latest_within_64_kib() {
    let limits = Limits::LINUX.with_write_stall(600_000).with_ping_every(600_000);
    let server = serve(&APP, limits, SocketLimits::default());
    let mut stalled = narrow_client(server.addr);
    let mut healthy = WebSocket::connect(server.addr, "/ws");
    publish(&server, 0..16_384, &mut healthy);
    let bytes = catch_up(&mut stalled, 16_384);
    assert!(bytes <= 64 << 10, "{bytes} bytes until it is up to date");
    println!("up to date after {bytes} bytes, of 16 MiB that were published");
    // And from here on it is like any other.
    publish(&server, 16_384..16_384 + TOPICS, &mut healthy);
    assert!(catch_up(&mut stalled, 16_384 + TOPICS) <= TOPICS * (PAYLOAD + 4));
}

#[test]
fn with_the_usual_limits_it_is_dropped_and_gets_the_state_first_when_it_returns() {
    let server = serve(&APP, Limits::LINUX, SocketLimits::default());
    let stalled = narrow_client(server.addr);
    let mut healthy = WebSocket::connect(server.addr, "/ws");
    let (before, mut number) = (Instant::now(), 0);
    while server.device().clients() == 2 {
        publish(&server, number..number + TOPICS, &mut healthy);
        number += TOPICS;
        let patience = Duration::from_millis(Limits::LINUX.write_stall) + SOON;
        assert!(before.elapsed() < patience, "the stalled client is not dropped");
        std::thread::sleep(Duration::from_millis(20));
    }
    let patience = Duration::from_millis(Limits::LINUX.write_stall);
    assert!(before.elapsed() >= patience, "dropped after {:?}", before.elapsed());
    drop(stalled);
    let mut returned = narrow_client(server.addr);
    let bytes = catch_up(&mut returned, number);
    assert_eq!(bytes, TOPICS * (PAYLOAD + 4), "the latest of each topic, and nothing else");
}
