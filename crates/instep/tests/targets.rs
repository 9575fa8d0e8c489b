//! Request targets: escaped names, whole
//! addresses, and OPTIONS, on the simulated link.

mod guarded;
mod link;
mod thing_request;
mod workshop;

use guarded::{Answer, exchange, get, guard, guarded, request};
use instep::Limits;
use link::{Simulation, inbox};
use thing_request::{JSON, ask};
use workshop::{Bench, simulation};

#[test]
fn escaped_names_are_equal_to_plain_names() {
    let mut simulation = simulation();
    let mut inbox = inbox(&simulation);
    Bench::new(simulation.device).led(true);
    for path in ["/properties/l%65d", "/%70roperties/led", "/properties/%6C%65%64", "/properties/%6c%65%64"] {
        assert_eq!(get(&mut simulation, path, "").body, "true", "{path}");
        let (command, answer) = ask(&mut simulation, &mut inbox, "PUT", path, JSON, "true", |_| ());
        assert_eq!((&*command, answer.status), ("Led(true)", 204), "{path}");
    }
    let (command, answer) = ask(&mut simulation, &mut inbox, "POST", "/actions/bl%69nk", "", "", |_| ());
    assert_eq!((&*command, answer.status), ("Blink", 204));
    assert_eq!(get(&mut simulation, "/properties/he%61t/h%69story", "").status, 200);
    assert_eq!(get(&mut simulation, "/.well-known/w%6ft", "").status, 200);
    for path in [
        "/properties%2Fled",
        "/properties%2fled",
        "/properties/led%00",
        "/properties/%00led",
        "/properties/l%2565d",
        "/properties/l%65%",
        "/properties/l%6",
        "/properties/l%g5d",
        "/properties/heat%2Fhistory",
        "/actions/blink%20",
        "%2Fproperties/led",
    ] {
        let status = get(&mut simulation, path, "").status;
        assert!(matches!(status, 404 | 400), "{path}: {status}");
    }
}

#[test]
fn escaped_paths_find_same_pages_behind_log_in() {
    let mut simulation = Simulation::new(Limits::DEVICE);
    assert_eq!(get(&mut simulation, "/scr%69pt.js", "").body, "let on;");
    assert_eq!(get(&mut simulation, "/an%79/a%20b", "").body, "a%20b", "the rest of a path was unescaped");
    for path in
        ["/script%2Ejs%00", "/script.js%", "/script.js%2", "/%2Fscript.js", "/scr%2569pt.js", "/any%2Fx"]
    {
        assert_eq!(get(&mut simulation, path, "").status, 404, "{path}");
    }
    let mut simulation = guarded();
    for path in ["/scr%69pt.js", "/%6Cogin", "/healt%68z", "/script.js%2F..%2Flogin"] {
        assert_eq!(get(&mut simulation, path, "").status, 401, "{path}");
    }
}

#[test]
fn absolute_target_is_checked_as_host() {
    let at = |simulation: &mut Simulation, target: &str, host: &str| {
        exchange(simulation, &format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n")).status
    };
    let mut simulation = Simulation::new(Limits::DEVICE);
    for scheme in ["http", "https", "ws", "wss", "HTTP"] {
        assert_eq!(at(&mut simulation, &format!("{scheme}://lamp/script.js"), "evil.test"), 200, "{scheme}");
        assert_eq!(at(&mut simulation, &format!("{scheme}://evil.test/script.js"), "lamp"), 421, "{scheme}");
        assert_eq!(at(&mut simulation, &format!("{scheme}:///script.js"), "lamp"), 400, "{scheme}");
        assert_eq!(at(&mut simulation, &format!("{scheme}://lamp@evil.test/"), "lamp"), 400, "{scheme}");
    }
    assert_eq!(at(&mut simulation, "ftp://lamp/script.js", "lamp"), 400);
    assert_eq!(at(&mut simulation, "lamp:80", "lamp"), 400);
    let upgrade = link::upgrade("ws://lamp/ws").replace("Host: lamp", "Host: proxy.test");
    assert_eq!(exchange(&mut simulation, &upgrade).status, 101);
    // The Origin of the page is compared with it, too.
    let page = |target: &str, origin: &str| {
        let headers = format!("Host: lamp\r\nOrigin: {origin}\r\nHost");
        exchange(
            &mut Simulation::new(Limits::DEVICE),
            &link::upgrade(target).replace("Host: lamp", &headers[..headers.len() - 6]),
        )
        .status
    };
    assert_eq!(page("ws://lamp/ws", "http://lamp"), 101);
    assert_eq!(page("ws://192.0.2.1/ws", "http://lamp"), 403);
    assert_eq!(page("ws://192.0.2.1/ws", "http://192.0.2.1"), 101);
}

fn options(simulation: &mut Simulation, path: &str) -> Answer {
    request(simulation, "OPTIONS", path, "", "")
}

#[test]
fn options_lists_allowed_methods() {
    let mut bench = simulation();
    for (path, methods) in [
        ("/properties/led", "GET, HEAD, PUT, OPTIONS"),
        ("/properties/heat", "GET, HEAD, OPTIONS"),
        ("/properties/heat/history", "GET, HEAD, OPTIONS"),
        ("/properties", "GET, HEAD, PUT, OPTIONS"),
        ("/properties/led/events", "GET, HEAD, OPTIONS"),
        ("/properties/l%65d/%65vents", "GET, HEAD, OPTIONS"),
        ("/events/said", "GET, HEAD, OPTIONS"),
        ("/actions/blink", "POST, OPTIONS"),
        ("/events", "GET, HEAD, OPTIONS"),
        ("/.well-known/wot", "GET, HEAD, OPTIONS"),
        ("/ws", "GET, HEAD, OPTIONS"),
        ("/healthz", "GET, HEAD, OPTIONS"),
        ("*", "GET, HEAD, POST, PUT, OPTIONS"),
    ] {
        let answer = options(&mut bench, path);
        assert_eq!(
            (answer.status, answer.header("Allow"), &*answer.body),
            (204, Some(methods), ""),
            "{path}"
        );
        assert_eq!(answer.header("Content-Length"), None);
    }
    for path in ["/nowhere", "/properties/nothing", "/actions/led"] {
        assert_eq!(options(&mut bench, path).status, 404, "{path}");
    }
    let mut plain = Simulation::new(Limits::DEVICE);
    assert_eq!(options(&mut plain, "/").header("Allow"), Some("GET, HEAD, OPTIONS"));
    assert_eq!(options(&mut plain, "/properties/led").status, 404);
    assert_eq!(plain.device.clients(), 0);
}

/// HAProxy's `option httpchk` sends this request,
/// and marks a server down if the answer differs.
#[test]
fn options_needs_no_log_in_and_no_host_in_http_1_0() {
    for mut simulation in [Simulation::new(Limits::DEVICE), guarded(), guard(simulation())] {
        for target in ["/", "*"] {
            let answer = exchange(&mut simulation, &format!("OPTIONS {target} HTTP/1.0\r\n\r\n"));
            assert!(answer.status == 204 || (answer.status == 404 && target == "/"), "{}", answer.all);
            assert_eq!(answer.header("Connection"), Some("close"));
        }
    }
    // With a log-in, the response does not reveal which paths exist.
    let mut simulation = guard(simulation());
    for path in ["/", "/properties/led", "/nowhere", "/login"] {
        let answer = options(&mut simulation, path);
        assert_eq!(
            (answer.status, answer.header("Allow")),
            (204, Some("GET, HEAD, POST, PUT, OPTIONS")),
            "{path}"
        );
    }
    // Host and Origin are checked as usual.
    assert_eq!(exchange(&mut simulation, "OPTIONS / HTTP/1.1\r\nHost: evil.test\r\n\r\n").status, 421);
    assert_eq!(exchange(&mut simulation, "OPTIONS / HTTP/1.1\r\n\r\n").status, 400);
    assert_eq!(request(&mut simulation, "OPTIONS", "/", "Origin: http://evil.test\r\n", "").status, 403);
}
