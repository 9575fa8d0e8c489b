//! The opening handshake over a real socket.
//!
//! The tests make every check of RFC 6455 section 4.2.1, byte by byte.

mod served;

use served::{last_answer, serve};
use test_support::{Frame, Http, SOON, Server, http, opcode, target};

/// The example of RFC 6455 section 1.3.
const ANSWER: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const MASK: Option<[u8; 4]> = Some([9, 8, 7, 6]);

/// Returns a handshake in which `from` is replaced by `to`, once.
#[track_caller]
fn handshake(from: &str, to: &str) -> String {
    let good = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let changed = good.replacen(from, to, 1);
    assert!(from.is_empty() || changed != good, "{from:?} is not in it");
    changed
}

/// Opens a WebSocket, and checks with an echo that it is open.
#[track_caller]
fn expect_open(server: &Server, request: &str) {
    let mut connection = Http::connect(server.addr());
    connection.send(request);
    let response = connection.read_head();
    assert_eq!((response.status, response.header("sec-websocket-accept")), (101, Some(ANSWER)), "{request}");
    assert!(response.header("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket")));
    assert!(response.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("upgrade")));
    // Nothing is agreed on that was not offered.
    for name in ["sec-websocket-protocol", "sec-websocket-extensions", "content-length", "server"] {
        assert_eq!(response.header(name), None, "{request}");
    }
    connection.send(Frame::encode(true, 0, opcode::TEXT, MASK, b"hello"));
    connection.send(Frame::encode(true, 0, opcode::CLOSE, MASK, &1000_u16.to_be_bytes()));
    assert_eq!(connection.read_to_end(SOON), b"\x81\x05hello\x88\x02\x03\xe8");
}

#[test]
fn variants_of_browsers_and_libraries_are_accepted() {
    let server = serve(&["--app", "echo"]);
    for (from, to) in [
        ("", ""),
        ("Connection: Upgrade", "Connection: keep-alive, Upgrade"),
        ("Connection: Upgrade", "Connection: Upgrade,Keep-Alive"),
        ("Connection: Upgrade", "Connection: keep-alive\r\nConnection: Upgrade"),
        ("Connection: Upgrade", "CONNECTION:\tuPGRADE\t"),
        ("Upgrade: websocket", "upgrade:WebSocket"),
        ("Upgrade: websocket", "Upgrade: h2c, WEBSOCKET"),
        ("Sec-WebSocket-Key", "sec-websocket-KEY"),
        ("Sec-WebSocket-Version: 13", "SEC-WEBSOCKET-VERSION:   13  "),
        ("GET /ws", "GET /ws?token=1&x=%20"),
        ("GET /ws", "GET http://127.0.0.1/ws"),
        ("Host", "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8\r\nHost"),
        ("Host", "Sec-WebSocket-Extensions: bbf-usp-protocol\r\nHost"),
        ("Host", "Sec-WebSocket-Protocol: not/a/token\r\nHost"),
        ("Host", "Content-Length: 0\r\nHost"),
        ("Host", "Cookie: a=\"\u{e9}\"\r\nUser-Agent:\r\nHost"),
    ] {
        expect_open(&server, &handshake(from, to));
    }
}

#[test]
fn first_subprotocol_is_selected_without_log_line() {
    for app in ["echo", "led-json", "workshop"] {
        let mut server = serve(&["--app", app]);
        for (offered, answered) in [
            ("arduino", "arduino"),
            ("bearer, s3cr3t", "bearer"),
            ("s3cr3t", "s3cr3t"),
            ("a/b, mqtt", "mqtt"),
        ] {
            let mut connection = Http::connect(server.addr());
            connection.send(handshake("Host", &format!("Sec-WebSocket-Protocol: {offered}\r\nHost")));
            let response = connection.read_head();
            assert_eq!((response.status, response.header("sec-websocket-protocol")), (101, Some(answered)));
            // A refused one is logged.
            let refused =
                handshake("Upgrade\r\nSec", &format!("X\r\nSec-WebSocket-Protocol: {offered}\r\nSec"));
            assert_eq!(http(server.addr(), refused).status, 400);
        }
        server.wait_for_line(|line| line.starts_with("Refused a handshake"), SOON);
        server.terminate();
        assert!(server.wait_for_exit(SOON).success());
        assert!(!server.lines().concat().contains("s3cr3t") && !server.errors().concat().contains("s3cr3t"));
    }
}

#[test]
fn compression_is_negotiated_as_browsers_offer_it() {
    let server = serve(&["--app", "echo"]);
    let mut connection = Http::connect(server.addr());
    connection.send(handshake(
        "Host",
        "Sec-WebSocket-Extensions: x; y=1\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nHost",
    ));
    let response = connection.read_head();
    assert_eq!(
        response.header("sec-websocket-extensions"),
        Some("permessage-deflate; server_no_context_takeover; client_no_context_takeover")
    );
    // "Hello" of RFC 7692 section 7.2.3.1, which is too short to be compressed in the echo.
    connection.send(Frame::encode(true, 4, opcode::TEXT, MASK, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]));
    connection.send(Frame::encode(true, 0, opcode::CLOSE, MASK, &1000_u16.to_be_bytes()));
    assert_eq!(connection.read_to_end(SOON), b"\x81\x05Hello\x88\x02\x03\xe8");
}

#[test]
fn log_says_that_proxy_must_pass_on_upgrade() {
    // The request of nginx with its default configuration.
    for (from, to) in [
        ("Upgrade: websocket\r\nConnection: Upgrade", "Connection: close"),
        (
            "HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade",
            "HTTP/1.0\r\nHost: localhost",
        ),
    ] {
        let server = serve(&["--app", "echo"]);
        let mut connection = Http::connect(server.addr());
        connection.send(handshake(from, to));
        assert_eq!(connection.read().status, 426);
        server.expect_line(&format!(
            "Refused a handshake from {}: it has no Upgrade: websocket, which a proxy has to pass on",
            target().here
        ));
    }
}

#[test]
fn invalid_handshake_is_rejected_by_each_rfc_check() {
    let server = serve(&["--app", "echo"]);
    let key = "dGhlIHNhbXBsZSBub25jZQ==";
    for (from, to, status) in [
        ("GET", "POST", 405),
        ("GET", "HEAD", 426),
        ("HTTP/1.1", "HTTP/1.0", 400),
        ("Host: localhost\r\n", "", 400),
        ("Host", "Host: localhost\r\nHost", 400),
        ("Host: localhost", "Host: evil.test", 421),
        ("Upgrade: websocket\r\n", "", 426),
        ("Upgrade: websocket", "Upgrade: websockets", 426),
        ("Upgrade: websocket", "Upgrade: h2c", 426),
        ("Connection: Upgrade\r\n", "", 400),
        ("Connection: Upgrade", "Connection: keep-alive", 400),
        ("Connection: Upgrade", "Connection: not-upgrade", 400),
        ("Sec-WebSocket-Key", "X-Key", 400),
        (key, "", 400),
        (key, "dGhlIHNhbXBsZSBub25jZQ", 400),
        (key, "dGhlIHNhbXBsZSBub25jZTE=", 400),
        (key, "dGhlIHNhbXBsZSBub25j", 400),
        (key, "dGhl!HNhbXBsZSBub25jZQ==", 400),
        ("Host", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nHost", 400),
        ("Sec-WebSocket-Version: 13\r\n", "", 426),
        ("Version: 13", "Version: 8", 426),
        ("Version: 13", "Version: 14", 426),
        ("Version: 13", "Version: 013", 426),
        ("Version: 13", "Version: 13, 8", 426),
        ("Host", "Content-Length: 1\r\nHost", 400),
        ("GET /ws", "GET /elsewhere", 404),
        ("Host", "Origin: http://evil.test\r\nHost", 403),
    ] {
        let request = handshake(from, to);
        let mut connection = Http::connect(server.addr());
        connection.send(&request);
        let response = if from == "GET" && to == "HEAD" { connection.read_head() } else { connection.read() };
        assert_eq!(response.status, status, "{request}");
        assert_eq!(response.header("sec-websocket-version"), (status == 426).then_some("13"), "{request}");
        assert_eq!(response.header("sec-websocket-accept"), None);
    }
    // No rejected handshake used a client number.
    expect_open(&server, &handshake("", ""));
    server.expect_line(&format!("[1] Connected from {}", target().here));
}

#[test]
fn wrong_version_may_be_retried_on_same_connection() {
    let server = serve(&["--app", "echo"]);
    let mut connection = Http::connect(server.addr());
    connection.send(handshake(": 13", ": 8"));
    let response = connection.read();
    assert_eq!((response.status, response.header("connection")), (426, Some("upgrade")));
    assert_eq!(response.header("upgrade"), Some("websocket"));
    connection.send(handshake("", ""));
    assert_eq!(connection.read_head().status, 101);
}

#[test]
fn frames_may_follow_handshake_in_same_write() {
    let server = serve(&["--app", "echo"]);
    let mut bytes = handshake("", "").into_bytes();
    for text in ["one", "two", "three"] {
        bytes.extend(Frame::encode(true, 0, opcode::TEXT, MASK, text.as_bytes()));
    }
    bytes.extend(Frame::encode(true, 0, opcode::PING, MASK, b"?"));
    bytes.extend(Frame::encode(true, 0, opcode::CLOSE, MASK, b""));
    let expected = b"\x81\x03one\x81\x03two\x81\x05three\x8a\x01?\x88\x02\x03\xe8";

    // The handshake may also follow a request for a page.
    for before in ["", "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"] {
        let mut connection = Http::connect(server.addr());
        connection.send([before.as_bytes(), &bytes].concat());
        if !before.is_empty() {
            assert_eq!(connection.read().status, 404);
        }
        assert_eq!(connection.read_head().status, 101);
        assert_eq!(connection.read_to_end(SOON), expected);
    }
}

#[test]
fn bytes_after_refused_handshake_are_not_frames() {
    let server = serve(&["--app", "echo"]);
    // The handshake has a body, whose length determines where the next request begins.
    let frame = Frame::encode(true, 0, opcode::TEXT, MASK, b"hello");
    let length = format!("Content-Length: {}\r\nConnection: close\r\nHost", frame.len());
    let request = [handshake("Host", &length).as_bytes(), &frame].concat();
    assert_eq!(last_answer(server.addr(), request).status, 400);
    assert_eq!(http(server.addr(), handshake("Connection: Upgrade", "Connection: close")).status, 400);
    server.wait_for_line(|line| line.ends_with("its Connection header does not say upgrade"), SOON);
    assert!(!server.lines().iter().any(|line| line.contains("Connected")));
}
