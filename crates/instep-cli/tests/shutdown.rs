//! How the server ends: every client is told, and it does not take long, whoever does not read.

mod served;

use served::serve;
use socket2::{Domain, Protocol, Socket, Type};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use test_support::{Http, SOON, Server, WebSocket};

/// Ctrl-C and SIGTERM end a server within 2 s, and on a busy machine within this time: whoever waits for a client
/// waits longer.
const IN_TIME: Duration = Duration::from_secs(6);

/// Asks the server to end, and expects that every client is told and that it ends well.
#[track_caller]
fn expect_a_good_end(mut server: Server, end: impl Fn(&Server)) {
    let mut clients: Vec<_> = (0..8).map(|_| WebSocket::connect(server.addr(), "/ws")).collect();
    // Others that must not keep it: one between two requests, one within one, one that said nothing.
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
fn ctrl_c_tells_every_client_and_ends_well() {
    for app in ["led-plain", "led-json", "echo"] {
        expect_a_good_end(serve(&["--app", app]), Server::interrupt);
    }
}

#[test]
fn sigterm_tells_every_client_and_ends_well() {
    for app in ["led-plain", "led-words", "echo"] {
        expect_a_good_end(serve(&["--app", app]), Server::terminate);
    }
}

#[test]
fn nobody_is_told_that_it_stops_for_nothing() {
    let mut server = serve(&["--app", "hello"]);
    server.terminate();
    assert_eq!(server.wait_for_exit(IN_TIME).code(), Some(0));
    TcpStream::connect(server.addr()).expect_err("nothing listens any more");
}

/// A client that takes hardly a byte.
fn narrow_client(server: &Server) -> WebSocket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("a socket");
    // The kernel takes its minimum instead. Before connecting, because the window is told then.
    socket.set_recv_buffer_size(1).expect("a small buffer");
    socket.connect(&server.addr().into()).expect("a connection");
    WebSocket::upgrade(socket.into(), "/ws", &[]).expect("an upgrade")
}

#[test]
fn a_client_that_does_not_read_does_not_keep_it() {
    for end in [Server::interrupt, Server::terminate] {
        let mut server = serve(&["--app", "echo"]);
        let stuck = narrow_client(&server);
        // It comes back, and nobody takes it: the server's socket is full, and it reads no more.
        stuck.tcp().set_nonblocking(true).expect("not to block");
        let frame = test_support::Frame::encode(true, 0, 2, Some([1, 2, 3, 4]), &[0; 60_000]);
        let mut full = 0;
        let mut sent = 0;
        let deadline = Instant::now() + SOON;
        while full < 20 || sent <= 60_000 {
            assert!(Instant::now() < deadline, "only {sent} bytes were taken");
            // At the end whatever is left of a frame.
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
fn a_client_that_does_not_answer_the_close_does_not_keep_it() {
    let mut server = serve(&["--app", "led-plain"]);
    let mut client = WebSocket::connect(server.addr(), "/ws");
    assert_eq!(client.read_text(), "0");
    server.interrupt();
    let close = client.read_frame(SOON);
    assert_eq!(close.close_code(), 1001);
    // It is waited for, for a while.
    let ping = test_support::Frame::encode(true, 0, 9, Some([1, 2, 3, 4]), b"what?");
    let _ = std::io::Write::write(&mut client.tcp(), &ping);
    assert_eq!(server.wait_for_exit(IN_TIME).code(), Some(0));
}

#[test]
fn a_second_ctrl_c_ends_it_at_once() {
    for _ in 0..5 {
        let mut server = serve(&["--app", "led-plain"]);
        // It keeps the server for a second: it does not close from its side.
        let _client = WebSocket::connect(server.addr(), "/ws");
        server.interrupt();
        server.expect_line("Stopping");
        server.interrupt();
        // What a shell shows for a program that Ctrl-C ended.
        let status = server.wait_for_exit(IN_TIME);
        if status.code() == Some(130) {
            return;
        }
        // On a busy machine the second one may come too late.
        assert_eq!(status.code(), Some(0));
    }
    panic!("the second one does nothing");
}

#[test]
fn it_starts_again_at_once_on_the_same_port() {
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
