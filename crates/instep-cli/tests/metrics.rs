//! `--metrics`: exact counts, and access to them.

mod scraped;
mod served;

use scraped::{REQUEST, Scrape, metrics_addr};
use served::{INSTEP, get, request, serve};
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Command;
use test_support::{Frame, Http, SOON, Server, WebSocket, http, opcode};

const METRICS: [&str; 2] = ["--metrics", "127.0.0.1:0"];

/// Starts a server of `app`; returns it with the address of its metrics.
#[track_caller]
fn measured(app: &str) -> (Server, SocketAddr) {
    let server = serve(&["--app", app, METRICS[0], METRICS[1]]);
    let metrics = metrics_addr(&server);
    // From now on every shard runs.
    assert_eq!(get(server.addr(), "/healthz").text(), "ok");
    (server, metrics)
}

#[test]
fn events_are_counted_exactly() {
    let (server, metrics) = measured("led-plain");
    let addr = server.addr();
    let start = Scrape::until(metrics, |scrape| scrape.value("instep_connections") == 0);
    assert_eq!((start.value("instep_clients"), start.value("instep_revision")), (0, 1));
    assert_eq!(start.value("instep_publishes_total"), 1, "not one publish at the start");
    assert_eq!(
        (start.value("instep_shard_unresponsive"), start.value("instep_client_lag_revisions_count")),
        (0, 0)
    );

    let mut clients = [(); 5].map(|()| WebSocket::connect(addr, "/ws"));
    clients[1].send_binary(b"not a command");
    for (toggles, state) in ["0", "1", "0", "1"].into_iter().enumerate() {
        if toggles > 0 {
            clients[0].send_text("toggle");
        }
        for client in &mut clients {
            assert_eq!(client.read_text(), state);
        }
    }
    let busy = Scrape::until(metrics, |scrape| scrape.value("instep_messages_received_total") == 4);
    let more = busy.since(&start);
    assert_eq!((more["instep_opened_total"], more["instep_publishes_total"]), (5, 3));
    assert_eq!((busy.value("instep_clients"), busy.value("instep_connections")), (5, 5));
    assert_eq!(busy.value("instep_revision"), 4);
    assert_eq!((busy.lag("0"), busy.lag("+Inf"), busy.value("instep_client_lag_revisions_sum")), (5, 5, 0));

    let [mut first, mut second, mut third, fourth, mut fifth] = clients;
    first.send_close(1000, "");
    first.expect_close(1000);
    second.send_close(4999, "a reason that must not become a label");
    second.expect_close(4999);
    third.frame(true, 0, 3, Some([1, 2, 3, 4]), b"");
    third.expect_close(1002);
    drop(fourth);
    fifth.frame(true, 0, opcode::CLOSE, Some([1, 2, 3, 4]), b"");
    fifth.expect_close(1000);
    let refused = |headers: &[(&str, &str)]| {
        WebSocket::try_connect(addr, "/ws", headers).expect_err("not refused").status
    };
    assert_eq!(refused(&[("Origin", "http://evil.test")]), 403);
    assert_eq!(refused(&[("Origin", "http://evil.test"), ("Host", "evil.test")]), 421);
    assert_eq!(http(addr, request("/", &["Host: twice"])).status, 400);
    let post = request("/", &["Content-Length: 1048577"]).replacen("GET", "POST", 1);
    assert_eq!(http(addr, post).status, 413);
    let ended = Scrape::until(metrics, |scrape| scrape.value("instep_connections") == 0);
    let mut more = ended.since(&busy);
    assert!(
        more.remove("instep_received_bytes_total") > Some(0)
            && more.remove("instep_sent_bytes_total") > Some(0)
    );
    let expected = [
        ("instep_closed_total{code=\"1000\"}", 1),
        ("instep_closed_total{code=\"1002\"}", 1),
        ("instep_closed_total{code=\"1005\"}", 1),
        ("instep_closed_total{code=\"other\"}", 1),
        ("instep_dropped_total{reason=\"no_close_frame\"}", 1),
        ("instep_refused_total{reason=\"body\"}", 1),
        ("instep_refused_total{reason=\"head\"}", 1),
        ("instep_refused_total{reason=\"host\"}", 1),
        ("instep_refused_total{reason=\"origin\"}", 1),
    ];
    assert_eq!(more, BTreeMap::from(expected));
    assert_eq!((ended.value("instep_clients"), ended.lag("+Inf")), (0, 0));

    // A scrape changes no counter.
    assert_eq!(Scrape::of(metrics).since(&ended), BTreeMap::new());
}

#[test]
fn bytes_and_inline_messages_are_counted() {
    let (server, metrics) = measured("echo");
    let start = Scrape::until(metrics, |scrape| scrape.value("instep_connections") == 0);
    let mut connection = Http::connect(server.addr());
    let asked = request("/healthz", &["Connection: close"]);
    connection.send(&asked);
    let answered = connection.read_to_end(SOON);
    let sent = |more: u64| move |scrape: &Scrape| scrape.value("instep_sent_bytes_total") >= more;
    let before = start.value("instep_sent_bytes_total");
    let read = Scrape::until(metrics, sent(before + answered.len() as u64));
    let expected = [
        ("instep_received_bytes_total", asked.len() as u64),
        ("instep_sent_bytes_total", answered.len() as u64),
    ];
    assert_eq!(read.since(&start), BTreeMap::from(expected));

    let mut client = WebSocket::connect(server.addr(), "/ws");
    client.send_text("hello");
    assert_eq!(client.read_text(), "hello");
    client.send_close(1000, "");
    client.expect_close(1000);
    let before = Scrape::until(metrics, |scrape| scrape.value("instep_connections") == 0);
    assert_eq!(before.value("instep_messages_received_total"), 1);
    let mut client = WebSocket::connect(server.addr(), "/ws");
    // The answer to the handshake is one write.
    let before = Scrape::until(metrics, sent(before.value("instep_sent_bytes_total") + 1));
    let bytes = vec![0; 100_000];
    client.send_binary(&bytes);
    // The echo comes back in pieces, as it was read.
    let (mut length, mut sent) = (0, 0);
    while length < bytes.len() {
        let frame = client.read_frame(SOON);
        length += frame.payload.len();
        sent += Frame::encode(frame.fin, 0, frame.opcode, None, &frame.payload).len() as u64;
    }
    let expected = [
        ("instep_messages_received_total", 1),
        ("instep_received_bytes_total", 100_000 + 14),
        ("instep_sent_bytes_total", sent),
    ];
    let after = Scrape::until(metrics, |scrape| scrape.since(&before) == BTreeMap::from(expected));
    assert_eq!((after.value("instep_clients"), after.lag("+Inf")), (1, 0), "an inline client has a lag");
}

#[test]
fn client_that_does_not_read_shows_in_lag() {
    let (server, metrics) = measured("led-words");
    let socket =
        Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("cannot create a socket");
    socket.set_recv_buffer_size(1).expect("cannot set the buffer size");
    socket.connect(&server.addr().into()).expect("cannot connect");
    let mut stalled = WebSocket::upgrade(socket.into(), "/ws", &[]).expect("the upgrade was refused");
    let mut talker = WebSocket::connect(server.addr(), "/ws");
    let batch = Frame::encode(true, 0, opcode::TEXT, Some([1, 2, 3, 4]), b"LED ON").repeat(32);
    let mut events = 0;
    let mut talk = || {
        talker.send_raw(&batch);
        for _ in 0..32 {
            assert_eq!(talker.read_text(), "LED is now ON");
        }
        events += 32;
        events
    };
    let behind = loop {
        let events = (0..16).map(|_| talk()).last();
        let scrape = Scrape::of(metrics);
        assert_eq!(Some(scrape.value("instep_events_total")), events);
        assert_eq!(scrape.lag("+Inf"), 2);
        // The client is so far behind that it must have missed some events.
        if scrape.lag("64") < 2 {
            break scrape;
        }
        assert!(events < Some(100_000), "the kernel buffers everything: {scrape:#?}");
    };
    assert!(behind.lag("0") == 1 && behind.value("instep_client_lag_revisions_sum") > 64, "{behind:#?}");
    talker.send_text("LED OFF");
    let mut received = 1;
    while stalled.read_text() != "LED is now OFF" {
        received += 1;
    }
    let caught_up = Scrape::until(metrics, |scrape| scrape.lag("0") == 2);
    assert_eq!(caught_up.value("instep_client_lag_revisions_sum"), 0);
    assert_eq!(
        caught_up.value("instep_events_missed_total") + received,
        caught_up.value("instep_events_total")
    );
    assert!(received > 0 && caught_up.value("instep_events_missed_total") > 0);
}

#[test]
fn metrics_text_contains_no_client_input() {
    let (server, metrics) = measured("soft-ap");
    let addr = server.addr();
    let strange = "/any/strange\"}-path\\n{a=\"b\"}";
    assert_eq!(get(addr, strange).status, 200);
    let headers = [("Origin", "http://strange.test"), ("Sec-WebSocket-Protocol", "strange")];
    assert!(WebSocket::try_connect(addr, strange, &headers).is_err());
    assert_eq!(http(addr, request("/", &[]).replacen("localhost", "strange.test", 1)).status, 421);
    let mut client = WebSocket::connect(addr, "/ws?strange");
    client.send_text("strange");
    client.send_close(3999, "strange");
    client.expect_close(3999);
    let response = http(metrics, request("/metrics?strange=\"", &["User-Agent: strange"]));
    let text = response.text().to_owned();
    let samples = Scrape::parse(&text).0;
    assert!(samples.len() > 40, "{text}");
    for part in ["strange", "127.0.0.1", "localhost", "/", "3999", &addr.port().to_string()] {
        assert!(!samples.keys().any(|sample| sample.contains(part)), "{part} in {text}");
    }
    assert!(!text.contains("strange") && !text.contains("127.0.0.1"), "{text}");
    let names = [
        "instep_clients",
        "instep_connections",
        "instep_revision",
        "instep_opened_total",
        "instep_publishes_total",
        "instep_events_total",
        "instep_events_missed_total",
        "instep_messages_received_total",
        "instep_received_bytes_total",
        "instep_sent_bytes_total",
        "instep_closed_total{code=\"1000\"}",
        "instep_dropped_total{reason=\"write_stall\"}",
        "instep_dropped_total{reason=\"no_pong\"}",
        "instep_dropped_total{reason=\"socket_error\"}",
        "instep_refused_total{reason=\"full\"}",
        "instep_refused_total{reason=\"per_address\"}",
        "instep_refused_total{reason=\"handshake\"}",
        "instep_refused_total{reason=\"timeout\"}",
        "instep_client_lag_revisions_sum",
        "instep_client_lag_revisions_count",
        "instep_shard_unresponsive",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_max_fds",
    ];
    for name in names {
        assert!(samples.contains_key(name), "{name} is not in {text}");
    }
    assert!(samples["process_resident_memory_bytes"] > 1 << 20 && samples["process_open_fds"] > 5);
}

#[test]
fn metrics_need_known_host_and_have_one_path() {
    let (server, metrics) = measured("hello");
    let answer = http(metrics, REQUEST);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("connection"), Some("close"));
    for (request, status) in [
        (REQUEST.replace("localhost", "evil.test"), 421),
        (REQUEST.replace("\r\n\r\n", "\r\nSec-Fetch-Site: cross-site\r\n\r\n"), 403),
        (request("/", &[]), 404),
        (request("/metrics/", &[]), 404),
        (request("/healthz", &[]), 404),
        (REQUEST.replacen("GET", "POST", 1), 405),
        (REQUEST.replacen("GET", "BREW", 1), 501),
        (request("/metrics", &["Host: twice"]), 400),
        (request("/metrics", &[&format!("X: {}", "x".repeat(8192))]), 431),
        ("\x16\x03\x01\x02".into(), 400),
    ] {
        // A request after it is not answered.
        let mut connection = Http::connect(metrics);
        connection.send(request.clone() + REQUEST);
        let response = connection.read();
        assert_eq!((response.status, response.header("connection")), (status, Some("close")), "{request:?}");
        assert!(response.text().ends_with('.') && !response.text().contains("instep_"), "{request:?}");
        connection.expect_end(SOON);
    }
    server.wait_for_line(|line| line.ends_with("allow it with --allow-host evil.test"), SOON);
    server.wait_for_line(|line| line.contains("the metrics") && line.contains("--allow-host"), SOON);
    let head = http(metrics, REQUEST.replacen("GET", "HEAD", 1));
    assert_eq!((head.status, head.text()), (200, ""));
    assert!(Scrape::of(metrics).0.len() > 40);
    // The server's own address has no metrics.
    assert_eq!(get(server.addr(), "/metrics").status, 404);
}

#[test]
fn held_metrics_connections_delay_only_scrapes() {
    let (server, metrics) = measured("echo");
    let mut silent: Vec<_> = (0..20).map(|_| Http::connect(metrics)).collect();
    for half in &mut silent[10..] {
        half.send("GET /metrics HTTP/1.1\r\nHost: lo");
    }
    let mut client = WebSocket::connect(server.addr(), "/ws");
    for number in 0..100 {
        client.send_text(&number.to_string());
        assert_eq!(client.read_text(), number.to_string());
    }
    // The first eight have to end first.
    silent[0].expect_end(SOON);
    drop(silent);
    assert_eq!(Scrape::of(metrics).value("instep_messages_received_total"), 100);
}

#[test]
fn metrics_are_off_by_default_and_need_free_address() {
    let server = serve(&["--app", "hello"]);
    assert!(!server.lines().iter().any(|line| line.contains("etrics")));
    let taken = server.addr().to_string();
    let command = Command::new(INSTEP)
        .args(["serve", "--addr", "127.0.0.1:0", "--metrics", &taken])
        .output()
        .expect("cannot run the command");
    let error = String::from_utf8_lossy(&command.stderr);
    assert_eq!(command.status.code(), Some(1), "{error}");
    assert!(error.contains(&taken) && error.contains("--metrics 127.0.0.1:PORT"), "{error}");
}
