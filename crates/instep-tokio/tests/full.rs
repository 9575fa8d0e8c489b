//! All client slots in use, over real sockets:
//! rejection of new clients, and reuse of slots.

mod in_process;

use in_process::serve;
use instep::driver::RefusalReason;
use instep::{App, Asset, Limits};
use instep_tokio::SocketLimits;
use std::time::{Duration, Instant};
use test_support::{Http, Response, SOON, WebSocket, http};

static APP: App =
    App::new("full", "for tests").page("/", Asset::html("<p>Hi</p>")).endpoint("/ws").echo("/echo");

const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[track_caller]
fn expect_full(response: &Response) {
    assert_eq!((response.status, response.header("connection")), (503, Some("close")), "{response:?}");
    assert!(response.header("retry-after").is_some_and(|after| after.parse::<u32>().is_ok()));
    assert!(response.text().ends_with('.'));
}

#[test]
fn websocket_over_limit_gets_503_and_page_is_served() {
    let server = serve(&APP, Limits::LINUX.with_clients(2), SocketLimits::default());
    let mut one = WebSocket::connect(server.addr, "/ws");
    let _two = WebSocket::connect(server.addr, "/echo");
    for path in ["/ws", "/echo"] {
        expect_full(
            &WebSocket::try_connect(server.addr, path, &[]).expect_err("a WebSocket over the limit opened"),
        );
    }
    assert_eq!(http(server.addr, GET).text(), "<p>Hi</p>");
    assert_eq!(server.device().clients(), 2);
    // An invalid handshake gets its own error first.
    let wrong = WebSocket::try_connect(server.addr, "/ws", &[("Origin", "http://evil.test")]);
    assert_eq!(wrong.expect_err("not refused").status, 403);

    one.send_close(1000, "");
    one.expect_close(1000);
    let mut three = WebSocket::connect(server.addr, "/ws");
    three.send_ping(b"in");
    assert_eq!(three.read_frame(SOON).payload, b"in");
    // A client that disconnects without a close frame frees its slot, too.
    drop(three);
    let deadline = Instant::now() + SOON;
    while server.device().clients() > 1 {
        assert!(Instant::now() < deadline, "the slot was not freed");
        std::thread::yield_now();
    }
    drop(WebSocket::connect(server.addr, "/ws"));
}

#[test]
fn connection_over_limit_gets_503_for_any_request() {
    let sockets = SocketLimits::default().with_http_slots(0);
    let server = serve(&APP, Limits::LINUX.with_clients(2), sockets);
    let mut clients = [(); 2].map(|()| WebSocket::connect(server.addr, "/ws"));
    expect_full(&http(server.addr, GET));
    let mut head = Http::connect(server.addr);
    head.send(GET.replacen("GET", "HEAD", 1));
    assert_eq!(head.read_head().status, 503);
    assert_eq!(head.read_to_end(SOON), b"", "the answer to HEAD has a body");
    expect_full(
        &WebSocket::try_connect(server.addr, "/ws", &[]).expect_err("a WebSocket over the limit opened"),
    );
    let metrics = in_process::runtime().block_on(server.server().metrics());
    let refused = [RefusalReason::Full, RefusalReason::PerAddress].map(|reason| metrics.refused(reason));
    assert_eq!(refused, [3, 0], "a refused connection was not counted once");
    // Connected clients stay connected.
    for client in &mut clients {
        client.send_ping(b"still here");
        assert_eq!(client.read_frame(SOON).payload, b"still here");
    }
    drop(clients);
    let deadline = Instant::now() + SOON;
    while http(server.addr, GET).status != 200 {
        assert!(Instant::now() < deadline, "the slot was not freed");
    }
}

#[test]
fn longest_idle_connection_is_evicted_at_limit() {
    let server = serve(&APP, Limits::LINUX.with_clients(2), SocketLimits::default());
    let mut clients = [(); 2].map(|()| WebSocket::connect(server.addr, "/ws"));
    let mut idle: Vec<_> = (0..64)
        .map(|_| {
            let mut connection = Http::connect(server.addr);
            connection.send(GET);
            assert_eq!(connection.read().status, 200);
            // The idle times differ by a millisecond at least.
            std::thread::sleep(Duration::from_millis(2));
            connection
        })
        .collect();
    // The first one is no longer the longest idle.
    idle[0].send(GET);
    assert_eq!(idle[0].read().status, 200);
    // Each new connection keeps its slot.
    for longest in &mut idle[1..4] {
        let mut newcomer = Http::connect(server.addr);
        newcomer.send(GET);
        assert_eq!(newcomer.read().text(), "<p>Hi</p>");
        longest.expect_end(SOON);
        *longest = newcomer;
    }
    for connection in &mut idle {
        connection.send(GET);
        assert_eq!(connection.read().status, 200);
    }
    expect_full(
        &WebSocket::try_connect(server.addr, "/ws", &[]).expect_err("a WebSocket over the limit opened"),
    );
    for client in &mut clients {
        client.send_ping(b"well");
        assert_eq!(client.read_frame(SOON).payload, b"well");
    }
}

#[test]
fn page_is_served_beside_silent_or_slow_connections() {
    let server = serve(&APP, Limits::LINUX.with_clients(2), SocketLimits::default());
    let mut clients = [(); 2].map(|()| WebSocket::connect(server.addr, "/ws"));
    let mut others = Vec::new();
    for number in 0..200 {
        let mut other = Http::connect(server.addr);
        if number % 2 == 0 {
            other.send(&GET[..number / 8]);
        }
        others.push(other);
        if number % 10 == 9 {
            assert_eq!(http(server.addr, GET).text(), "<p>Hi</p>", "beside {number}");
        }
    }
    for client in &mut clients {
        client.send_ping(b"well");
        assert_eq!(client.read_frame(SOON).payload, b"well");
    }
}
