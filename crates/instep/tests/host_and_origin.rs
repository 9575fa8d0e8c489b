//! Host and Origin checks of every request (docs/contracts.md section 5), one row
//! for each case of a browser, a program or a proxy.

mod link;

use instep::access::{HttpsRedirect, Origins};
use instep::{Access, Limits};
use link::{Simulation, upgrade};

/// A device with the name lamp on the ports 80 and 81.
const LAMP: Access = Access::new("lamp").with_ports(&[80, 81]);

const IMAGE: &[&str] = &["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"];
const LINK: &[&str] = &["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"];

/// The same device in its own Wi-Fi network.
const OWN_NETWORK: Access = LAMP.with_portal("http://192.168.4.1/");

/// Returns the status of a WebSocket handshake from a page.
fn socket(access: &'static Access, host: &str, headers: &[&str]) -> u16 {
    ask(access, &upgrade("/ws").replacen("lamp", host, 1), headers)
}

/// Returns the status of any other request.
fn request(access: &'static Access, line: &str, host: &str, headers: &[&str]) -> u16 {
    ask(access, &format!("{line} HTTP/1.1\r\nHost: {host}\r\n\r\n"), headers)
}

fn ask(access: &'static Access, request: &str, headers: &[&str]) -> u16 {
    let answer = answer(access, request, headers);
    let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    status.unwrap_or_else(|| panic!("{answer}"))
}

fn answer(access: &'static Access, request: &str, headers: &[&str]) -> String {
    let mut simulation = Simulation::new(Limits::DEVICE);
    simulation.access = access;
    let mut peer = simulation.client();
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let head = request.strip_suffix("\r\n").expect("no head");
    peer.send(&mut simulation, format!("{head}{headers}\r\n").as_bytes());
    String::from_utf8_lossy(&peer.received).into_owned()
}

#[test]
fn websocket_needs_own_host_and_allowed_origin() {
    static OPEN: Access =
        LAMP.with_hosts(&["home.example"]).with_origins(Origins::of(&["null", "https://panel.example"]));
    for (access, host, origin, status) in [
        // No browser.
        (&LAMP, "lamp", None, 101),
        // The page's own host, in any notation.
        (&LAMP, "lamp", Some("http://lamp"), 101),
        (&LAMP, "LAMP.Local", Some("http://lamp.local"), 101),
        (&LAMP, "lamp.local.", Some("http://lamp.local."), 101),
        (&LAMP, "192.168.0.7", Some("HTTP://192.168.0.7"), 101),
        (&LAMP, "[::1]", Some("http://[::1]"), 101),
        (&LAMP, "[fe80::1]:81", Some("http://[FE80::1]"), 101),
        (&LAMP, "lamp:80", Some("http://lamp"), 101),
        (&LAMP, "lamp", Some("http://lamp:80"), 101),
        // The page on port 80, its socket on 81, and vice versa.
        (&LAMP, "lamp:81", Some("http://lamp"), 101),
        (&LAMP, "lamp", Some("http://lamp:81"), 101),
        (&LAMP, "lamp:81", Some("http://lamp.local"), 403),
        // A port of another server.
        (&LAMP, "lamp", Some("http://lamp:3000"), 403),
        (&LAMP, "lamp:3000", Some("http://lamp:3001"), 403),
        // A router forwards another port.
        (&LAMP, "198.51.100.7:8000", Some("http://198.51.100.7:8000"), 101),
        // A proxy that speaks TLS, and one on another port.
        (&OPEN, "home.example", Some("https://home.example"), 101),
        (&OPEN, "home.example:443", Some("https://home.example"), 101),
        (&OPEN, "HOME.example:8443", Some("https://home.example:8443"), 101),
        (&OPEN, "home.example", Some("https://home.example:8443"), 403),
        // A proxy that does not forward the name.
        (&OPEN, "127.0.0.1:8080", Some("https://home.example"), 403),
        (&OPEN, "127.0.0.1:8080", Some("https://panel.example"), 101),
        // Pages of other origins.
        (&LAMP, "lamp", Some("http://evil.test"), 403),
        (&LAMP, "192.168.0.7", Some("http://evil.test"), 403),
        (&LAMP, "lamp", Some("http://lamp.evil.test"), 403),
        (&OPEN, "lamp", Some("http://panel.example"), 403),
        // A page of a file, and a sandboxed frame.
        (&LAMP, "lamp", Some("null"), 403),
        (&OPEN, "lamp", Some("null"), 101),
        (&LAMP, "lamp", Some(""), 403),
        // A rebound name. Host and Origin agree, but the name is not the device's.
        (&LAMP, "evil.test", Some("http://evil.test"), 421),
        (&LAMP, "evil.test:80", None, 421),
        (&LAMP, "home.example", Some("https://home.example"), 421),
    ] {
        let header = origin.map(|origin| format!("Origin: {origin}"));
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        assert_eq!(socket(access, host, &header), status, "{origin:?} at {host}");
    }
    // Other headers of browsers. An allowed page is usually of another site.
    assert_eq!(socket(&LAMP, "lamp:81", &["Origin: http://lamp", "Sec-Fetch-Site: same-site"]), 101);
    let site = "Sec-Fetch-Site: cross-site";
    assert_eq!(socket(&OPEN, "lamp", &["Origin: https://panel.example", site]), 101);
    assert_eq!(socket(&OPEN, "lamp", &[site]), 403);
    assert_eq!(socket(&LAMP, "lamp", &["Origin: http://lamp", "Origin: http://lamp"]), 403);
}

#[test]
fn request_of_other_site_is_rejected_except_link() {
    static OPEN: Access = LAMP.with_origins(Origins::of(&["null", "https://panel.example"]));
    let foreign = &["Origin: http://evil.test"][..];
    let own = &["Origin: http://lamp", "Sec-Fetch-Site: same-origin"][..];
    let from_file = &["Origin: null"][..];
    // The path makes no difference, and may be unknown.
    for path in ["/", "/script.js", "/any/thing", "/ws", "/echo", "/nothing"] {
        let get = format!("GET {path}");
        let usual = request(&LAMP, &get, "lamp", &[]);
        assert!(matches!(usual, 200 | 404 | 426), "{path}: {usual}");
        for (headers, status) in [
            (IMAGE, 403),
            (&["Sec-Fetch-Site: Cross-Site"], 403),
            (&[IMAGE[0], IMAGE[1], "Origin: http://evil.test"], 403),
            (LINK, usual),
            (own, usual),
            (&["Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate"], usual),
            (&["Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: no-cors"], usual),
            // A page that cannot read the answer does no harm.
            (foreign, usual),
        ] {
            assert_eq!(request(&LAMP, &get, "lamp", headers), status, "{path} {headers:?}");
            assert_eq!(request(&LAMP, &get, "evil.test", headers), 421, "{path} {headers:?}");
        }
        let vouched_for = [IMAGE[0], "Sec-Fetch-Mode: cors", "Origin: https://panel.example"];
        assert_eq!(request(&OPEN, &get, "lamp", &vouched_for), usual, "{path}");
        assert_eq!(request(&OPEN, &get, "lamp", IMAGE), 403, "{path}");
        // A HEAD is not a link.
        assert_eq!(request(&LAMP, &format!("HEAD {path}"), "lamp", LINK), 403, "{path}");

        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            let write = format!("{method} {path}");
            let usual = request(&LAMP, &write, "lamp", &[]);
            assert!(matches!((usual, method), (404 | 405, _) | (204, "OPTIONS")), "{write}: {usual}");
            for (headers, status) in [
                (own, usual),
                (foreign, 403),
                (from_file, 403),
                // A form is not a link, although browsers call it a navigation.
                (LINK, 403),
                (&[LINK[0], LINK[1], "Origin: http://evil.test"], 403),
                (&[LINK[0], LINK[1], "Origin: null"], 403),
            ] {
                assert_eq!(request(&LAMP, &write, "lamp", headers), status, "{write} {headers:?}");
            }
            assert_eq!(request(&OPEN, &write, "lamp", from_file), usual, "{write}");
            assert_eq!(request(&LAMP, &write, "evil.test", own), 421, "{write}");
        }
    }
    assert_eq!(
        request(&LAMP, "GET http://evil.test/", "lamp", &[]),
        421,
        "the host of an absolute target was not checked"
    );
}

#[test]
fn paths_work_with_and_without_base_path() {
    static BELOW: Access = LAMP.with_base_path("/device/");
    for (path, status) in [
        ("/device/", 200),
        ("/device/script.js?x", 200),
        ("/device/any/thing", 200),
        ("/device/ws", 426),
        ("/", 200),
        ("/ws", 426),
        ("/device", 404),
        ("/devices/", 404),
        ("/device/device/", 404),
    ] {
        assert_eq!(request(&BELOW, &format!("GET {path}"), "lamp", &[]), status, "{path}");
    }
    assert_eq!(ask(&BELOW, &upgrade("/device/ws"), &["Origin: http://lamp"]), 101);
    assert_eq!(ask(&LAMP, &upgrade("/device/ws"), &[]), 404);
}

#[test]
fn connectivity_check_of_phone_is_redirected_to_portal() {
    static PORTAL: Access = OWN_NETWORK;
    for (host, path) in [
        ("connectivitycheck.gstatic.com", "/generate_204"),
        ("clients3.google.com", "/generate_204"),
        ("captive.apple.com", "/hotspot-detect.html"),
        ("www.msftconnecttest.com", "/connecttest.txt"),
        ("detectportal.firefox.com", "/canonical.html"),
        ("nmcheck.gnome.org", "/check_network_status.txt"),
        ("example.com:8080", "/ws"),
        ("lamp.evil.test", "/"),
    ] {
        let found = answer(&PORTAL, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"), &[]);
        assert!(found.starts_with("HTTP/1.1 302 Found\r\n"), "{found}");
        assert!(found.contains("\r\nLocation: http://192.168.4.1/\r\n"), "{found}");
        assert!(found.contains("\r\nContent-Length: 0\r\n") && found.contains("no-store"), "{found}");
        assert_eq!(request(&PORTAL, &format!("POST {path}"), host, &[]), 302);
        assert_eq!(request(&LAMP, &format!("GET {path}"), host, &[]), 421);
    }
    assert_eq!(ask(&PORTAL, &upgrade("/ws").replacen("lamp", "evil.test", 1), &[]), 302);
    // The page itself is found by address and by name; other hosts are rejected.
    for host in ["192.168.4.1", "lamp", "lamp.local", "lamp-2.local"] {
        assert_eq!(request(&PORTAL, "GET /", host, &[]), 200, "{host}");
        assert_eq!(request(&PORTAL, "GET /generate_204", host, &[]), 404, "{host}");
    }
    assert_eq!(request(&PORTAL, "GET /", "192.168.4.1", IMAGE), 403);
    assert_eq!(request(&PORTAL, "GET /", "192.168.4.1", LINK), 200);
    assert_eq!(ask(&PORTAL, &upgrade("/ws"), &["Origin: http://evil.test"]), 403);
}

#[test]
fn page_without_tls_is_redirected_to_https() {
    static LEADS: Access = LAMP.with_https(HttpsRedirect::to_port(8443)).with_base_path("/device");
    static USUAL: Access = LAMP.with_https(HttpsRedirect::to_port(443));
    let html = "Accept: text/html,application/xhtml+xml";
    for (access, line, host, headers, location) in [
        (&LEADS, "GET /", "lamp", &[html][..], "https://lamp:8443/"),
        (
            &LEADS,
            "HEAD /any/a%20b?c=d&e",
            "LAMP.local:8080",
            &[html],
            "https://LAMP.local:8443/any/a%20b?c=d&e",
        ),
        (
            &LEADS,
            "GET /device/script.js",
            "[::1]:80",
            &["Sec-Fetch-Mode: navigate"],
            "https://[::1]:8443/device/script.js",
        ),
        (&LEADS, "GET /nowhere", "127.0.0.1", &[LINK[0], LINK[1]], "https://127.0.0.1:8443/nowhere"),
        (&USUAL, "GET //evil.test/?", "lamp:80", &[html], "https://lamp//evil.test/?"),
    ] {
        let text = format!("{line} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let found = answer(access, &text, headers);
        assert!(found.starts_with("HTTP/1.1 302 Found\r\n"), "{found}");
        assert!(
            found.contains(&format!("\r\nLocation: {location}\r\n")) && found.contains("no-store"),
            "{found}"
        );
    }
    for (line, headers, status) in [
        ("GET /script.js", &["Accept: */*"][..], 200),
        ("GET /", &[], 200),
        ("GET /healthz", &[], 200),
        ("GET /script.js", &["Sec-Fetch-Mode: no-cors", "Accept: */*"], 200),
        ("POST /", &[html], 405),
        ("PUT /", &[html], 405),
    ] {
        assert_eq!(request(&LEADS, line, "lamp", headers), status, "{line} {headers:?}");
    }
    assert_eq!(ask(&LEADS, &upgrade("/ws"), &[html]), 101);
    // A foreign name is not redirected.
    assert_eq!(request(&LEADS, "GET /", "evil.test", &[html]), 421);
    assert_eq!(request(&LAMP, "GET /", "lamp", &[html]), 200);
}

#[test]
fn request_over_tls_is_not_redirected() {
    static LEADS: Access = LAMP.with_https(HttpsRedirect::to_port(443));
    let mut simulation = Simulation::new(Limits::DEVICE);
    simulation.access = &LEADS;
    let mut peer = simulation.client_of(link::connection().encrypted(true));
    peer.send(&mut simulation, b"GET / HTTP/1.1\r\nHost: lamp\r\nAccept: text/html\r\n\r\n");
    assert!(peer.received.starts_with(b"HTTP/1.1 200 "));
}
