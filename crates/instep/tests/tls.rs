//! TLS: what holds without it holds with it.

mod in_process;

use in_process::{Running, serve_by};
use instep::tokio::{Certificate, CertificateError, Listener, SocketLimits};
use instep::{App, Asset, Limits, Topic};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use socket2::{Domain, Protocol, Socket, Type};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use test_support::{Frame, Http, SOON, Tls, WebSocket, opcode};

const MASK: [u8; 4] = [1, 2, 3, 4];
/// Pages of so many different lengths, and how much one is longer than the one before.
const LENGTHS: usize = 15;
const STEP: usize = 12_000;

fn app() -> &'static App {
    static BUILT: OnceLock<App> = OnceLock::new();
    BUILT.get_or_init(|| {
        let app = App::new("tls", "for tests").page("/", Asset::html("<h1>Hi</h1>"));
        let page = |app: App, n| app.page(format!("/{n}").leak(), Asset::html("x".repeat(n * STEP).leak()));
        (1..=LENGTHS).fold(app, page).endpoint("/ws").echo("/echo").topics(1)
    })
}

/// A certificate for 127.0.0.1, and how to trust it.
fn certificate() -> (Certificate, Tls, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["127.0.0.1".into(), "localhost".into()]).expect("a certificate");
    let pem = cert.pem();
    let key = signing_key.serialize_pem();
    (Certificate::from_pem(pem.as_bytes(), key.as_bytes()).expect("a pair"), Tls::trusting(&pem), pem)
}

fn start(limits: Limits) -> (Running, Tls) {
    let (certificate, tls, _) = certificate();
    let server =
        serve_by(app(), limits, SocketLimits::default(), |socket| Listener::tls(socket, certificate));
    (server, tls)
}

fn connect(tls: &Tls, addr: SocketAddr, path: &str) -> WebSocket {
    WebSocket::over(tls.connect(addr), path, &[]).expect("an upgrade")
}

/// A socket whose receive buffer is the kernel's smallest.
fn narrow(addr: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("a socket");
    // Before connecting, because the window is told then.
    socket.set_recv_buffer_size(1).expect("a small buffer");
    socket.connect(&addr.into()).expect("a connection");
    socket.into()
}

fn expect_echo(client: &mut WebSocket, text: &str) {
    client.send_text(text);
    assert_eq!(client.read_text(), text);
}

/// Reads until the peer closes, and returns what came.
fn read_to_end(mut tcp: &TcpStream) -> Vec<u8> {
    tcp.set_read_timeout(Some(SOON)).expect("a time-out");
    let mut bytes = Vec::new();
    tcp.read_to_end(&mut bytes).expect("the server closes");
    bytes
}

/// The first record of a client, as RFC 8446 has it: with a whole message of the handshake, or with its beginning.
fn hello(length: u8) -> Vec<u8> {
    let mut record = vec![22, 3, 1, 0, length, 1, 0, 0, 200, 3, 3];
    record.resize(5 + usize::from(length), 0);
    record
}

#[test]
fn echo_in_both_versions_and_a_clean_end() {
    let (server, tls) = start(Limits::LINUX);
    let (_, _, other) = certificate();
    for tls in [tls.clone(), tls.clone().name("localhost")] {
        let stream = tls.connect(server.addr);
        assert_eq!(stream.alpn(), Some(&b"http/1.1"[..]));
        assert_eq!(format!("{:?}", stream.tls_version()), "Some(TLSv1_3)");
        let mut client = WebSocket::over(stream, "/echo", &[]).expect("an upgrade");
        expect_echo(&mut client, "over TLS");
        client.send_close(1000, "");
        // The stream would complain about an end without close_notify.
        client.expect_close(1000);
    }
    assert!(tls.name("elsewhere.test").try_connect(server.addr).is_err());
    assert!(Tls::trusting(&other).try_connect(server.addr).is_err());
}

#[test]
fn tls_1_2_for_those_who_have_no_better() {
    let (certificate, _, pem) = certificate();
    let server =
        serve_by(app(), Limits::LINUX, SocketLimits::default(), |socket| Listener::tls(socket, certificate));
    let stream = Tls::trusting_with_tls12(&pem).connect(server.addr);
    assert_eq!(format!("{:?}", stream.tls_version()), "Some(TLSv1_2)");
    let mut client = WebSocket::over(stream, "/echo", &[]).expect("an upgrade");
    expect_echo(&mut client, "over TLS 1.2");
    client.send_close(1000, "");
    client.expect_close(1000);
}

#[test]
fn byte_by_byte() {
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
fn a_mebibyte_there_and_back() {
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
fn messages_in_one_record_and_in_many() {
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
fn plain_http_is_told_where_to_go() {
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

    // A name that is not the device's is not repeated, and what is no HTTP either gets an answer, too.
    for request in
        ["GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n", "HEAD /ws HTTP/1.1\r\nHost: a\r\n\r\n", "what?\r\n\r\n"]
    {
        let mut plain = Http::connect(server.addr);
        plain.send(request);
        let answer = String::from_utf8(plain.read_to_end(SOON)).expect("text");
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n") && !answer.contains("evil"), "{answer}");
    }
    let mut https = Http::from(tls.connect(server.addr));
    https.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(https.read().text(), "<h1>Hi</h1>");
}

#[test]
fn a_handshake_that_is_not_finished_in_time_is_the_end() {
    let (server, tls) = start(Limits { head_time: 300, ..Limits::LINUX });
    let (silent, begun, message_begun) = (
        TcpStream::connect(server.addr).expect("a connection"),
        TcpStream::connect(server.addr).expect("a connection"),
        TcpStream::connect(server.addr).expect("a connection"),
    );
    (&begun).write_all(&hello(100)[..50]).expect("a part of a record");
    (&message_begun).write_all(&hello(100)).expect("a record with a part of a message");
    for tcp in [silent, begun, message_begun] {
        assert_eq!(read_to_end(&tcp), b"");
    }
    // After the handshake the request has its own time.
    let mut quiet = Http::from(tls.connect(server.addr));
    quiet.expect_end(SOON);
    let mut slow = Http::from(tls.connect(server.addr));
    slow.send("GET / HT");
    assert_eq!(slow.read().status, 408);
}

#[test]
fn broken_records_end_their_own_connection_only() {
    let limits = Limits { clients: 1, ..Limits::LINUX };
    let (server, tls) = start(limits);
    // A handshake that is none is answered by an alert.
    let tcp = TcpStream::connect(server.addr).expect("a connection");
    let mut wrong = hello(204);
    wrong[5] = 99;
    (&tcp).write_all(&wrong).expect("a wrong record");
    assert_eq!(read_to_end(&tcp).first(), Some(&21), "an alert");
    // A part of a message, and then what no message can go on with; a message without end, which is not kept.
    let torn = [&hello(100)[..], &[23, 3, 3, 0, 1, 0]].concat();
    let part = [[22, 3, 1, 64, 0].to_vec(), [&[1, 0, 255, 0][..], &[0; 16_380]].concat()].concat();
    let endless = part.repeat(3);
    for wrong in [torn, endless] {
        let tcp = TcpStream::connect(server.addr).expect("a connection");
        // The rest is not waited for.
        let _ = (&tcp).write_all(&wrong);
        assert_eq!(read_to_end(&tcp), b"");
    }

    // Of those who are connected, it gives back the place.
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
        tcp.write_all(&[23, 3, 3, 0, 20]).expect("a record's head");
        tcp.write_all(&[0; 20]).expect("a record that is not encrypted");
        assert_eq!(read_to_end(tcp).first(), Some(&23), "an alert, encrypted");
    }
}

#[test]
fn who_says_goodbye_is_let_go() {
    let (server, tls) = start(Limits::LINUX);
    let mut stream = tls.connect(server.addr);
    stream.say_goodbye();
    Http::from(stream).expect_end(SOON);
}

/// What was encrypted, but not taken by the socket, is not lost when the connection ends.
#[test]
fn an_answer_arrives_although_the_reader_is_slow() {
    let (server, tls) = start(Limits { linger_time: 20, ..Limits::LINUX });
    // Of one of these lengths, just the end has no place in the socket.
    let mut clients: Vec<_> = (1..=LENGTHS)
        .map(|n| {
            let mut client = Http::from(tls.over(narrow(server.addr)).expect("TLS"));
            client.send(format!("GET /{n} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
            client
        })
        .collect();
    // Longer than it lingers, while nothing can be sent.
    std::thread::sleep(Duration::from_millis(200));
    for (client, n) in clients.iter_mut().zip(1..) {
        assert_eq!(client.read().body.len(), n * STEP);
        client.expect_end(SOON);
    }
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("the process's status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    let kib: usize = line.trim().trim_end_matches(" kB").parse().expect("a number of KiB");
    kib * 1024
}

#[test]
fn a_client_that_stops_reading_costs_nothing_and_gets_the_latest() {
    const PAYLOAD: usize = 60_000;
    const FRAMES: usize = 1_000;
    let (server, tls) = start(Limits { write_stall: 600_000, ping_every: 600_000, ..Limits::LINUX });
    let stalled = tls.over(narrow(server.addr)).expect("TLS");
    let mut stalled = WebSocket::over(stalled, "/ws", &[]).expect("an upgrade");
    let mut healthy = connect(&tls, server.addr, "/ws");
    let fill = "x".repeat(PAYLOAD - 8);
    let mut start = 0;
    for number in 1..=FRAMES {
        server.device().publish(Topic::new(0), format_args!("{number:08}{fill}"));
        while healthy.read_frame(SOON).text()[..8] != *format!("{number:08}") {}
        if number == 50 {
            start = resident();
        }
    }
    let growth = resident().saturating_sub(start);
    assert!(growth < 8 << 20, "{growth} bytes for {} that were not read", FRAMES * PAYLOAD);
    let mut frames = 0;
    while stalled.read_frame(SOON).text()[..8] != *format!("{FRAMES:08}") {
        frames += 1;
    }
    assert!(frames <= 4, "{frames} old frames came first");
}

#[test]
fn a_client_that_takes_nothing_is_dropped() {
    let (server, tls) = start(Limits { write_stall: 300, clients: 1, ..Limits::LINUX });
    let stalled = tls.over(narrow(server.addr)).expect("TLS");
    let _stalled = WebSocket::over(stalled, "/ws", &[]).expect("an upgrade");
    let fill = "x".repeat(60_000);
    let deadline = Instant::now() + SOON;
    // Its place is free again.
    while WebSocket::over(tls.connect(server.addr), "/ws", &[]).is_err() {
        assert!(Instant::now() < deadline);
        server.device().publish(Topic::new(0), &fill);
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn nor_does_it_stay_when_only_a_small_record_waits() {
    let limits = Limits { write_stall: 300, ping_every: 600_000, ..Limits::LINUX };
    let (server, tls) = start(limits);
    let stalled = tls.over(narrow(server.addr)).expect("TLS");
    let _stalled = WebSocket::over(stalled, "/ws", &[]).expect("an upgrade");
    // Connections are dealt to two shards in turn: the second one from here is a neighbour.
    let [_other, mut neighbour] = [(); 2].map(|()| connect(&tls, server.addr, "/echo"));
    let fill = "x".repeat(1_000);
    // Less than that fills all buffers, if each is sent, and then nothing is sent any more.
    for _ in 0..200 {
        server.device().publish(Topic::new(0), &fill);
        expect_echo(&mut neighbour, "the shard had a turn");
    }
    let deadline = Instant::now() + SOON;
    while server.device().clients() > 2 {
        assert!(Instant::now() < deadline, "it still has its place");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn who_takes_a_little_each_time_is_kept_and_who_stops_is_dropped() {
    // Long, so that it is not the test that stops to read on a busy machine.
    const STALL: Duration = Duration::from_secs(3);
    let limits = Limits { write_stall: 3_000, ping_every: 600_000, ..Limits::LINUX };
    let (server, tls) = start(limits);
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    socket.connect(&server.addr.into()).expect("a connection");
    let stream = tls.over(socket.into()).expect("TLS");
    let slow = WebSocket::over(stream, "/ws", &[]).expect("an upgrade");
    let fill = "x".repeat(60_000);
    let begin = Instant::now();
    while begin.elapsed() < 3 * STALL {
        server.device().publish(Topic::new(0), &fill);
        slow.tcp().read_exact(&mut [0; 400]).expect("there is more");
        std::thread::sleep(Duration::from_millis(150));
        assert_eq!(server.device().clients(), 1, "after {:?}", begin.elapsed());
    }
    let stopped = Instant::now();
    while server.device().clients() > 0 {
        assert!(stopped.elapsed() < SOON, "it is still there");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_new_certificate_is_for_new_connections() {
    let ((first, tls, _), (second, other, _)) = (certificate(), certificate());
    assert_ne!(first.fingerprint(), second.fingerprint());
    let mine = first.clone();
    let server =
        serve_by(app(), Limits::LINUX, SocketLimits::default(), |socket| Listener::tls(socket, first));
    let mut old = connect(&tls, server.addr, "/echo");
    mine.replace(&second);
    assert_eq!(mine.fingerprint(), second.fingerprint());
    let mut new = connect(&other, server.addr, "/echo");
    assert!(tls.try_connect(server.addr).is_err());
    expect_echo(&mut old, "still here");
    expect_echo(&mut new, "here, too");
}

#[test]
fn a_fingerprint_is_that_of_the_certificate() {
    let pem = include_bytes!("data/lamp.test.pem");
    let certificate = Certificate::from_pem(pem, pem).expect("a pair");
    // As another program has it: openssl x509 -in lamp.test.pem -noout -fingerprint -sha256
    let expected =
        "DE:18:3F:11:F3:EA:94:37:E6:D9:4F:F4:1B:BF:CC:C9:47:49:89:0E:66:F6:05:6E:35:6E:D9:4A:42:F7:46:97";
    assert_eq!(certificate.fingerprint(), expected);
}

#[test]
fn wrong_certificates_and_keys_are_told_apart() {
    let pair = || {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["a".into()]).expect("one");
        (cert.pem(), signing_key.serialize_pem())
    };
    let ((chain, key), (_, other)) = (pair(), pair());
    let error = |chain: &str, key: &str| Certificate::from_pem(chain.as_bytes(), key.as_bytes()).unwrap_err();
    assert_eq!(error("", &key), CertificateError::NoCertificate);
    assert_eq!(error(&key, &key), CertificateError::NoCertificate);
    assert_eq!(error(&chain, ""), CertificateError::NoKey);
    assert_eq!(error(&chain, &chain), CertificateError::NoKey);
    assert_eq!(error(&chain, &other), CertificateError::Mismatch);
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(error(broken, &key), CertificateError::Unusable(_)));
    assert!(Certificate::from_pem(chain.as_bytes(), format!("{chain}{key}").as_bytes()).is_ok());
}
