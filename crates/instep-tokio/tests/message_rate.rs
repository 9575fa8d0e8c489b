//! An address that sends more messages than it may: it is slowed down, nothing is lost, and nobody else notices.

mod in_process;

use in_process::serve;
use instep::{App, Limits};
use instep_tokio::SocketLimits;
use socket2::{Domain, Protocol, Socket, Type};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use test_support::{SOON, WebSocket};

static APP: App = App::new("rate", "for tests").echo("/ws");

/// Messages in each second.
const RATE: u32 = 50;
/// What is sent at once: it takes two seconds more than what is allowed at once.
const FLOOD: u32 = 3 * RATE;

/// A client on this machine, with that address of its own.
fn client(from: [u8; 4], server: SocketAddr) -> WebSocket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("a socket");
    socket.bind(&SocketAddr::from((from, 0)).into()).expect("an address of this machine");
    socket.connect(&server.into()).expect("a connection");
    WebSocket::upgrade(socket.into(), "/ws", &[]).expect("an upgrade")
}

#[test]
fn who_sends_too_much_is_slowed_down_and_nobody_else() {
    let server = serve(&APP, Limits::LINUX, SocketLimits::default().with_message_rate(RATE));
    let mut flooding = client([127, 0, 0, 2], server.addr);
    let before = Instant::now();
    for number in 0..FLOOD {
        flooding.send_text(&number.to_string());
    }
    // At the limit, from another address: none of these waits.
    let mut other = client([127, 0, 0, 3], server.addr);
    for number in 0..RATE {
        other.send_text(&number.to_string());
        assert_eq!(other.read_text(), number.to_string());
    }
    let others = before.elapsed();
    for number in 0..FLOOD {
        assert_eq!(flooding.read_message(SOON).1, number.to_string().as_bytes());
    }
    let took = before.elapsed();
    assert!(others < took, "the other one waited, too");
    // The server's clock counts whole milliseconds.
    let least = Duration::from_secs(2) - Duration::from_millis(2);
    assert!(took >= least, "{FLOOD} messages in {took:?}");
}
