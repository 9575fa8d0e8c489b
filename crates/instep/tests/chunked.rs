//! Content in chunked transfer coding, accepted and refused, on the simulated link.

mod guarded;
mod link;
mod thing_request;
mod workshop;

use guarded::{Answer, BASIC, FORM, PASSWORD, check, exchange_with, guard, guarded};
use instep::board::{BoardPage, BoardPages};
use instep::driver::Client;
use instep::{Access, Limits};
use link::{Peer, Simulation, inbox};
use std::sync::Mutex;
use thing_request::JSON;
use workshop::{asked, simulation};

/// Returns a request whose content comes in chunks of `size` bytes.
fn chunked(request: &str, headers: &str, content: &str, size: usize) -> String {
    let chunks: String = content
        .as_bytes()
        .chunks(size)
        .map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), core::str::from_utf8(chunk).unwrap()))
        .collect();
    raw(request, headers, &format!("{chunks}0\r\n\r\n"))
}

fn raw(request: &str, headers: &str, chunks: &str) -> String {
    format!("{request} HTTP/1.1\r\nHost: lamp\r\nTransfer-Encoding: chunked\r\n{headers}\r\n{chunks}")
}

/// Returns the statuses of consecutive answers that have a length or no body.
fn statuses(answers: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(answers);
    text.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].parse().unwrap()).collect()
}

/// Sends a request in pieces of `piece` bytes; returns the command that the
/// application gets, and the answer.
fn ask(simulation: &mut Simulation, text: &str, piece: usize) -> (Option<String>, Answer) {
    let mut inbox = simulation
        .device
        .inbox(instep::driver::Buffer::lent(link::leak(simulation.limits.message, 0)))
        .unwrap();
    let mut peer = simulation.client();
    for piece in text.as_bytes().chunks(piece) {
        peer.send(simulation, piece);
    }
    let command = asked(simulation, &mut inbox);
    asked(simulation, &mut inbox);
    (command, exchange_with(simulation, &mut peer, ""))
}

#[test]
fn chunked_request_writes_property_and_invokes_action() {
    for (request, headers, content, size, command) in [
        ("PUT /properties/led", JSON, "true", 4, Some("Led(true)")),
        ("PUT /properties/led", JSON, " false\n", 1, Some("Led(false)")),
        ("PUT /properties/level", JSON, "-1.50e1", 3, Some("Level(-15.0)")),
        ("POST /actions/blink", "", "", 1, Some("Blink")),
        ("POST /actions/say", JSON, "\"hello\"", 2, Some("Say(\"hello\")")),
    ] {
        let text = chunked(request, headers, content, size);
        for piece in [1, 2, 3, 7, 64, text.len()] {
            let mut simulation = simulation();
            let (asked, answer) = ask(&mut simulation, &text, piece);
            assert_eq!((asked.as_deref(), answer.status), (command, 204), "{text:?} in pieces of {piece}");
            assert_eq!(answer.header("Connection"), None, "the connection does not stay open");
        }
    }
    let (asked, answer) = ask(&mut simulation(), &chunked("PUT /properties/led", "", "true", 1), 5);
    assert_eq!((asked, answer.status), (None, 415));
    let (asked, answer) = ask(&mut simulation(), &chunked("PUT /properties/led", JSON, "", 1), 5);
    assert_eq!((asked, answer.status), (None, 400), "a property was written without a value");
}

#[test]
fn chunk_extensions_and_trailers_are_skipped() {
    let content = "2;a=\"b;\";c\r\ntr\r\n2\r\nue\r\n00;d\r\nContent-Length: 7\r\nHost: evil.test\r\n\r\n";
    let text = raw("PUT /properties/led", JSON, content);
    for piece in 1..text.len() {
        let (asked, answer) = ask(&mut simulation(), &text, piece);
        assert_eq!((asked.as_deref(), answer.status), (Some("Led(true)"), 204), "in pieces of {piece}");
    }
}

#[test]
fn requests_behind_chunks_are_answered_in_order() {
    let texts = [
        chunked("PUT /properties/led", "", "true", 1),
        chunked("GET /properties/led", "", "ignored", 3),
        "GET /nowhere HTTP/1.1\r\nHost: lamp\r\nContent-Length: 3\r\n\r\nabc".to_owned(),
        chunked("POST /nowhere", "", "0\r\n\r\n", 2),
        chunked("GET /properties/level", "Expect: 100-continue\r\n", "x", 1),
    ]
    .concat();
    for piece in 1..texts.len() {
        let mut simulation = simulation();
        let mut peer = simulation.client();
        for piece in texts.as_bytes().chunks(piece) {
            peer.send(&mut simulation, piece);
        }
        assert_eq!(statuses(&peer.take()), [415, 200, 404, 404, 200], "in pieces of {piece}");
    }
}

#[test]
fn chunked_request_with_expect_gets_100_continue() {
    let text = chunked("PUT /properties/led", &format!("{JSON}Expect: 100-continue\r\n"), "true", 3);
    let head = text.find("\r\n\r\n").unwrap() + 4;
    for cut in [head, head + 1, text.len()] {
        let mut simulation = simulation();
        let mut inbox = inbox(&simulation);
        let mut peer = simulation.client();
        peer.send(&mut simulation, &text.as_bytes()[..cut]);
        assert_eq!(peer.take(), b"HTTP/1.1 100 Continue\r\n\r\n");
        peer.send(&mut simulation, &text.as_bytes()[cut..]);
        assert_eq!(asked(&simulation, &mut inbox).as_deref(), Some("Led(true)"));
        asked(&simulation, &mut inbox);
        let answer = exchange_with(&mut simulation, &mut peer, "");
        assert_eq!((answer.status, answer.header("Connection")), (204, None));
    }
}

#[test]
fn expect_with_password_gets_100_after_check() {
    let expects = format!("{JSON}{BASIC}\r\nExpect: 100-continue\r\n");
    let with_length =
        format!("PUT /properties/led HTTP/1.1\r\nHost: lamp\r\nContent-Length: 4\r\n{expects}\r\ntrue");
    for text in [with_length, chunked("PUT /properties/led", &expects, "true", 3)] {
        let head = text.find("\r\n\r\n").unwrap() + 4;
        let mut simulation = guard(simulation());
        let mut inbox = inbox(&simulation);
        let mut peer = simulation.client();
        peer.send(&mut simulation, &text.as_bytes()[..head]);
        assert_eq!(peer.take(), b"", "answered before the password was checked");
        check(&simulation);
        peer.turn(&mut simulation);
        assert_eq!(peer.take(), b"HTTP/1.1 100 Continue\r\n\r\n");
        peer.send(&mut simulation, &text.as_bytes()[head..]);
        assert_eq!(asked(&simulation, &mut inbox).as_deref(), Some("Led(true)"));
        asked(&simulation, &mut inbox);
        assert_eq!(exchange_with(&mut simulation, &mut peer, "").status, 204);
    }
}

#[test]
fn chunked_log_in_form_opens_session() {
    for size in [1, 5, 100] {
        let text = chunked("POST /login", "", FORM, size);
        for piece in [1, 11, text.len()] {
            let mut simulation = guarded();
            let mut peer = simulation.client();
            for piece in text.as_bytes().chunks(piece) {
                peer.send(&mut simulation, piece);
            }
            let answer = exchange_with(&mut simulation, &mut peer, "");
            assert_eq!(answer.status, 303, "{}", answer.all);
            assert!(answer.header("Set-Cookie").is_some());
        }
    }
    // Much longer than a device's buffer, and exactly as long as a form may be.
    let form = format!("x={}&{FORM}", "y".repeat(1024 - 3 - FORM.len()));
    let mut guarded = guard(simulation());
    for (form, status) in [(form.clone(), 303), (format!("{form}&"), 413)] {
        let text = chunked("POST /login", "", &form, 1);
        let mut peer = guarded.client();
        let mut longest = 0;
        for piece in text.as_bytes().chunks(256) {
            let turn = peer.send(&mut guarded, piece);
            longest = longest.max(peer.waiting());
            if !turn.wants_read {
                break;
            }
        }
        assert!(longest <= Client::tail_max(&Limits::DEVICE));
        check(&guarded);
        assert_eq!(exchange_with(&mut guarded, &mut peer, "").status, status, "{PASSWORD}");
    }
}

#[derive(Debug, Default)]
struct Network(Mutex<Vec<String>>);

impl BoardPages for Network {
    fn find(&self, path: &str) -> Option<BoardPage> {
        (path == "/network").then_some(BoardPage::Page)
    }

    fn submit(&self, _: &str, form: &[u8]) -> &'static str {
        self.0.lock().unwrap().push(String::from_utf8_lossy(form).into_owned());
        "/network"
    }

    fn write_part(&self, _: u16, _: &mut dyn core::fmt::Write) -> Result<Option<u16>, core::fmt::Error> {
        Ok(None)
    }
}

#[test]
fn chunked_form_reaches_board_page() {
    static OWN_NETWORK: Access = link::ACCESS.with_portal("http://192.168.4.1/network");
    let network: &'static Network = Box::leak(Box::default());
    let mut simulation = Simulation::new(Limits::DEVICE);
    simulation.access = &OWN_NETWORK;
    simulation.board = Some(network);
    let mut peer = simulation.client();
    let text = chunked("POST /network", "", "name=a&password=b", 4);
    let answer = exchange_with(&mut simulation, &mut peer, &text);
    assert_eq!((answer.status, answer.header("Location")), (303, Some("/network")));
    assert_eq!(*network.0.lock().unwrap(), ["name=a&password=b"]);
}

#[test]
fn ambiguous_framing_is_refused_everywhere() {
    let chunks = [
        "4\ntrue\r\n0\r\n\r\n",
        "4\r\ntrue\n0\r\n\r\n",
        "4\r\ntrue\r0\r\n\r\n",
        "4\r\ntrue\r\n0\r\n\n",
        "4\r\ntrue\r\n0\n\r\n",
        "4\r\ntrue\r\n0\r\n\rX",
        "3\r\ntrue\r\n0\r\n\r\n",
        "4;a\nb\r\ntrue\r\n0\r\n\r\n",
        "4;a\rb\r\ntrue\r\n0\r\n\r\n",
        "0x4\r\ntrue\r\n0\r\n\r\n",
        "+4\r\ntrue\r\n0\r\n\r\n",
        "4 \r\ntrue\r\n0\r\n\r\n",
        " 4\r\ntrue\r\n0\r\n\r\n",
        "4\r\ntrue\r\n0\r\nA: b\n\r\n",
        "4\r\ntrue\r\n0\r\n A: b\r\n\r\n",
        "4\r\ntrue\r\n\r\n",
    ];
    let next = "GET /properties/led HTTP/1.1\r\nHost: lamp\r\n\r\n";
    for request in ["PUT /properties/led", "POST /login", "GET /", "POST /nowhere", "GET /properties"] {
        for chunks in chunks {
            let text = raw(request, JSON, chunks) + next;
            for piece in [1, 2, 5, text.len()] {
                let mut simulation = simulation();
                let mut inbox = inbox(&simulation);
                let mut peer = simulation.client();
                for piece in text.as_bytes().chunks(piece) {
                    peer.send(&mut simulation, piece);
                }
                let answer = String::from_utf8(peer.take()).unwrap();
                assert!(answer.starts_with("HTTP/1.1 400 "), "{request} {chunks:?}: {answer}");
                assert!(
                    answer.contains("\r\nConnection: close\r\n") && answer.matches("HTTP/1.1").count() == 1
                );
                assert_eq!(asked(&simulation, &mut inbox), None);
            }
        }
    }
}

#[test]
fn ambiguous_heads_are_refused() {
    let body = "0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: lamp\r\n\r\n";
    for (version, headers, status) in [
        ("1.1", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400),
        ("1.1", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
        ("1.1", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400),
        ("1.1", "Transfer-Encoding: chunked, identity\r\n", 400),
        ("1.0", "Transfer-Encoding: chunked\r\n", 400),
        ("1.0", "Transfer-Encoding: gzip\r\n", 400),
        ("1.1", "Transfer-Encoding: gzip, chunked\r\n", 501),
        ("1.1", "Transfer-Encoding: identity\r\n", 501),
        ("1.1", "Transfer-Encoding: xchunked\r\n", 501),
    ] {
        let mut simulation = simulation();
        let mut peer = simulation.client();
        let text = format!("PUT /properties/led HTTP/{version}\r\nHost: lamp\r\n{JSON}{headers}\r\n{body}");
        let answer = exchange_with(&mut simulation, &mut peer, &text);
        assert_eq!((answer.status, answer.header("Connection")), (status, Some("close")), "{headers}");
        assert_eq!(statuses(answer.all.as_bytes()).len(), 1);
    }
}

#[test]
fn limits_count_decoded_bytes() {
    let name = |length: usize| format!("\"{}\"", "x".repeat(length));
    let status = |text: &str| ask(&mut simulation(), text, 256).1.status;
    // Nine bytes are too long for the property, which makes it a wrong value; the message limit is 512.
    assert_eq!(status(&chunked("PUT /properties/name", JSON, &name(9), 1)), 422);
    assert_eq!(status(&chunked("PUT /properties/name", JSON, &name(511), 1)), 413);
    assert_eq!(status(&raw("PUT /properties/name", JSON, "ffffffffffffffff\r\n")), 413);
    assert_eq!(status(&raw("PUT /properties/name", JSON, "401\r\n")), 413, "not refused before the content");
    let extension =
        |length: usize| raw("POST /actions/blink", "", &format!("0;{}\r\n\r\n", "e".repeat(length)));
    assert_eq!(status(&extension(2047)), 204);
    assert_eq!(status(&extension(2048)), 431);
    let trailers =
        |count: usize| raw("POST /actions/blink", "", &format!("0\r\n{}\r\n", "a:b\r\n".repeat(count)));
    assert_eq!(status(&trailers(32)), 204);
    assert_eq!(status(&trailers(33)), 431);
    // Content that no handler reads is discarded up to the body limit.
    assert_eq!(status(&chunked("GET /nowhere", "", &"x".repeat(1024), 7)), 404);
    assert_eq!(status(&chunked("GET /", "", &"x".repeat(1025), 7)), 413);
}

/// On Linux more is discarded than is buffered.
#[test]
fn discarded_content_is_bounded() {
    let limits = Limits::DEVICE.with_body(4000);
    let next = "GET /any/more HTTP/1.1\r\nHost: lamp\r\n\r\n";
    for (content, expected) in [(4000, vec![404, 200]), (4001, vec![404])] {
        let text = chunked("POST /nowhere", "", &"x".repeat(content), 100) + next;
        for piece in [100, 999, text.len()] {
            let mut simulation = Simulation::new(limits);
            let mut peer = simulation.client();
            for piece in text.as_bytes().chunks(piece) {
                peer.send(&mut simulation, piece);
            }
            assert_eq!(statuses(&peer.received), expected, "{content} in pieces of {piece}");
            assert_eq!(peer.last.unwrap().shut_down, expected.len() == 1);
        }
    }
    // The framing of discarded content is checked, too.
    let text = chunked("POST /nowhere", "", &"x".repeat(2000), 100).replacen("0\r\n\r\n", "0\n\n", 1) + next;
    let mut simulation = Simulation::new(limits);
    let mut peer = simulation.client();
    assert!(peer.send(&mut simulation, text.as_bytes()).shut_down);
    assert_eq!(statuses(&peer.received), [404]);
}

#[test]
fn chunked_content_has_a_time_limit() {
    for cut in ["", "4", "4\r\n", "4\r\ntr", "4\r\ntrue\r\n0\r\n"] {
        let mut simulation = simulation();
        let mut peer = simulation.client();
        peer.send(&mut simulation, raw("PUT /properties/led", JSON, "").as_bytes());
        for byte in cut.as_bytes() {
            simulation.now += 300;
            peer.send(&mut simulation, &[*byte]);
        }
        assert_eq!(peer.last.unwrap().wake_at, link::at(Limits::DEVICE.head_time), "{cut:?}");
        simulation.now = Limits::DEVICE.head_time - 1;
        peer.turn(&mut simulation);
        assert!(peer.received.is_empty());
        simulation.now += 1;
        let answer = exchange_with(&mut simulation, &mut peer, "");
        assert_eq!((answer.status, answer.header("Connection")), (408, Some("close")), "{cut:?}");
    }
    // Discarded content is limited, too, even if it arrives steadily.
    let mut simulation = Simulation::new(Limits::DEVICE.with_body(100_000));
    let mut peer = simulation.client();
    peer.send(&mut simulation, raw("POST /nowhere", "", "500\r\n").as_bytes());
    assert_eq!(statuses(&peer.take()), [404]);
    while simulation.now < Limits::DEVICE.idle_time {
        assert!(!peer.send(&mut simulation, b"x").shut_down);
        simulation.now += 100;
    }
    assert!(peer.turn(&mut simulation).shut_down && peer.received.is_empty());
}

#[test]
fn chunked_upgrade_request_is_rejected() {
    let mut simulation = Simulation::new(Limits::DEVICE);
    let mut peer: Peer = simulation.client();
    let text = link::upgrade("/ws").replace("Host", "Transfer-Encoding: chunked\r\nHost") + "0\r\n\r\n";
    let answer = exchange_with(&mut simulation, &mut peer, &text);
    assert_eq!(answer.status, 400);
}
