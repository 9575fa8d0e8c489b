//! Allowed pages from other origins (WHATWG Fetch, CORS protocol): the headers for
//! their browsers, and what stays forbidden. On the simulated link.

mod guarded;
mod link;
mod thing_request;
mod workshop;

use guarded::*;
use instep::access::Origins;
use instep::{Access, Limits};
use link::{REQUESTS, Simulation, inbox};
use thing_request::{JSON, ask, request_text};
use workshop::{APP, asked, simulation};

const ELSEWHERE: &str = "Origin: http://panel.test\r\n";
const ALLOWED: &[&str] = &["HTTP://Panel.test:80", "capacitor://localhost", "null", "https://[::1]:8443"];

static OPEN: Access = Access::new("lamp").with_origins(Origins::of(ALLOWED)).with_ports(&[80, 81]);
static CLOSED_TO_ALL: Access = Access::new("lamp").with_ports(&[80, 81]);

fn open(mut simulation: Simulation) -> Simulation {
    simulation.access = &OPEN;
    simulation
}

/// Returns the origins that a response allows to read it.
#[track_caller]
fn shared_with(answer: &Answer) -> Option<String> {
    assert!(!answer.all.contains("Allow-Credentials"), "{}", answer.all);
    let origin = answer.header("Access-Control-Allow-Origin").map(str::to_owned);
    let exposed = answer.header("Access-Control-Expose-Headers");
    assert_eq!(
        exposed,
        origin.as_ref().map(|_| "Retry-After, ETag, Location, Allow, Instep-Revision"),
        "{}",
        answer.all
    );
    assert!(answer.all.contains("\r\nVary: Origin\r\n"), "{}", answer.all);
    origin
}

#[test]
fn each_address_is_readable_by_allowed_origins() {
    let mut simulation = open(simulation());
    for path in [
        "/",
        "/properties",
        "/properties/led",
        "/properties/heat/history",
        "/.well-known/wot",
        "/nowhere",
        "/healthz",
        "/ws",
    ] {
        for (origin, said) in [
            ("http://panel.test", Some("http://panel.test")),
            ("capacitor://localhost", Some("capacitor://localhost")),
            ("null", Some("null")),
            ("https://[::1]:8443", Some("https://[::1]:8443")),
            ("http://evil.test", None),
            ("https://panel.test", None),
            ("CAPACITOR://localhost", None),
        ] {
            let answer = get(&mut simulation, path, &format!("Origin: {origin}\r\n"));
            assert_eq!(shared_with(&answer).as_deref(), said, "{path} {origin}");
        }
        // A cached copy for the device's own page is not valid for another origin.
        assert_eq!(shared_with(&get(&mut simulation, path, "")), None, "{path}");
        let mut none = workshop::simulation();
        let answer = get(&mut none, path, ELSEWHERE);
        assert!(!answer.all.contains("Access-Control") && !answer.all.contains("Origin"), "{}", answer.all);
    }
    let mut listener = simulation.client();
    listener
        .send(&mut simulation, format!("GET /events HTTP/1.1\r\nHost: lamp\r\n{ELSEWHERE}\r\n").as_bytes());
    let text = String::from_utf8(listener.take()).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.contains("\r\n\r\nretry: "), "{text}");
    assert!(text.contains("\r\nAccess-Control-Allow-Origin: http://panel.test\r\n"), "{text}");
}

#[test]
fn not_modified_response_has_cors_headers() {
    let mut simulation = open(simulation());
    let first = get(&mut simulation, "/.well-known/wot", ELSEWHERE);
    let etag = first.header("ETag").expect("no ETag").to_owned();
    let again = get(&mut simulation, "/.well-known/wot", &format!("{ELSEWHERE}If-None-Match: {etag}\r\n"));
    assert_eq!((again.status, shared_with(&again).as_deref()), (304, Some("http://panel.test")));
}

#[test]
fn writes_and_errors_are_readable_by_allowed_origin() {
    let mut simulation = open(simulation());
    let mut inbox = inbox(&simulation);
    let json = format!("{JSON}{ELSEWHERE}");
    let led = "/properties/led";
    for (method, path, headers, body, status) in [
        ("PUT", led, &json, "true", 204),
        ("POST", "/actions/blink", &ELSEWHERE.to_owned(), "", 204),
        ("PUT", led, &json, "tru", 400),
        ("PUT", "/properties/door", &json, "1", 405),
        ("PUT", led, &ELSEWHERE.to_owned(), "true", 415),
        ("PUT", led, &json, &"1".repeat(1_000), 413),
        ("PUT", "/properties/nothing", &json, "1", 404),
        ("DELETE", led, &json, "", 405),
    ] {
        let (_, answer) = ask(&mut simulation, &mut inbox, method, path, headers, body, |_| {});
        assert_eq!(answer.status, status, "{method} {path} {}", answer.all);
        assert_eq!(shared_with(&answer).as_deref(), Some("http://panel.test"), "{}", answer.all);
    }
    let (_, refused) =
        ask(&mut simulation, &mut inbox, "POST", "/actions/blink", ELSEWHERE, "", |responder| {
            responder.refuse("no");
        });
    assert_eq!((refused.status, shared_with(&refused).as_deref()), (409, Some("http://panel.test")));
}

#[test]
fn unavailable_response_is_readable_by_allowed_origin() {
    let mut simulation = open(simulation());
    let mut inbox = inbox(&simulation);
    let text = request_text("PUT", "/properties/level", &format!("{JSON}{ELSEWHERE}"), "7");
    let mut waiting: Vec<_> = (0..REQUESTS).map(|_| simulation.client()).collect();
    for peer in &mut waiting {
        peer.send(&mut simulation, text.as_bytes());
        assert!(peer.received.is_empty());
    }
    let full = exchange(&mut simulation, &text);
    assert_eq!((full.status, full.header("Retry-After")), (503, Some("5")));
    assert_eq!(shared_with(&full).as_deref(), Some("http://panel.test"));
    // The application does not answer in time.
    assert!(asked(&simulation, &mut inbox).is_some());
    simulation.now += 5_000;
    let late = exchange_with(&mut simulation, &mut waiting[0], "");
    assert_eq!((late.status, shared_with(&late).as_deref()), (503, Some("http://panel.test")));

    // All client slots are taken.
    let mut simulation = open(Simulation::with_app(&APP, Limits::DEVICE.with_clients(1)));
    let _client = workshop::open(&mut simulation);
    let events = get(&mut simulation, "/events", ELSEWHERE);
    assert_eq!((events.status, shared_with(&events).as_deref()), (503, Some("http://panel.test")));
}

/// Returns the status of a handshake.
fn socket(simulation: &mut Simulation, headers: &str) -> String {
    let mut peer = simulation.client();
    peer.send(
        simulation,
        link::upgrade("/ws").replacen("\r\n\r\n", &format!("\r\n{headers}\r\n"), 1).as_bytes(),
    );
    String::from_utf8_lossy(&peer.take()).get(9..12).unwrap_or_default().into()
}

fn preflight(simulation: &mut Simulation, path: &str, headers: &str) -> Answer {
    let asks = "Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: content-type\r\n";
    request(simulation, "OPTIONS", path, &format!("{asks}{headers}"), "")
}

#[test]
fn preflight_needs_no_log_in_but_a_known_host() {
    let mut simulation = open(guard(simulation()));
    for path in ["/properties/led", "/actions/blink", "/nowhere", "/ws", "/"] {
        let answer = preflight(&mut simulation, path, ELSEWHERE);
        assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{}", answer.all);
        assert_eq!(shared_with(&answer).as_deref(), Some("http://panel.test"));
        assert_eq!(answer.header("Access-Control-Allow-Methods"), Some("GET, HEAD, POST, PUT"));
        let headers = Some("Authorization, Content-Type, Last-Event-ID");
        assert_eq!(answer.header("Access-Control-Allow-Headers"), headers);
        assert_eq!(answer.header("Access-Control-Max-Age"), Some("600"));
        assert_eq!((answer.header("Content-Length"), answer.header("Connection")), (None, None));
        assert_eq!(answer.header("Access-Control-Allow-Private-Network"), None);
    }
    let private = format!("{ELSEWHERE}Access-Control-Request-Private-Network: true\r\n");
    let answer = preflight(&mut simulation, "/", &private);
    assert_eq!(answer.header("Access-Control-Allow-Private-Network"), Some("true"));

    let refused = preflight(&mut simulation, "/properties/led", "Origin: http://evil.test\r\n");
    assert_eq!((refused.status, shared_with(&refused)), (403, None));
    let rebound = format!(
        "OPTIONS / HTTP/1.1\r\nHost: evil.test\r\n{ELSEWHERE}Access-Control-Request-Method: PUT\r\n\r\n"
    );
    assert_eq!(exchange(&mut simulation, &rebound).status, 421);
    // No preflight, a page of the device itself, or no origin allowed: the usual answer to OPTIONS.
    for answer in [
        request(&mut simulation, "OPTIONS", "/properties/led", ELSEWHERE, ""),
        preflight(&mut simulation, "/properties/led", "Origin: http://lamp\r\n"),
        preflight(&mut simulation, "/properties/led", ""),
        preflight(&mut workshop::simulation(), "/properties/led", "Origin: http://lamp\r\n"),
    ] {
        assert_eq!(answer.header("Access-Control-Allow-Methods"), None, "{}", answer.all);
    }
}

#[test]
fn request_from_unreadable_origin_has_no_effect() {
    let mut simulation = simulation();
    let mut inbox = inbox(&simulation);
    for (access, origin, done) in [
        (&OPEN, "http://panel.test", true),
        (&OPEN, "http://lamp", true),
        (&OPEN, "http://evil.test", false),
        // The same device at another port: a WebSocket opens, but no response can be read.
        (&OPEN, "http://lamp:81", false),
        (&CLOSED_TO_ALL, "http://lamp:81", false),
        (&CLOSED_TO_ALL, "http://lamp", true),
        (&CLOSED_TO_ALL, "https://lamp", true),
        (&CLOSED_TO_ALL, "http://panel.test", false),
    ] {
        simulation.access = access;
        let origin = format!("Origin: {origin}\r\n");
        let (did, answer) = ask(&mut simulation, &mut inbox, "POST", "/actions/blink", &origin, "", |_| {});
        assert_eq!((did == "Blink", answer.status == 204), (done, done), "{origin} {}", answer.all);
        assert!(done || answer.status == 403, "{}", answer.all);
    }
    simulation.access = &CLOSED_TO_ALL;
    assert_eq!(socket(&mut simulation, "Origin: http://lamp:81\r\n"), "101");
}

#[test]
fn cross_origin_request_with_cookie_has_no_session() {
    let mut simulation = open(guard(simulation()));
    let mut inbox = inbox(&simulation);
    let cookie = log_in(&mut simulation, "");
    let with = |origin: &str| format!("{cookie}Origin: {origin}\r\n");
    assert_eq!(get(&mut simulation, "/properties/led", &with("http://lamp")).status, 200);
    assert_eq!(
        socket(&mut simulation, &with("http://lamp:81")),
        "101",
        "the device's own page at another port is rejected"
    );
    let panel = with("http://panel.test");
    for path in ["/", "/properties", "/properties/led", "/events", "/.well-known/wot"] {
        let answer = get(&mut simulation, path, &panel);
        assert_eq!(
            (answer.status, shared_with(&answer).as_deref()),
            (401, Some("http://panel.test")),
            "{path}"
        );
        // An origin that is not allowed cannot read anything, and gets nothing.
        assert!(matches!(get(&mut simulation, path, &with("http://evil.test")).status, 401 | 403), "{path}");
    }
    assert_eq!(socket(&mut simulation, &panel), "401");
    assert_eq!(socket(&mut simulation, &with("http://evil.test")), "403");
    assert_eq!(
        request(&mut simulation, "PUT", "/properties/led", &format!("{JSON}{panel}"), "true").status,
        401
    );
    assert_eq!(asked(&simulation, &mut inbox), None);
    // It gets no cookie, and none is deleted.
    for origin in ["http://panel.test", "http://evil.test"] {
        for (path, body) in [("/login", FORM), ("/logout", "")] {
            let answer = post(&mut simulation, path, &with(origin), body);
            assert_eq!((answer.status, answer.header("Set-Cookie")), (403, None), "{path} {origin}");
        }
    }
    assert_eq!(get(&mut simulation, "/properties/led", &cookie).status, 200, "the session ended");
    // It sends the password with each request.
    let tool = format!("{ELSEWHERE}{BASIC}\r\n");
    let answer = get(&mut simulation, "/properties/led", &tool);
    assert_eq!((answer.status, shared_with(&answer).as_deref()), (200, Some("http://panel.test")));
    // Wrong passwords get Retry-After, which it may read as well.
    for _ in 0..5 {
        get(&mut simulation, "/properties/led", &format!("{ELSEWHERE}Authorization: Bearer x\r\n"));
    }
    let wait = get(&mut simulation, "/properties/led", &format!("{ELSEWHERE}Authorization: Bearer x\r\n"));
    assert_eq!((wait.status, shared_with(&wait).as_deref()), (429, Some("http://panel.test")));
    assert_eq!(wait.header("Retry-After"), Some("60"));
}

#[test]
fn upgrade_probe_is_readable_by_every_origin() {
    let mut simulation = open(guard(simulation()));
    let why = get(&mut simulation, "/ws?why=http%3A%2F%2Fpanel.test", ELSEWHERE);
    assert_eq!((why.status, why.header("Access-Control-Allow-Origin")), (401, Some("*")));
    let why = get(&mut simulation, "/ws?why=http%3A%2F%2Fevil.test", "Origin: http://evil.test\r\n");
    assert_eq!((why.status, why.header("Access-Control-Allow-Origin")), (403, Some("*")));
}
