//! A device with a password in a frame of another site's page
//! (`Access::frames`): the cookie of its log-in, and the
//! limits of the page around the frame. On the simulated link.

mod guarded;
mod link;
mod thing_request;
mod workshop;

use guarded::*;
use instep::Access;
use instep::access::Origins;
use link::{Simulation, inbox, upgrade};
use thing_request::JSON;
use workshop::{asked, simulation};

const FRAMED: &str = "Sec-Fetch-Dest: iframe\r\nSec-Fetch-Mode: navigate\r\n";

static FRAME: Access = Access::new("lamp").with_frames(&["https://dash.test"]).with_ports(&[443]);
static BOTH: Access = FRAME.with_origins(Origins::of(&["https://dash.test"]));
static NEITHER: Access = FRAME.with_frames(&[]);

/// Sends a request, over TLS if `secure`.
fn send(simulation: &mut Simulation, secure: bool, request: &str) -> Answer {
    let mut peer = simulation.client_of(link::connection().with_local_port(443).encrypted(secure));
    exchange_with(simulation, &mut peer, request)
}

fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nHost: lamp\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
}

#[test]
fn cross_site_cookie_needs_allowed_frame_and_tls() {
    let mut simulation = guard(simulation());
    for (access, secure, headers, attributes) in [
        (&FRAME, true, FRAMED, "SameSite=None; Secure; Partitioned"),
        (&FRAME, true, "Sec-Fetch-Dest: document\r\n", "SameSite=Strict; Secure"),
        (&FRAME, true, "Sec-Fetch-Dest: empty\r\n", "SameSite=Strict; Secure"),
        (&FRAME, true, "", "SameSite=Strict; Secure"),
        (&FRAME, false, FRAMED, "SameSite=Strict"),
        (&NEITHER, true, FRAMED, "SameSite=Strict; Secure"),
    ] {
        simulation.access = access;
        for (path, form) in [("/login", FORM), ("/logout", "")] {
            let own = if secure { "https://lamp" } else { "http://lamp" };
            let headers = format!("{headers}Origin: {own}\r\nSec-Fetch-Site: same-origin\r\n");
            let answer = send(&mut simulation, secure, &request("POST", path, &headers, form));
            let cookie = answer.header("Set-Cookie").expect("no cookie was set");
            assert!(cookie.ends_with(&format!("; HttpOnly; {attributes}")), "{cookie} at {headers}");
        }
    }
}

#[test]
fn framed_log_in_page_detects_lost_cookie() {
    let mut simulation = guard(simulation());
    for (access, secure, headers, script) in [
        (&FRAME, false, "", true),
        (&FRAME, false, FRAMED, true),
        (&FRAME, true, "Sec-Fetch-Dest: document\r\n", true),
        (&FRAME, true, FRAMED, false),
        (&NEITHER, false, "", false),
        (&NEITHER, true, FRAMED, false),
    ] {
        simulation.access = access;
        for answer in [
            send(&mut simulation, secure, &request("GET", "/login", headers, "")),
            send(&mut simulation, secure, &request("POST", "/login", headers, "password=wrong")),
        ] {
            let policy = answer.header("Content-Security-Policy").expect("no content security policy");
            let frames = if access.frames.is_empty() { "'self'" } else { "'self' https://dash.test" };
            assert!(policy.ends_with(&format!("; frame-ancestors {frames}")), "{policy}");
            assert_eq!(
                answer.header("X-Frame-Options").is_some(),
                access.frames.is_empty(),
                "{}",
                answer.all
            );
            assert_eq!(policy.contains("; script-src 'sha256-"), script, "{policy}");
            assert_eq!(answer.body.contains("<script>"), script, "{}", answer.body);
            // Without script, too, there is a link out of the frame.
            assert_eq!(answer.body.contains("target=\"_blank\""), script, "{}", answer.body);
            assert!(!policy.contains("unsafe"), "{policy}");
        }
    }
}

#[test]
fn embedding_page_cannot_use_cookie_of_frame() {
    let own = format!("Origin: https://lamp\r\nSec-Fetch-Site: same-origin\r\n{FRAMED}");
    // The browser sends the cookie with each request of the embedding page, because the cookie is partitioned
    // by that site.
    for access in [&FRAME, &BOTH] {
        let mut simulation = guard(simulation());
        simulation.access = access;
        let mut inbox = inbox(&simulation);
        let entered = send(&mut simulation, true, &request("POST", "/login", &own, FORM));
        let cookie = entered
            .header("Set-Cookie")
            .and_then(|cookie| cookie.split_once(';'))
            .expect("no cookie was set")
            .0;
        let cookie = format!("Cookie: {cookie}\r\n");
        let outer = format!("{cookie}Origin: https://dash.test\r\nSec-Fetch-Site: cross-site\r\n");
        let (cors, plain) = ("Sec-Fetch-Mode: cors\r\n", "Sec-Fetch-Mode: no-cors\r\n");
        let form = "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n";
        // Write, log out, log in, follow, read.
        for (method, path, headers) in [
            ("PUT", "/properties/led", format!("{JSON}{outer}{cors}")),
            ("POST", "/actions/blink", format!("{outer}{plain}")),
            ("POST", "/actions/blink", format!("{outer}{form}")),
            ("POST", "/logout", format!("{outer}{form}")),
            ("POST", "/login", format!("{outer}{form}")),
            ("GET", "/events", format!("{outer}{cors}")),
            ("GET", "/properties", format!("{outer}{cors}")),
            ("GET", "/", format!("{outer}{cors}")),
            // An image or a script is requested without Origin.
            ("GET", "/properties", format!("{cookie}Sec-Fetch-Site: cross-site\r\n{plain}")),
            ("GET", "/instep.js", format!("{cookie}Sec-Fetch-Site: cross-site\r\n{plain}")),
            // A sandboxed frame.
            (
                "POST",
                "/actions/blink",
                format!("{cookie}Origin: null\r\nSec-Fetch-Site: cross-site\r\n{form}"),
            ),
        ] {
            let body = if path == "/login" {
                FORM
            } else if method == "PUT" {
                "true"
            } else {
                ""
            };
            let answer = send(&mut simulation, true, &request(method, path, &headers, body));
            assert!(matches!(answer.status, 401 | 403), "{method} {path} {headers}: {}", answer.all);
            assert_eq!(answer.header("Set-Cookie"), None, "{method} {path}");
            assert_eq!(answer.header("Access-Control-Allow-Credentials"), None);
            assert!(!answer.all.contains("\"led\""), "{}", answer.all);
        }
        let mut peer = simulation.client_of(link::connection().with_local_port(443).encrypted(true));
        peer.send(
            &mut simulation,
            upgrade("/ws").replacen("\r\n\r\n", &format!("\r\n{outer}\r\n"), 1).as_bytes(),
        );
        let refused = String::from_utf8(peer.take()).expect("not UTF-8");
        assert!(refused.starts_with("HTTP/1.1 40"), "{refused}");
        assert_eq!(asked(&simulation, &mut inbox), None, "a request reached the application");

        // The page in the frame stays logged in.
        let inside = format!("{cookie}Origin: https://lamp\r\nSec-Fetch-Site: same-origin\r\n");
        assert_eq!(send(&mut simulation, true, &request("GET", "/properties", &inside, "")).status, 200);
        let link = format!("{cookie}Sec-Fetch-Site: cross-site\r\n{FRAMED}");
        assert_ne!(
            send(&mut simulation, true, &request("GET", "/", &link, "")).status,
            303,
            "the framed page has to log in again"
        );
    }
}
