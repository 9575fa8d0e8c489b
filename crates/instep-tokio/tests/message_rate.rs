//! An address over its message rate is slowed down,
//! loses no message, and does not affect others.

mod in_process;

use in_process::serve;
use instep::{App, Limits};
use instep_tokio::SocketLimits;
use socket2::{Domain, Protocol, Socket, Type};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use test_support::{SOON, WebSocket};

static APP: App = App::new("rate", "for tests").echo("/ws");

/// Message rate limit, in messages a second.
const RATE: u32 = 50;
/// Messages sent at once. They take two seconds longer than the allowed burst.
const FLOOD: u32 = 3 * RATE;

/// Returns a client on this machine with its own address.
fn client(from: [u8; 4], server: SocketAddr) -> WebSocket {
    let socket =
        Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("cannot create a socket");
    socket.bind(&SocketAddr::from((from, 0)).into()).expect("cannot bind the address");
    socket.connect(&server.into()).expect("cannot connect");
    WebSocket::upgrade(socket.into(), "/ws", &[]).expect("the upgrade was refused")
}

#[test]
fn address_over_message_rate_is_slowed_down_alone() {
    let server = serve(&APP, Limits::LINUX, SocketLimits::default().with_message_rate(RATE));
    let mut flooding = client([127, 0, 0, 2], server.addr);
    let before = Instant::now();
    for number in 0..FLOOD {
        flooding.send_text(&number.to_string());
    }
    // At the limit, from another address, no message waits.
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
    assert!(others < took, "the other client was slowed down, too");
    // The server's clock counts whole milliseconds.
    let min = Duration::from_secs(2) - Duration::from_millis(2);
    assert!(took >= min, "{FLOOD} messages in {took:?}");
}
