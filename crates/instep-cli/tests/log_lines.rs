//! The log has one line for each event, and input cannot forge or break a line.

mod served;

use served::{expect_log, serve};
use std::time::{Duration, Instant};
use test_support::{Http, SOON, Server, WebSocket, http, opcode, target};

/// Returns the log lines of a client after its first.
fn said_of(server: &Server, client: &str) -> Vec<String> {
    let lines = server.lines().into_iter();
    lines.filter_map(|line| Some(line.strip_prefix(client)?.to_owned())).skip(1).collect()
}

#[test]
fn visit_logs_connect_messages_and_disconnect() {
    let server = serve(&["--app", "led-plain"]);
    let mut one = WebSocket::connect(server.addr(), "/ws");
    let mut two = WebSocket::connect(server.addr(), "/ws");
    one.send_text("toggle");
    server.expect_line("LED ON");
    two.send_binary(&[0; 16]);
    server.expect_line("[2] Received: 16 bytes");
    two.send_text("toggle");
    server.expect_line("LED OFF");
    two.send_close(1000, "");
    two.expect_close(1000);
    server.expect_line("[2] Disconnected");
    drop(one);
    expect_log(
        &server,
        &[
            &format!("[1] Connected from {}", target().here),
            &format!("[2] Connected from {}", target().here),
            "[1] Received: toggle",
            "LED ON",
            "[2] Received: 16 bytes",
            "[2] Received: toggle",
            "LED OFF",
            "[2] Disconnected",
            "[1] Disconnected",
        ],
    );
}

#[test]
fn received_message_is_logged_before_its_effect() {
    let server = serve(&["--app", "toggle"]);
    let mut client = WebSocket::connect(server.addr(), "/ws");
    for _ in 0..500 {
        client.send_text("toggle");
    }
    client.send_text("end");
    server.expect_line("[1] Received: end");
    let lines = server.lines();
    let first = lines.iter().position(|line| line.contains("Connected")).expect("no client connected") + 1;
    for (number, pair) in lines[first..].chunks_exact(2).enumerate() {
        let led = if number % 2 == 0 { "LED ON" } else { "LED OFF" };
        assert_eq!(pair, ["[1] Received: toggle", led], "the pair number {number}");
    }
}

#[test]
fn payload_stays_one_line_and_forges_nothing() {
    let server = serve(&["--app", "led-plain"]);
    let mut client = WebSocket::connect(server.addr(), "/ws");
    let cases = [
        ("x\n[2] Connected from 1.2.3.4", r"x\n[2] Connected from 1.2.3.4"),
        ("x\r[2] Disconnected", r"x\r[2] Disconnected"),
        ("x\r\nLED ON", r"x\r\nLED ON"),
        ("\u{1b}[2J\u{1b}[31mred\u{1b}]0;title\u{7}", r"\u{1b}[2J\u{1b}[31mred\u{1b}]0;title\u{7}"),
        ("\u{0}\u{8}\u{7f}\u{85}\u{9b}31m", r"\u{0}\u{8}\u{7f}\u{85}\u{9b}31m"),
        ("a\u{202e}b\u{2066}c\u{2028}d\u{feff}", r"a\u{202e}b\u{2066}c\u{2028}d\u{feff}"),
        ("tab\tquote\"backslash\\", "tab\\tquote\"backslash\\"),
        ("Grüße 🐦", "Grüße 🐦"),
        ("", ""),
    ];
    for (payload, _) in cases {
        client.send_text(payload);
    }
    client.send_binary(b"\n[2] Connected from 1.2.3.4");
    server.expect_line("[1] Received: 27 bytes");
    let expected: Vec<_> = cases.iter().map(|(_, shown)| format!(" Received: {shown}")).collect();
    let said = said_of(&server, "[1]");
    assert_eq!(said[..expected.len()], expected);
    assert!(!server.lines().iter().any(|line| line.starts_with("[2]") || line.starts_with("LED")));
}

#[test]
fn long_payload_is_cut_at_80_bytes() {
    let server = serve(&["--app", "led-plain"]);
    let mut client = WebSocket::connect(server.addr(), "/ws");
    let x = |count: usize| "x".repeat(count);
    let cases = [
        (x(80), x(80)),
        (x(81), x(80) + "…"),
        (x(200), x(80) + "…"),
        (x(79) + "é", x(79) + "…"),
        (x(78) + "é", x(78) + "é"),
        ("\n".repeat(200), r"\n".repeat(80) + "…"),
    ];
    for (payload, _) in &cases {
        client.send_text(payload);
    }
    client.send_text("end");
    server.expect_line("[1] Received: end");
    let mut expected: Vec<_> = cases.iter().map(|(_, shown)| format!(" Received: {shown}")).collect();
    expected.push(" Received: end".into());
    assert_eq!(said_of(&server, "[1]"), expected);
}

#[test]
fn non_utf8_text_never_becomes_message() {
    let server = serve(&["--app", "led-plain"]);
    let mut client = WebSocket::connect(server.addr(), "/ws");
    client.frame(true, 0, opcode::TEXT, Some([1, 2, 3, 4]), b"toggle\xff");
    client.expect_close(1007);
    server.expect_line("[1] Disconnected");
    assert_eq!(said_of(&server, "[1]"), [" Closed with 1007: text is not UTF-8", " Disconnected"]);
}

#[test]
fn request_cannot_forge_log_line() {
    let server = serve(&["--app", "hello"]);
    for (header, status) in [
        ("Host: a\u{9b}31m.test", 421),
        ("Host: \u{202e}tset.live", 421),
        ("Host: localhost\r\nSec-Fetch-Site: cross-site\r\nOrigin: http://a\tLED ON", 403),
        ("Host: a\r[2] Connected", 400),
    ] {
        let response = http(server.addr(), format!("GET / HTTP/1.1\r\n{header}\r\n\r\n"));
        assert_eq!(response.status, status, "{header:?}");
    }
    let long = "x".repeat(target().head / 2);
    drop(http(server.addr(), format!("GET / HTTP/1.1\r\nHost: {long}.test\r\n\r\n")));
    server.wait_for_line(|line| line.contains("xxxxx"), test_support::SOON);
    for line in server.lines() {
        assert!(!line.contains(|c: char| c.is_control() || c == '\u{202e}'), "{line:?}");
        assert!(line.len() < 500, "{line:?}");
    }
}

/// Refusals have a limited number of lines in each second, and the rest is counted.
#[test]
fn flood_of_refusals_does_not_flood_log() {
    const REFUSED: usize = 500;
    let server = serve(&["--app", "led-plain"]);
    let wrong = "GET /ws HTTP/1.1\r\nHost: evil.test\r\n\r\n";
    let before = Instant::now();
    let mut connection = Http::connect(server.addr());
    for _ in 0..REFUSED {
        connection.send(wrong);
        assert_eq!(connection.read().status, 421);
    }
    let seconds = usize::try_from(before.elapsed().as_secs()).expect("no seconds");
    let logged = || server.lines().iter().filter(|line| line.starts_with("Refused a request")).count();
    let left_out = || {
        let number = |line: &String| line.split_once(" more refusals")?.0.parse::<usize>().ok();
        server.lines().iter().filter_map(number).sum::<usize>()
    };
    // Suppressed refusals are counted in the next line.
    let mut more = 0;
    let deadline = Instant::now() + SOON;
    while logged() + left_out() < REFUSED + more {
        assert!(Instant::now() < deadline, "{} logged, {} left out", logged(), left_out());
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(http(server.addr(), wrong).status, 421);
        more += 1;
    }
    assert_eq!(logged() + left_out(), REFUSED + more);
    assert!(logged() <= 20 * (seconds + 2) + more, "{} of {REFUSED} in {seconds} s", logged());
}
