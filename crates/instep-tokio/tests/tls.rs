//! TLS behaves as plain TCP does.

mod in_process;
mod over_tls;

use in_process::serve_by;
use instep::Limits;
use instep_tokio::{Listener, SocketLimits};
use over_tls::{app, certificate, connect, expect_echo, start};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::Instant;
use test_support::{Frame, Http, SOON, Tls, WebSocket, opcode};

const MASK: [u8; 4] = [1, 2, 3, 4];

/// Lines of the log about TLS.
static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Lines;

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = record.args().to_string();
        if line.starts_with("TLS ") {
            LINES.lock().expect("the lock is poisoned").push(line);
        }
    }

    fn flush(&self) {}
}

/// Reads until the peer closes, and returns the bytes.
fn read_to_end(mut tcp: &TcpStream) -> Vec<u8> {
    tcp.set_read_timeout(Some(SOON)).expect("cannot set the timeout");
    let mut bytes = Vec::new();
    tcp.read_to_end(&mut bytes).expect("the server does not close");
    bytes
}

/// Returns the first record of a client, as RFC 8446 has
/// it, with a whole handshake message or its beginning.
fn hello(length: u8) -> Vec<u8> {
    let mut record = vec![22, 3, 1, 0, length, 1, 0, 0, 200, 3, 3];
    record.resize(5 + usize::from(length), 0);
    record
}

#[test]
fn echo_works_in_both_tls_versions_and_ends_cleanly() {
    let (server, tls) = start(Limits::LINUX);
    let (_, _, other) = certificate();
    for tls in [tls.clone(), tls.clone().name("localhost")] {
        let stream = tls.connect(server.addr);
        assert_eq!(stream.alpn(), Some(&b"http/1.1"[..]));
        assert_eq!(format!("{:?}", stream.tls_version()), "Some(TLSv1_3)");
        let mut client = WebSocket::over(stream, "/echo", &[]).expect("the upgrade was refused");
        expect_echo(&mut client, "over TLS");
        client.send_close(1000, "");
        // The stream would fail at an end without close_notify.
        client.expect_close(1000);
    }
    assert!(tls.name("elsewhere.test").try_connect(server.addr).is_err());
    assert!(Tls::trusting(&other).try_connect(server.addr).is_err());
}

#[test]
fn tls_1_2_client_is_accepted() {
    let (certificate, _, pem) = certificate();
    let server =
        serve_by(app(), Limits::LINUX, SocketLimits::default(), |socket| Listener::tls(socket, certificate));
    let stream = Tls::trusting_with_tls12(&pem).connect(server.addr);
    assert_eq!(format!("{:?}", stream.tls_version()), "Some(TLSv1_2)");
    let mut client = WebSocket::over(stream, "/echo", &[]).expect("the upgrade was refused");
    expect_echo(&mut client, "over TLS 1.2");
    client.send_close(1000, "");
    client.expect_close(1000);
}

#[test]
fn tls_bytes_may_arrive_one_by_one() {
    let (server, tls) = start(Limits::LINUX);
    let mut client = connect(&tls.dribbling(), server.addr, "/echo");
    expect_echo(&mut client, "one");
    expect_echo(&mut client, &"a longer one ".repeat(200));
    client.send_ping(b"ping");
    assert_eq!(client.read_frame(SOON).opcode, opcode::PONG);
    client.send_close(1000, "");
    client.expect_close(1000);
}

#[test]
fn echo_of_one_mebibyte_over_tls_is_unchanged() {
    let (server, tls) = start(Limits::LINUX);
    let mut client = connect(&tls, server.addr, "/echo");
    let (parts, length) = (16, 1 << 16);
    let payload: Vec<u8> = (0..=250).cycle().take(parts * length).collect();
    let mut back = Vec::new();
    for (number, part) in payload.chunks(length).enumerate() {
        let opcode = if number == 0 { opcode::BINARY } else { opcode::CONTINUATION };
        client.frame(number + 1 == parts, 0, opcode, Some(MASK), part);
        while back.len() < (number + 1) * length {
            let frame = client.read_frame(SOON);
            assert_eq!(frame.opcode, if back.is_empty() { opcode::BINARY } else { opcode::CONTINUATION });
            back.extend(frame.payload);
        }
    }
    assert!(back == payload);
}

#[test]
fn messages_may_share_record_or_span_records() {
    let (server, tls) = start(Limits::LINUX);
    let mut client = connect(&tls, server.addr, "/echo");
    let frames: Vec<u8> = (0..100)
        .flat_map(|n| Frame::encode(true, 0, opcode::TEXT, Some(MASK), format!("{n}").as_bytes()))
        .collect();
    client.send_raw(&frames);
    for piece in frames.chunks(7) {
        client.send_raw(piece);
    }
    for n in (0..100).chain(0..100) {
        assert_eq!(client.read_text(), n.to_string());
    }
}

#[test]
fn plain_http_on_tls_port_gets_redirect_advice() {
    let (server, tls) = start(Limits::LINUX);
    let mut plain = Http::connect(server.addr);
    plain.send(format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", server.addr));
    let response = plain.read();
    assert_eq!((response.status, response.header("content-type")), (400, Some("text/plain; charset=utf-8")));
    assert_eq!(
        response.text(),
        format!("Only HTTPS is spoken here: open https://{}/ instead.\n", server.addr)
    );
    plain.expect_end(SOON);

    // A foreign name is not repeated, and bytes that are no HTTP get an answer, too.
    for request in
        ["GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n", "HEAD /ws HTTP/1.1\r\nHost: a\r\n\r\n", "what?\r\n\r\n"]
    {
        let mut plain = Http::connect(server.addr);
        plain.send(request);
        let answer = String::from_utf8(plain.read_to_end(SOON)).expect("not UTF-8");
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n") && !answer.contains("evil"), "{answer}");
    }
    let mut https = Http::from(tls.connect(server.addr));
    https.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(https.read().text(), "<h1>Hi</h1>");
}

#[test]
fn unfinished_tls_handshake_is_closed_in_time() {
    let (server, tls) = start(Limits::LINUX.with_head_time(1_500));
    let (silent, begun, message_begun) = (
        TcpStream::connect(server.addr).expect("cannot connect"),
        TcpStream::connect(server.addr).expect("cannot connect"),
        TcpStream::connect(server.addr).expect("cannot connect"),
    );
    (&begun).write_all(&hello(100)[..50]).expect("cannot send the part of a record");
    (&message_begun).write_all(&hello(100)).expect("cannot send the record");
    for tcp in [silent, begun, message_begun] {
        assert_eq!(read_to_end(&tcp), b"");
    }
    // After the handshake the request has its own time limit.
    let mut quiet = Http::from(tls.connect(server.addr));
    quiet.expect_end(SOON);
    let mut slow = Http::from(tls.connect(server.addr));
    slow.send("GET / HT");
    assert_eq!(slow.read().status, 408);
}

#[test]
fn broken_record_ends_only_its_connection() {
    log::set_logger(&Lines).expect("there is a logger already");
    log::set_max_level(log::LevelFilter::Info);
    let limits = Limits::LINUX.with_clients(1);
    let (server, tls) = start(limits);
    // An invalid handshake is answered by an alert.
    let tcp = TcpStream::connect(server.addr).expect("cannot connect");
    let mut wrong = hello(204);
    wrong[5] = 99;
    (&tcp).write_all(&wrong).expect("cannot send the wrong record");
    assert_eq!(read_to_end(&tcp).first(), Some(&21), "not an alert");
    // A message that is continued by something else, and a message without an end, which is not buffered.
    let torn = [&hello(100)[..], &[23, 3, 3, 0, 1, 0]].concat();
    let part = [[22, 3, 1, 64, 0].to_vec(), [&[1, 0, 255, 0][..], &[0; 16_380]].concat()].concat();
    let endless = part.repeat(3);
    for wrong in [torn, endless] {
        let tcp = TcpStream::connect(server.addr).expect("cannot connect");
        // The server does not wait for the rest.
        let _ = (&tcp).write_all(&wrong);
        assert_eq!(read_to_end(&tcp), b"");
    }

    // An established connection frees its slot.
    for _ in 0..3 {
        let deadline = Instant::now() + SOON;
        let mut client = loop {
            match WebSocket::over(tls.connect(server.addr), "/echo", &[]) {
                Ok(client) => break client,
                Err(refusal) => assert!(refusal.status == 503 && Instant::now() < deadline),
            }
        };
        expect_echo(&mut client, "well");
        let mut tcp = client.tcp();
        tcp.write_all(&[23, 3, 3, 0, 20]).expect("cannot send the head of a record");
        tcp.write_all(&[0; 20]).expect("a record that is not encrypted");
        assert_eq!(read_to_end(tcp).first(), Some(&23), "not an encrypted alert");
    }
    let lines = LINES.lock().expect("the lock is poisoned");
    assert!(
        !lines.is_empty() && lines.iter().all(|line| line.starts_with("TLS with 127.0.0.1 failed: ")),
        "{lines:?}"
    );
}

#[test]
fn close_notify_ends_connection() {
    let (server, tls) = start(Limits::LINUX);
    let mut stream = tls.connect(server.addr);
    stream.say_goodbye();
    Http::from(stream).expect_end(SOON);
}
