//! Shutdown of the server.
//!
//! Every client gets a close frame, and slow clients do not delay the end.

mod served;

use served::serve;
use socket2::{Domain, Protocol, Socket, Type};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use test_support::{Http, SOON, Server, WebSocket};

/// Time limit for the end after Ctrl-C or SIGTERM.
///
/// It takes at most 2 s, and on a busy machine less than this; a server that waits for a client takes
/// longer.
const IN_TIME: Duration = Duration::from_secs(6);

/// Signals the server to end, and checks how it ends.
///
/// Every client must get a close frame, and the exit status must be 0.
#[track_caller]
fn expect_a_good_end(mut server: Server, end: impl Fn(&Server)) {
    let mut clients: Vec<_> = (0..8).map(|_| WebSocket::connect(server.addr(), "/ws")).collect();
    // Connections that must not delay it: one between two requests, one within one, and a silent one.
    let mut idle = Http::connect(server.addr());
    idle.send("GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(idle.read().status, 404);
    let mut begun = Http::connect(server.addr());
    begun.send("GET / HTTP/1.1\r\nHo");
    let mut silent = Http::connect(server.addr());
    clients.push(WebSocket::connect(server.addr(), "/ws"));

    end(&server);
    for client in &mut clients {
        client.expect_close(1001);
    }
    for other in [&mut idle, &mut begun, &mut silent] {
        other.expect_end(SOON);
    }
    let status = server.wait_for_exit(IN_TIME);
    assert_eq!(status.code(), Some(0));
    let lines = server.lines();
    assert!(lines.contains(&"Stopping".into()), "{lines:?}");
    for number in 1..=clients.len() {
        assert!(lines.contains(&format!("[{number}] Disconnected")), "{number}: {lines:?}");
    }
}

#[test]
fn ctrl_c_closes_clients_and_exits_0() {
    for app in ["led-plain", "led-json", "echo"] {
        expect_a_good_end(serve(&["--app", app]), Server::interrupt);
    }
}

#[test]
fn sigterm_closes_clients_and_exits_0() {
    for app in ["led-plain", "led-words", "echo"] {
        expect_a_good_end(serve(&["--app", app]), Server::terminate);
    }
}

#[test]
fn server_without_clients_stops_at_once() {
    let mut server = serve(&["--app", "hello"]);
    server.terminate();
    assert_eq!(server.wait_for_exit(IN_TIME).code(), Some(0));
    TcpStream::connect(server.addr()).expect_err("the port is still open");
}

/// Opens a client with a tiny receive buffer.
fn narrow_client(server: &Server) -> WebSocket {
    let socket =
        Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("cannot create a socket");
    // The kernel uses its minimum instead. It is set before connecting, because the handshake announces the window.
    socket.set_recv_buffer_size(1).expect("cannot set the buffer size");
    socket.connect(&server.addr().into()).expect("cannot connect");
    WebSocket::upgrade(socket.into(), "/ws", &[]).expect("the upgrade was refused")
}

#[test]
fn client_that_does_not_read_does_not_delay_shutdown() {
    for end in [Server::interrupt, Server::terminate] {
        let mut server = serve(&["--app", "echo"]);
        let stuck = narrow_client(&server);
        // The echo is not read, so the server's socket fills up and the server reads no more.
        stuck.tcp().set_nonblocking(true).expect("not to block");
        let frame = test_support::Frame::encode(true, 0, 2, Some([1, 2, 3, 4]), &[0; 60_000]);
        let mut full = 0;
        let mut sent = 0;
        let deadline = Instant::now() + SOON;
        while full < 20 || sent <= 60_000 {
            assert!(Instant::now() < deadline, "only {sent} bytes were taken");
            // A frame may have been sent in part.
            match std::io::Write::write(&mut stuck.tcp(), &frame[sent % frame.len()..]) {
                Ok(length) => (sent, full) = (sent + length, 0),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    full += 1;
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(error) => panic!("{error}"),
            }
        }
        let mut other = WebSocket::connect(server.addr(), "/ws");
        other.send_text("still here");
        assert_eq!(other.read_text(), "still here");

        end(&server);
        other.expect_close(1001);
        assert_eq!(server.wait_for_exit(IN_TIME).code(), Some(0));
    }
}

#[test]
fn client_ignoring_close_does_not_delay_shutdown() {
    let mut server = serve(&["--app", "led-plain"]);
    let mut client = WebSocket::connect(server.addr(), "/ws");
    assert_eq!(client.read_text(), "0");
    server.interrupt();
    let close = client.read_frame(SOON);
    assert_eq!(close.close_code(), 1001);
    // The server waits for its answer for a while.
    let ping = test_support::Frame::encode(true, 0, 9, Some([1, 2, 3, 4]), b"what?");
    let _ = std::io::Write::write(&mut client.tcp(), &ping);
    assert_eq!(server.wait_for_exit(IN_TIME).code(), Some(0));
}

#[test]
fn second_ctrl_c_ends_server_at_once() {
    for _ in 0..5 {
        let mut server = serve(&["--app", "led-plain"]);
        // This client delays the server for a second, because it does not close its side.
        let _client = WebSocket::connect(server.addr(), "/ws");
        server.interrupt();
        server.expect_line("Stopping");
        server.interrupt();
        // The status that a shell shows for a program that Ctrl-C ended.
        let status = server.wait_for_exit(IN_TIME);
        if status.code() == Some(130) {
            return;
        }
        // On a busy machine the second one may come too late.
        assert_eq!(status.code(), Some(0));
    }
    panic!("the second Ctrl-C has no effect");
}

#[test]
fn server_restarts_at_once_on_same_port() {
    let mut server = serve(&["--app", "led-plain"]);
    let addr = server.addr();
    let mut client = WebSocket::connect(addr, "/ws");
    server.terminate();
    client.expect_close(1001);
    assert_eq!(server.wait_for_exit(IN_TIME).code(), Some(0));
    server.restart();
    assert_eq!(server.addr(), addr);
    assert_eq!(WebSocket::connect(addr, "/ws").read_text(), "0");
}
