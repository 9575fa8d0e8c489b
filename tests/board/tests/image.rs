//! The image in QEMU: pages, WebSockets in step,
//! its limits, and inputs that must not crash it.
//!
//! `Server` starts it and checks at the end of each test that it still runs; otherwise it shows the image's log.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use test_support::{Builder, Frame, Http, SOON, Server, WebSocket, http, opcode, wait_for};

/// Limits of the image: clients, bytes of a message and bytes of a head.
const CLIENTS: usize = 8;
const MESSAGE: usize = 512;
const HEAD: usize = 2048;

const ON: &str = r#"{"label":"ledStatus","value":"LED ON"}"#;
const OFF: &str = r#"{"label":"ledStatus","value":"LED OFF"}"#;

const PAGE: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

fn boot(app: &str) -> Server {
    boot_with(&["--app", app]).start()
}

fn boot_with(args: &[&str]) -> Builder {
    Server::with(args)
}

#[track_caller]
fn load(addr: SocketAddr) {
    let page = http(addr, PAGE);
    assert_eq!(page.status, 200);
    assert!(page.text().ends_with("</html>\n"), "the page is incomplete: {} bytes", page.body.len());
}

/// Connects as a disconnected page does, with retries until a slot is free.
fn reconnect(addr: SocketAddr) -> WebSocket {
    // A page treats a refused connection like a 503, and tries again a little later.
    let attempt = || thread::spawn(move || WebSocket::try_connect(addr, "/ws", &[])).join().ok()?.ok();
    wait_for(3 * SOON, attempt, || "no free slot")
}

#[test]
fn page_loads_and_two_clients_are_in_step() {
    let server = boot("led-json");
    load(server.addr());
    let mut clients = [(); 2].map(|()| WebSocket::connect(server.addr(), "/ws"));
    clients.iter_mut().for_each(|client| drop(client.read_text_until(|text| text == OFF)));
    for (sender, state) in [(0, ON), (1, OFF), (0, ON)] {
        clients[sender].send_text("toggle");
        clients.iter_mut().for_each(|client| drop(client.read_text_until(|text| text == state)));
    }
    // A late client gets the state first.
    WebSocket::connect(server.addr(), "/ws").read_text_until(|text| text == ON);
    server.expect_line("[1] Received: toggle");
    server.expect_line("LED ON");
    server.expect_line("The output led is simulated");
}

#[test]
fn every_application_boots() {
    let with_panel = ["soil", "thermometer", "push-button", "knob"];
    for app in ["hello", "toggle", "led-plain", "led-words", "led-state", "soft-ap"].iter().chain(&with_panel)
    {
        let server = boot(app);
        assert_eq!(http(server.addr(), PAGE).status, 200, "{app}");
        server.stop();
    }
}

#[test]
fn thousand_sequential_pages_load() {
    let server = boot("led-plain");
    for _ in 0..1000 {
        load(server.addr());
    }
}

#[test]
fn storm_of_reconnects_calms_down() {
    let server = boot("led-json");
    let addr = server.addr();
    load(addr);
    for round in 0..10 {
        let clients: Vec<_> = (0..CLIENTS).map(|_| thread::spawn(move || reconnect(addr))).collect();
        let mut clients: Vec<_> =
            clients.into_iter().map(|client| client.join().expect("the thread panicked")).collect();
        clients[round % CLIENTS].send_text("toggle");
        let state = if round % 2 == 0 { ON } else { OFF };
        clients.iter_mut().for_each(|client| drop(client.read_text_until(|text| text == state)));
    }
    load(addr);
}

#[test]
fn stalled_client_delays_no_other_and_is_dropped() {
    let server = boot("echo");
    let stalled = WebSocket::connect(server.addr(), "/ws");
    stalled.tcp().set_write_timeout(Some(Duration::from_secs(1))).expect("cannot set the timeout");
    let message = Frame::encode(true, 0, opcode::BINARY, Some([1, 2, 3, 4]), &[7; 65_536]);
    let mut tcp = stalled.tcp().try_clone().expect("cannot clone the socket");
    // Until all buffers are full, those of the image and those on the way.
    let mut sent = 0;
    while std::io::Write::write_all(&mut tcp, &message).is_ok() {
        sent += 1;
        assert!(sent < 10_000, "the image reads although its answers are not read");
    }
    let mut other = WebSocket::connect(server.addr(), "/ws");
    for number in 0..100 {
        let text = format!("number {number}");
        other.send_text(&text);
        assert_eq!(other.read_text(), text);
    }
    server.wait_for_line(|line| line == "[1] Dropped: it accepted nothing for 10 s", 3 * SOON);
    server.expect_line("[1] Disconnected");
    other.send_text("still here");
    assert_eq!(other.read_text(), "still here");
    drop(stalled);
}

#[test]
fn suspended_client_gets_latest_state() {
    let server = boot("led-plain");
    let (mut asleep, mut awake) =
        (WebSocket::connect(server.addr(), "/ws"), WebSocket::connect(server.addr(), "/ws"));
    assert_eq!((asleep.read_text(), awake.read_text()), ("0".into(), "0".into()));
    for number in 1..=2001 {
        awake.send_text("toggle");
        assert_eq!(awake.read_text(), if number % 2 == 1 { "1" } else { "0" });
    }
    asleep.send_ping(b"awake");
    let mut last = String::new();
    loop {
        let frame = asleep.read_frame(SOON);
        match frame.opcode {
            opcode::TEXT => last = frame.text().to_owned(),
            _ => break,
        }
    }
    assert_eq!(last, "1");
}

#[test]
fn lengths_beyond_32_bits_are_not_truncated() {
    let server = boot("led-json");
    for (length, code) in [
        (0x201, 1002),
        (0x1_0000, 1009),
        (0x1_0000_0000, 1009),
        (0x1_0000_0006, 1009),
        (0x7fff_ffff_ffff_ffff, 1009),
        (0x8000_0000_0000_0000, 1002),
        (u64::MAX, 1002),
    ] {
        let mut client = WebSocket::connect(server.addr(), "/ws");
        let mut frame = vec![0x81, 0xff];
        frame.extend(u64::to_be_bytes(length));
        frame.extend([0; 4]);
        frame.extend([b'a'; MESSAGE + 1]);
        client.send_raw(&frame);
        client.expect_close(code);
    }
    load(server.addr());
}

#[test]
fn image_limits_are_exact() {
    let server = boot("led-plain");
    let addr = server.addr();

    let mut client = WebSocket::connect(addr, "/ws");
    client.send_text(&"a".repeat(MESSAGE));
    client.send_text("toggle");
    client.read_text_until(|text| text == "1");
    client.send_text(&"a".repeat(MESSAGE + 1));
    client.expect_close(1009);

    let head = |length: usize| {
        let start = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: ";
        format!("{start}{}\r\n\r\n", "a".repeat(length - start.len() - 4))
    };
    assert_eq!(http(addr, head(HEAD)).status, 200);
    assert_eq!(http(addr, head(HEAD + 1)).status, 431);

    let clients: Vec<_> = (0..CLIENTS).map(|_| reconnect(addr)).collect();
    let refused = WebSocket::try_connect(addr, "/ws", &[]).expect_err("a client over the limit was accepted");
    assert_eq!(refused.status, 503);
    assert!(refused.header("Retry-After").is_some());
    load(addr);
    drop(clients);
    reconnect(addr).read_text_until(|text| text == "1");
}

/// The driver and the application are one task, and each has timers.
#[test]
fn application_waits_for_its_timer_beside_driver() {
    let server = boot("lamp");
    let mut client = WebSocket::connect(server.addr(), "/ws");
    for _ in 0..2 {
        // The timer of the application is due seven times, before that of the driver.
        let begun = Instant::now();
        client.send_text(r#"{"label":"blink","id":1}"#);
        client.read_text_until(|text| text.contains(r#""label":"ok""#));
        assert!(begun.elapsed() >= Duration::from_millis(7 * 250));
        // Then the driver's timer is due, although it was set before.
        client.read_text_until(|text| text.contains(r#""label":"alive""#));
    }
}

#[test]
fn idle_connection_is_evicted() {
    let server = boot("led-plain");
    let addr = server.addr();
    let mut kept = Vec::new();
    for _ in 0..20 {
        let mut connection = Http::connect(addr);
        connection.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(connection.read().status, 200);
        kept.push(connection);
    }
    load(addr);
    // Silent connections are evicted, too, after a while.
    let silent: Vec<_> = (0..4).map(|_| Http::connect(addr)).collect();
    thread::sleep(Duration::from_millis(500));
    load(addr);
    drop(silent);
}

#[test]
fn page_shows_whether_device_is_open_to_everyone() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/page.html");
    let server = boot_with(&["--app", "led-plain", "--page", page]).start();
    server.expect_line("There is no password: this device is open to everyone on this network");
    let shown = http(server.addr(), PAGE).text().to_owned();
    assert!(shown.contains("<p>open to everyone on this network</p>"), "{shown}");

    let server = boot_with(&["--app", "led-plain", "--page", page]).variable("INSTEP_PASSWORD", "x").start();
    let shown = http(server.addr(), PAGE.replace("Host", "Authorization: Bearer x\r\nHost"));
    assert!(shown.text().contains("<p></p>"), "{shown:?}");
    assert!(!server.lines().iter().any(|line| line.contains("open to everyone")));
}

#[test]
fn image_has_settings_of_its_build() {
    let image = std::env::var("INSTEP_IMAGE_WITH_SETTINGS")
        .expect("INSTEP_IMAGE_WITH_SETTINGS does not name an image");
    let server = boot_with(&[]).variable("INSTEP_IMAGE", image).start();
    let addr = server.addr();
    server.wait_for_line(|line| line.starts_with("instep ") && line.contains("application led-plain"), SOON);
    assert_eq!(http(addr, PAGE).status, 401);
    for (host, status) in
        [("lamp", 200), ("lamp.local", 200), ("lamp.test", 200), ("other.test", 200), ("instep", 421)]
    {
        let shown =
            PAGE.replace("Host: localhost", &format!("Authorization: Bearer open sesame\r\nHost: {host}"));
        let page = http(addr, shown);
        assert_eq!(page.status, status, "{host}");
        assert!(
            status != 200 || page.text().contains("<p></p>"),
            "the page is not the one that was built in"
        );
    }
}

#[test]
fn crash_ends_qemu_and_is_logged() {
    let launcher = std::env::var_os("INSTEP_BIN").expect("INSTEP_BIN does not name the launcher");
    let output = Command::new(launcher)
        .args(["serve", "--app", "none", "--addr", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .output()
        .expect("the launcher does not start");
    let log = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(log.contains("panicked") && log.contains(r#"unknown application "none""#), "{log}");
}
