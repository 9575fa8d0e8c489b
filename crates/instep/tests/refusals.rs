//! Log lines of refused requests, and the advice in them.

mod link;

use instep::access::{AllowHints, Origins, is_host_name, is_origin};
use instep::{Access, Limits};
use link::{APP, PEER, Simulation, upgrade};
use log::{Log, Metadata, Record};
use std::cell::RefCell;

struct Lines;

thread_local! {
    /// Each test has its own thread.
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        LINES.with(|lines| lines.borrow_mut().push(record.args().to_string()));
    }

    fn flush(&self) {}
}

fn listen() {
    // Another test may have been first.
    let _ = log::set_logger(&Lines);
    log::set_max_level(log::LevelFilter::Info);
}

fn lines() -> Vec<String> {
    LINES.with(RefCell::take)
}

/// Returns the status of a handshake, and the log lines.
fn handshake(access: Access, host: &str, origin: Option<&str>) -> (String, Vec<String>) {
    let mut simulation = Simulation::new(Limits::DEVICE);
    simulation.access = Box::leak(Box::new(access));
    let mut peer = simulation.client();
    let origin = origin.map_or(String::new(), |origin| format!("Origin: {origin}\r\n"));
    let request = upgrade("/ws").replacen("Host: lamp", &format!("Host: {host}"), 1);
    let request = request.strip_suffix("\r\n").expect("no head");
    lines();
    peer.send(&mut simulation, format!("{request}{origin}\r\n").as_bytes());
    let answer = String::from_utf8_lossy(&peer.received).into_owned();
    (answer.get(9..12).unwrap_or_default().into(), lines())
}

/// Returns the value that a log line offers after `way_in`, as a shell reads it.
fn offered(lines: &[String], way_in: &str) -> Option<&'static str> {
    let line = lines.iter().find(|line| line.starts_with("Refused "))?;
    let (_, offer) = line.split_once(way_in)?;
    let bare = offer.strip_prefix('\'').and_then(|offer| offer.strip_suffix('\'')).unwrap_or(offer);
    Some(bare.to_owned().leak())
}

fn lamp(hints: AllowHints) -> Access {
    Access::new("lamp").with_hints(hints).with_ports(&[80])
}

#[test]
fn host_offered_by_log_lets_request_in() {
    listen();
    let long = format!("{}.test", "a".repeat(200));
    for hints in [AllowHints::FLAGS, AllowHints::BUILD, AllowHints::SOURCE] {
        for (host, can) in [
            ("lamp.fritz.box", true),
            ("lamp.fritz.box.:8080", true),
            ("HOME.example", true),
            ("evil.test:", true),
            (&*long, true),
            ("1.2.3", true),
            ("fe80", true),
            ("", false),
            (":80", false),
            ("lamp:99999", false),
            ("lamp:http", false),
            ("[fe80::1%eth0", false),
            ("fe80::1", false),
            ("-x", false),
            ("a b", false),
            ("a$(reboot)", false),
        ] {
            let (status, said) = handshake(lamp(hints), host, None);
            assert_eq!(status, "421", "{host}");
            let name = offered(&said, hints.host);
            assert_eq!(name.is_some(), can, "{host}: {said:?}");
            let Some(name) = name else { continue };
            assert!(is_host_name(name), "{name}");
            let access = lamp(hints).with_hosts(vec![name].leak());
            assert_eq!(handshake(access, host, None).0, "101", "{host} by {name}");
        }
    }
    for host in ["[fe80::1%eth0]", "[fe80::1%eth0]:8080", "lamp:", "lamp.lan"] {
        assert_eq!(
            handshake(lamp(AllowHints::FLAGS), host, None),
            ("101".into(), vec![connected()]),
            "{host}"
        );
    }
}

fn connected() -> String {
    format!("[1] Connected from {PEER}")
}

#[test]
fn origin_offered_by_log_lets_only_its_pages_in() {
    listen();
    let long = format!("chrome-extension://{}", "a".repeat(200));
    let origins = [
        ("http://panel.test", true),
        ("HTTP://Panel.test:80", true),
        ("http://panel.test:99999", true),
        ("http://[fe80::1]:81", true),
        ("http://lamp:3000", true),
        ("null", true),
        ("file://", true),
        ("file:///", true),
        ("capacitor://localhost", true),
        ("capacitor://lamp", true),
        ("chrome-extension://abcdefghijklmnopabcdefghijklmnop", true),
        ("ws://lamp", true),
        ("app://.", true),
        ("http://a;b&c", true),
        ("http://a$(reboot)", true),
        ("https://github.com/gilmaimon/TinyWebsockets", true),
        (&*long, true),
        ("", false),
        ("lamp", false),
        ("nulls", false),
        ("http://", false),
        ("http://panel.test/", false),
        ("http://a, http://b", false),
        ("file:// x", false),
        ("://", false),
    ];
    for hints in [AllowHints::FLAGS, AllowHints::BUILD, AllowHints::SOURCE] {
        for (origin, can) in origins {
            let (status, said) = handshake(lamp(hints), "lamp", Some(origin));
            assert_eq!(status, "403", "{origin}");
            let allowed = offered(&said, hints.origin);
            assert_eq!(allowed.is_some(), can, "{origin}: {said:?}");
            let Some(allowed) = allowed else { continue };
            assert!(is_origin(allowed), "{allowed}");
            let access = lamp(hints).with_origins(Origins::of(vec![allowed].leak()));
            for (other, _) in origins {
                let status = if same(other, origin) { "101" } else { "403" };
                assert_eq!(handshake(access, "lamp", Some(other)).0, status, "{other} by {allowed}");
            }
            let wide = said.iter().any(|line| line.contains("which all pages from files"));
            assert_eq!(wide, origin == "null" || origin.starts_with("file:"), "{said:?}");
        }
    }
}

/// Schemes and hosts of HTTP are case-insensitive,
/// and their default port may be left out.
fn same(a: &str, b: &str) -> bool {
    let bare = |origin: &str| match origin.to_ascii_lowercase() {
        http if http.starts_with("http") => http.trim_end_matches(":80").to_owned(),
        _ => origin.to_owned(),
    };
    bare(a) == bare(b)
}

#[test]
fn own_page_must_have_http_or_https_origin() {
    listen();
    for origin in ["capacitor://lamp", "ws://lamp", "file://lamp", "app://lamp:80", "http://", "http://:80"] {
        assert_eq!(handshake(lamp(AllowHints::FLAGS), "lamp", Some(origin)).0, "403", "{origin}");
    }
}

#[test]
fn full_network_logs_its_own_number_of_slots() {
    listen();
    let limits = Limits::DEVICE.with_clients(3);
    let mut simulation = Simulation::with_networks(&APP, limits, 2);
    let _clients = [simulation.open("/ws"), simulation.open("/ws")];
    lines();
    let mut late = simulation.client();
    late.send(&mut simulation, upgrade("/ws").as_bytes());
    assert!(late.received.starts_with(b"HTTP/1.1 503 "));
    assert_eq!(lines(), [format!("Refused {PEER}: all 2 places are taken")]);
    simulation.follower = 1;
    let _client = simulation.open("/ws");
}
