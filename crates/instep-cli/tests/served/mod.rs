//! The command `instep serve` as it was built for these tests, and what they all ask of it.

#![allow(dead_code, reason = "not every test uses all of it")]

use std::net::SocketAddr;
use test_support::{Http, Response, SOON, Server, WebSocket, http, opcode};

/// The command.
pub const INSTEP: &str = env!("CARGO_BIN_EXE_instep");

/// Starts `instep serve` with these arguments, on a free port.
#[track_caller]
pub fn serve(args: &[&str]) -> Server {
    Server::with(args).binary(INSTEP).start()
}

/// The answer to a plain GET.
#[track_caller]
pub fn get(addr: SocketAddr, path: &str) -> Response {
    http(addr, request(path, &[]))
}

/// A GET with further headers.
pub fn request(path: &str, headers: &[&str]) -> String {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")
}

/// Sends these bytes, and reads the one answer and the end of the connection behind it.
#[track_caller]
pub fn last_answer(addr: SocketAddr, request: impl AsRef<[u8]>) -> Response {
    let mut connection = Http::connect(addr);
    connection.send(request);
    let response = connection.read();
    connection.expect_end(SOON);
    response
}

/// Checks that nothing has been sent to this client, nor is now: a ping's answer would come after it.
/// Twice, because what an application does for a message may come behind the first answer.
#[track_caller]
pub fn expect_nothing_but_pongs(client: &mut WebSocket) {
    for payload in [b"one", b"two"] {
        client.send_ping(payload);
        let frame = client.read_frame(SOON);
        assert_eq!((frame.opcode, &frame.payload[..]), (opcode::PONG, &payload[..]), "{frame:?}");
    }
}

/// Waits until the log has this line, and checks that nothing but these lines came before it, from the first
/// line of a client on.
#[track_caller]
pub fn expect_log(server: &Server, lines: &[&str]) {
    if let Some(last) = lines.last() {
        server.expect_line(last);
    }
    let of_clients = |line: &String| !line.starts_with("instep ") && !line.starts_with("Open ");
    let said: Vec<_> = server.lines().into_iter().filter(of_clients).collect();
    assert_eq!(said, lines);
}
