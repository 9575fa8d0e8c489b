//! Frames that violate RFC 6455 or a limit.
//!
//! Each gets the close code of section 7.4 and a log line, and other clients are not affected.

mod served;

use served::{expect_nothing_but_pongs, serve};
use test_support::{Frame, SOON, WebSocket, opcode, target};

const MASK: Option<[u8; 4]> = Some([0xaa, 0x55, 0x0f, 0xf0]);

/// Returns a masked frame, valid or not.
fn frame(fin: bool, rsv: u8, opcode: u8, payload: &[u8]) -> Vec<u8> {
    Frame::encode(fin, rsv, opcode, MASK, payload)
}

fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(true, 0, opcode::CLOSE, &[&code.to_be_bytes(), reason].concat())
}

/// Returns a header that no encoder would write, with its masking key.
fn header(bytes: &[u8]) -> Vec<u8> {
    [bytes, &[0; 4]].concat()
}

fn text(payload: &[u8]) -> Vec<u8> {
    frame(true, 0, opcode::TEXT, payload)
}

#[test]
fn protocol_error_gets_close_code_and_log_line() {
    let server = serve(&["--app", "led-plain"]);
    let mut witness = WebSocket::connect(server.addr(), "/ws");
    assert_eq!(witness.read_text(), "0");

    let limit = target().message;
    let begun = frame(false, 0, opcode::TEXT, b"begun");
    let mut cases = vec![
        ("not masked", Frame::encode(true, 0, opcode::TEXT, None, b"toggle"), 1002),
        ("not masked and empty", Frame::encode(true, 0, opcode::PONG, None, b""), 1002),
        ("a length in three bytes that needs one", header(&[0x81, 0xfe, 0, 125]), 1002),
        (
            "a length in nine bytes that needs three",
            header(&[0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff]),
            1002,
        ),
        ("a length of 2^63", header(&[0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]), 1002),
        ("a length of 2^64 - 1", header(&[0x82, 0xff, 255, 255, 255, 255, 255, 255, 255, 255]), 1002),
        ("a ping in fragments", frame(false, 0, opcode::PING, b"p"), 1002),
        ("a close in fragments", frame(false, 0, opcode::CLOSE, b""), 1002),
        ("a ping of 126 bytes", frame(true, 0, opcode::PING, &[b'p'; 126]), 1002),
        ("a close of 126 bytes", close(1000, &[b'r'; 124]), 1002),
        ("a close of one byte", frame(true, 0, opcode::CLOSE, b"\x03"), 1002),
        ("a reason that is not text", close(1000, b"caf\xe9"), 1007),
        ("a continuation of nothing", frame(true, 0, opcode::CONTINUATION, b"x"), 1002),
        ("a message within a message", [begun.clone(), text(b"x")].concat(), 1002),
        ("a fin bit too late", [text(b"x"), frame(true, 0, opcode::CONTINUATION, b"y")].concat(), 1002),
        ("a byte that never stands in text", text(b"ab\xff"), 1007),
        ("half a character", text(b"\xe2\x82"), 1007),
        ("a surrogate", text(b"\xed\xa0\x80"), 1007),
        ("a character written too long", text(b"\xc0\xaf"), 1007),
        ("half a character in fragments", [begun, frame(true, 0, 0, b"\xe2")].concat(), 1007),
        ("a message of a byte too many", text(&vec![b'x'; limit + 1]), 1009),
        ("the same in bytes", frame(true, 0, opcode::BINARY, &vec![0; limit + 1]), 1009),
        (
            "the same in fragments",
            [frame(false, 0, opcode::TEXT, &vec![b'x'; limit]), frame(false, 0, 0, b"x")].concat(),
            1009,
        ),
    ];
    // In these cases the header is enough. A length truncated to 32 bits would be another one.
    for (what, length) in [
        ("an announced message of 2^31 bytes", 1_u64 << 31),
        ("one of 2^32 + 5 bytes", (1 << 32) + 5),
        ("one of 2^62 bytes", 1 << 62),
    ] {
        let begun = header(&[&[0x82, 0xff][..], &length.to_be_bytes()].concat());
        cases.push((what, begun, 1009));
    }
    let announced = u16::try_from(limit + 1).map_or_else(
        |_| [&[0x81, 0xff][..], &(limit as u64 + 1).to_be_bytes()].concat(),
        |length| [&[0x81, 0xfe][..], &length.to_be_bytes()].concat(),
    );
    cases.push(("an announced message of a byte too many", header(&announced), 1009));
    cases.push((
        "the same in fragments, of which the second is announced",
        [frame(false, 0, opcode::TEXT, &vec![b'x'; limit]), header(&[0x80, 0x81])].concat(),
        1009,
    ));
    cases.extend((1..8).map(|rsv| ("a reserved bit", frame(true, rsv, opcode::TEXT, b"toggle"), 1002)));
    cases.extend(
        [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(|code| ("an opcode", frame(true, 0, code, b""), 1002)),
    );
    cases.extend(
        [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535]
            .map(|code| ("a code", close(code, b""), 1002)),
    );
    let mut number = 1;
    for (what, bytes, code) in cases {
        number += 1;
        let mut client = WebSocket::connect(server.addr(), "/ws");
        assert_eq!(client.read_text(), "0");
        // The command after the broken frame must not be executed.
        client.send_raw(&[bytes, text(b"toggle")].concat());
        client.expect_close(code);
        let start = format!("[{number}] Closed with {code}: ");
        let line = server.wait_for_line(|line| line.starts_with(&start), SOON);
        assert!(line.len() > start.len() + 10, "{what}: {line}");
        server.expect_line(&format!("[{number}] Disconnected"));
    }

    expect_nothing_but_pongs(&mut witness);
    witness.send_text("toggle");
    assert_eq!(witness.read_text(), "1");
    server.expect_line("LED ON");
    let said = server.lines().into_iter().filter(|line| line.starts_with("[1]") || line.starts_with("LED"));
    let said: Vec<_> = said.collect();
    let connected = format!("[1] Connected from {}", target().here);
    assert_eq!(said, [&connected, "[1] Received: toggle", "LED ON"]);
}

#[test]
fn invalid_utf8_is_refused_at_first_bad_byte() {
    let server = serve(&["--app", "led-plain"]);
    for payload in [&b"ab\xff"[..], b"\xed\xa0", b"ok \xf4\x90", b"\xc0"] {
        let mut client = WebSocket::connect(server.addr(), "/ws");
        assert_eq!(client.read_text(), "0");
        // A frame of 100 bytes, of which only the first bytes are sent.
        let whole = [payload, &[b'x'; 100][payload.len()..]].concat();
        let begun = &text(&whole)[..6 + payload.len()];
        for byte in begun {
            client.send_raw(&[*byte]);
        }
        client.expect_close(1007);
    }
}

#[test]
fn message_at_length_limit_is_accepted() {
    let server = serve(&["--app", "led-json"]);
    let mut client = WebSocket::connect(server.addr(), "/ws");
    let limit = target().message;
    let long = "x".repeat(limit);
    client.send_text(&long);
    server.expect_line(&format!("[1] Received: {}…", &long[..80]));
    client.frame(false, 0, opcode::BINARY, MASK, &vec![0; limit - 300]);
    client.frame(true, 0, opcode::CONTINUATION, MASK, &[0; 300]);
    server.expect_line(&format!("[1] Received: {limit} bytes"));
    client.send_text("toggle");
    client.read_text_until(|text| text.contains("LED ON"));
    client.send_text(&(long + "x"));
    client.expect_close(1009);
}

#[test]
fn close_is_answered_with_its_code_and_ends_stream() {
    let server = serve(&["--app", "led-words"]);
    for (number, code) in [1000, 1001, 1003, 1007, 1014, 3000, 4999].into_iter().enumerate() {
        let mut client = WebSocket::connect(server.addr(), "/ws");
        client.send_raw(&[close(code, "I am off".as_bytes()), text(b"LED ON")].concat());
        client.expect_close(code);
        server.expect_line(&format!("[{}] Disconnected", number + 1));
    }
    let mut client = WebSocket::connect(server.addr(), "/ws");
    client.frame(true, 0, opcode::CLOSE, MASK, b"");
    client.expect_close(1000);
    // A client that disconnects without a close frame.
    drop(WebSocket::connect(server.addr(), "/ws"));
    server.expect_line("[9] Disconnected");
    assert!(!server.lines().iter().any(|line| line.contains("Closed with") || line.contains("LED ON")));
}

#[test]
fn control_frames_between_fragments_are_answered() {
    let server = serve(&["--app", "led-plain"]);
    let mut client = WebSocket::connect(server.addr(), "/ws");
    assert_eq!(client.read_text(), "0");
    client.frame(true, 0, opcode::PONG, MASK, b"unsolicited");
    client.frame(false, 0, opcode::TEXT, MASK, b"tog");
    for payload in [&b""[..], b"ping", &[0xff; 125]] {
        client.send_ping(payload);
        let pong = client.read_frame(SOON);
        assert_eq!((pong.opcode, &pong.payload[..]), (opcode::PONG, payload));
    }
    client.frame(true, 0, opcode::CONTINUATION, MASK, b"gle");
    assert_eq!(client.read_text(), "1");
}
