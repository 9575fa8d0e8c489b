//! The command `instep serve` as it was built for these tests, or what `INSTEP_BIN` names in its place, and what they
//! all ask of it.

#![allow(dead_code, reason = "not every test uses all of it")]

use std::net::SocketAddr;
use test_support::{Builder, Http, Response, SOON, Server, WebSocket, http, opcode};

/// The command.
pub const INSTEP: &str = env!("CARGO_BIN_EXE_instep");

/// Starts `instep serve` with these arguments, on a free port.
#[track_caller]
pub fn serve(args: &[&str]) -> Server {
    with(args).start()
}

/// The same, but nothing is started yet.
pub fn with(args: &[&str]) -> Builder {
    let server = Server::with(args);
    // Else whoever runs these tests has another one tested.
    if std::env::var_os("INSTEP_BIN").is_none() { server.binary(INSTEP) } else { server }
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

/// Waits until the log has the last of these lines, and checks that nothing but them has come since the server said
/// where it listens.
#[track_caller]
pub fn expect_log(server: &Server, lines: &[&str]) {
    if let Some(last) = lines.last() {
        server.expect_line(last);
    }
    let mut said = server.lines();
    let first = said.iter().rposition(|line| line.starts_with("Open ")).map_or(0, |at| at + 1);
    said.drain(..first);
    assert_eq!(said, lines);
}
