//! The command `instep serve`, or the program in `INSTEP_BIN`, and helpers.

#![allow(dead_code, reason = "not every test uses all of it")]

use flate2::read::GzDecoder;
use std::io::Read as _;
use std::net::SocketAddr;
use test_support::{Builder, Http, Response, SOON, Server, WebSocket, http, opcode};

/// Path of the command.
pub const INSTEP: &str = env!("CARGO_BIN_EXE_instep");

/// Starts `instep serve` with these arguments, on a free port.
#[track_caller]
pub fn serve(args: &[&str]) -> Server {
    with(args).start()
}

/// Returns the same server, not yet started.
pub fn with(args: &[&str]) -> Builder {
    let server = Server::with(args);
    // Otherwise INSTEP_BIN of the environment selects the program.
    if std::env::var_os("INSTEP_BIN").is_none() { server.binary(INSTEP) } else { server }
}

/// Returns the answer to a plain GET.
#[track_caller]
pub fn get(addr: SocketAddr, path: &str) -> Response {
    http(addr, request(path, &[]))
}

/// Returns the body of a response in gzip.
#[track_caller]
pub fn unzipped(response: &Response) -> Vec<u8> {
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    let mut unzipped = Vec::new();
    GzDecoder::new(&response.body[..]).read_to_end(&mut unzipped).expect("not gzip");
    unzipped
}

/// Returns a GET with further headers.
pub fn request(path: &str, headers: &[&str]) -> String {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")
}

/// Sends bytes, returns the answer, and checks that the connection ends.
#[track_caller]
pub fn last_answer(addr: SocketAddr, request: impl AsRef<[u8]>) -> Response {
    let mut connection = Http::connect(addr);
    connection.send(request);
    let response = connection.read();
    connection.expect_end(SOON);
    response
}

/// Checks that nothing has been sent to this client.
///
/// It would precede the answer to a ping. The check is made twice, because an effect of a message may follow the first
/// answer.
#[track_caller]
pub fn expect_nothing_but_pongs(client: &mut WebSocket) {
    for payload in [b"one", b"two"] {
        client.send_ping(payload);
        let frame = client.read_frame(SOON);
        assert_eq!((frame.opcode, &frame.payload[..]), (opcode::PONG, &payload[..]), "{frame:?}");
    }
}

/// Waits for the last of these lines in the log.
///
/// Checks that the log has only these lines since the server printed its address.
#[track_caller]
pub fn expect_log(server: &Server, lines: &[&str]) {
    if let Some(last) = lines.last() {
        server.expect_line(last);
    }
    let mut said = server.lines();
    let first = said.iter().rposition(|line| line.starts_with("Open ")).map_or(0, |index| index + 1);
    said.drain(..first);
    assert_eq!(said, lines);
}
