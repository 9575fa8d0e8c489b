//! The output does not depend on how the input is split.

mod link;

use instep::Limits;
use link::{LED, Simulation, frame, upgrade};

/// Returns all bytes of each scenario's client.
fn scenarios() -> Vec<(&'static str, Vec<u8>)> {
    let get = |path: &str, headers: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: lamp\r\n{headers}\r\n").into_bytes()
    };
    let socket = |path: &str, frames: &[Vec<u8>]| [upgrade(path).into_bytes(), frames.concat()].concat();
    let mut reserved = frame(0x81, b"x");
    reserved[0] |= 0x40;
    vec![
        ("a page", get("/", "")),
        ("an old browser", b"GET / HTTP/1.0\r\n\r\n".to_vec()),
        (
            "pages in a row",
            [
                get("/", ""),
                get("/script.js", "Accept-Encoding: gzip\r\n"),
                get("/any/a/b?c", ""),
                get("/nothing", ""),
            ]
            .concat(),
        ),
        (
            "a short answer and one that fills the output",
            [get("/any/1", ""), get(&format!("/any/{}", "y".repeat(600)), "")].concat(),
        ),
        ("empty lines before a request", [b"\r\n\r\n".to_vec(), get("/script.js", "")].concat()),
        (
            "a body that is thrown away",
            [
                b"POST / HTTP/1.1\r\nHost: lamp\r\nContent-Length: 11\r\n\r\nhello world".to_vec(),
                get("/any/1", ""),
            ]
            .concat(),
        ),
        (
            "chunks that are thrown away",
            [
                b"POST / HTTP/1.1\r\nHost: lamp\r\nTransfer-Encoding: chunked\r\n\r\n6;a\r\nhello \r\n5\r\nworld\r\n0\r\nB: c\r\n\r\n"
                    .to_vec(),
                get("/any/1", ""),
            ]
            .concat(),
        ),
        (
            "chunks that are malformed",
            b"POST / HTTP/1.1\r\nHost: lamp\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n".to_vec(),
        ),
        ("a body too large", b"POST / HTTP/1.1\r\nHost: lamp\r\nContent-Length: 5000\r\n\r\nhello".to_vec()),
        ("a name that was rebound", b"GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n".to_vec()),
        ("garbage", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc".to_vec()),
        ("a bad header", b"GET / HTTP/1.1\r\nHost: lamp\r\nbad header\r\n\r\n".to_vec()),
        ("a head too large", get("/", &format!("X: {}\r\n", "x".repeat(3000)))),
        ("no upgrade", get("/ws", "")),
        ("an old version", upgrade("/ws").replace(": 13", ": 8").into_bytes()),
        (
            "a page from elsewhere",
            upgrade("/ws")
                .replace("Host: lamp\r\n", "Host: lamp\r\nOrigin: http://evil.test\r\n")
                .into_bytes(),
        ),
        (
            "echo",
            socket(
                "/echo",
                &[
                    frame(0x81, b"one"),
                    frame(0x01, "\u{20ac}".as_bytes()),
                    frame(0x89, b"ping"),
                    frame(0x80, b" two"),
                    frame(0x82, &[0; 200]),
                    frame(0x88, b"\x03\xe8"),
                ],
            ),
        ),
        ("commands", socket("/ws", &[frame(0x81, b"toggle"), frame(0x8a, b"")])),
        ("a ping and a close without a code", socket("/ws", &[frame(0x89, b""), frame(0x88, b"")])),
        ("a reserved bit", socket("/ws", &[frame(0x89, b"p"), reserved])),
        ("no mask", socket("/ws", &[vec![0x81, 0x02, b'h', b'i']])),
        ("not text", socket("/ws", &[frame(0x81, b"ab\xff")])),
        ("a message too big", socket("/ws", &[frame(0x01, &[b'x'; 400]), frame(0x80, &[b'x'; 200])])),
        (
            "a message too big, and not text behind that",
            socket("/ws", &[frame(0x81, &[&[b'x'; 520][..], b"\xff"].concat())]),
        ),
        ("a length of 2^62", socket("/echo", &[vec![0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5]])),
        ("a length of 2^63", socket("/echo", &[vec![0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5]])),
    ]
}

/// Returns all output for a client, with fragments joined, because the cut decides
/// where they end. `on_device`: an open WebSocket cannot persist its buffer.
fn run(name: &str, parts: &[&[u8]], on_device: bool) -> Vec<u8> {
    let mut simulation = Simulation::new(Limits::DEVICE);
    simulation.device.set_page_value("STATE", "ON");
    if name == "commands" {
        // Otherwise the cut decides whether it is sent before the connection ends.
        simulation.device.publish(LED, "1");
    }
    let mut peer = simulation.client();
    peer.capacity = on_device.then_some(1040);
    for part in parts {
        let mut turn = peer.send(&mut simulation, part);
        // One turn may leave input.
        while turn.used > 0 && !turn.closed {
            // The peer has taken the bytes in the socket.
            peer.window = usize::MAX;
            turn = peer.turn(&mut simulation);
        }
    }
    join_fragments(&peer.take())
}

/// Undoes the effects of the cut: the fragments of an echo and the ends of chunks.
fn join_fragments(bytes: &[u8]) -> Vec<u8> {
    let Some(end) = bytes.starts_with(b"HTTP/1.1 101").then(|| link::find(bytes, b"\r\n\r\n").unwrap() + 4)
    else {
        return bytes.to_vec();
    };
    let (mut out, mut rest, mut message, mut control) =
        (bytes[..end].to_vec(), &bytes[end..], Vec::new(), Vec::new());
    while let [first, second, ..] = rest {
        let (length, header) = match second {
            126 => (usize::from(u16::from_be_bytes([rest[2], rest[3]])), 4),
            length => (usize::from(*length), 2),
        };
        let payload = &rest[header..header + length];
        rest = &rest[header + length..];
        if first & 0x08 != 0 {
            // A control frame may come before or within an echoed message.
            control.extend([*first, *second]);
            control.extend_from_slice(payload);
        } else {
            message.extend_from_slice(payload);
            if first & 0x80 != 0 {
                out.push(b'|');
                out.append(&mut message);
            }
        }
    }
    out.push(b'+');
    out.append(&mut message);
    out.push(b'+');
    out.append(&mut control);
    out
}

#[test]
fn every_split_gives_the_same_output() {
    for (name, bytes) in scenarios() {
        let whole = text(&run(name, &[&bytes], false));
        assert!(!whole.is_empty(), "{name}: no output");
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        for on_device in [false, true] {
            assert_eq!(text(&run(name, &single, on_device)), whole, "{name}, byte by byte");
            for cut in 0..=bytes.len() {
                let output = run(name, &[&bytes[..cut], &bytes[cut..]], on_device);
                assert_eq!(text(&output), whole, "{name}, cut at {cut}");
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

#[test]
fn unsplit_scenarios_give_expected_answers() {
    let answers = |name: &str| {
        let (_, bytes) = scenarios().into_iter().find(|(other, _)| *other == name).unwrap();
        text(&run(name, &[&bytes], false))
    };
    for (name, status) in [
        ("a page", "200"),
        ("an old browser", "200"),
        ("chunks that are malformed", "400"),
        ("a body too large", "413"),
        ("a name that was rebound", "421"),
        ("garbage", "400"),
        ("a bad header", "400"),
        ("a head too large", "431"),
        ("no upgrade", "426"),
        ("an old version", "426"),
        ("a page from elsewhere", "403"),
    ] {
        assert!(answers(name).starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {}", answers(name));
    }
    assert!(answers("a page").contains("<p>ON</p>100%"));
    let row = answers("pages in a row");
    let places: Vec<_> = ["<p>ON</p>", "not really gzip", "\\r\\n\\r\\na/b", "nothing at this address"]
        .map(|part| row.find(part).unwrap())
        .into();
    assert!(places.is_sorted(), "{row}");
    assert!(answers("a body that is thrown away").ends_with("\\r\\n\\r\\n1"));
    assert!(answers("chunks that are thrown away").ends_with("\\r\\n\\r\\n1"));
    assert!(answers("echo").contains("|one|\\xe2\\x82\\xac two|"));
    assert!(answers("echo").ends_with("\\x8a\\x04ping\\x88\\x02\\x03\\xe8"));
    assert!(answers("commands").ends_with("|1++"));
    for (name, close) in [
        ("a ping and a close without a code", "\\x8a\\x00\\x88\\x02\\x03\\xe8"),
        ("a reserved bit", "\\x8a\\x01p\\x88\\x02\\x03\\xea"),
        ("no mask", "\\x88\\x02\\x03\\xea"),
        ("not text", "\\x88\\x02\\x03\\xef"),
        ("a message too big", "\\x88\\x02\\x03\\xf1"),
        ("a message too big, and not text behind that", "\\x88\\x02\\x03\\xf1"),
        ("a length of 2^63", "\\x88\\x02\\x03\\xea"),
    ] {
        assert!(answers(name).ends_with(close), "{name}: {}", answers(name));
    }
}
