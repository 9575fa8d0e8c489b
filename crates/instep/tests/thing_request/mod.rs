//! Requests to a Thing by plain HTTP, and their answers, on the simulated link.

#![allow(dead_code, reason = "not every test uses all of it")]

use crate::guarded::{Answer, exchange_with};
use crate::link::Simulation;
use crate::workshop::{asked, received};
use instep::{Inbox, Responder};

pub const JSON: &str = "Content-Type: application/json\r\n";

/// Sends a request that the application must
/// answer. `act` is the application's part.
pub fn ask(
    simulation: &mut Simulation,
    inbox: &mut Inbox<'_>,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
    act: impl FnOnce(Responder<'_>),
) -> (String, Answer) {
    let mut peer = simulation.client();
    peer.send(simulation, request_text(method, path, headers, body).as_bytes());
    let mut command = String::new();
    if let Some((asked, responder)) = received(simulation, inbox) {
        command = asked;
        act(responder);
    }
    // The requester gets its answer when the application asks for more.
    asked(simulation, inbox);
    (command, exchange_with(simulation, &mut peer, ""))
}

pub fn request_text(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nHost: lamp\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
}

/// Joins the chunks of a body.
pub fn unchunk(mut body: &str) -> String {
    let mut out = String::new();
    loop {
        let (length, rest) = body.split_once("\r\n").expect("a chunk has no size");
        let length = usize::from_str_radix(length, 16).expect("the size of a chunk is not hexadecimal");
        if length == 0 {
            assert_eq!(rest, "\r\n");
            return out;
        }
        out.push_str(&rest[..length]);
        body = rest[length..].strip_prefix("\r\n").expect("a chunk does not end with CRLF");
    }
}
