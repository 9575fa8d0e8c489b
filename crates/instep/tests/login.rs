//! The log-in, on a simulated link and clock: which
//! requests need the password, and which get a session.

mod guarded;
mod link;

use guarded::*;
use instep::access::IpNetwork;
use instep::login::Password;
use instep::{Access, Limits};
use link::{LED, PEER, Simulation};

#[test]
fn only_log_in_page_and_healthz_work_without_session() {
    let mut simulation = guarded();
    for (path, headers, status) in [
        ("/", "", 401),
        ("/", "Sec-Fetch-Mode: no-cors\r\nUser-Agent: Mozilla/5.0\r\n", 401),
        ("/script.js", "", 401),
        ("/any/thing", "", 401),
        ("/nowhere", "", 401),
        ("/ws", "", 401),
        ("/ws", "Upgrade: websocket\r\nAccept: text/html\r\n", 401),
        ("/login/x", "", 401),
        ("/", NAVIGATION, 303),
        ("/", "Sec-Fetch-Mode: navigate\r\n", 303),
        ("/nowhere", NAVIGATION, 303),
        ("/", "Cookie: instep_80=\r\n", 401),
        ("/", "Cookie: instep_80=00000000000000000000000000000000\r\n", 401),
        ("/", "Authorization: Basic\r\n", 401),
        ("/login", "", 200),
        ("/healthz", "", 200),
    ] {
        assert_eq!(get(&mut simulation, path, headers).status, status, "{path} {headers}");
    }
    assert_eq!(post(&mut simulation, "/", "", "").status, 401);
    assert_eq!(get(&mut simulation, "/healthz", "").body, "ok");
    assert_eq!(handshake(&mut simulation, "/ws", "").err(), Some(401));
    assert_eq!(handshake(&mut simulation, "/echo", "").err(), Some(401));
    assert_eq!(simulation.device.clients(), 0);

    let script = get(&mut simulation, "/script.js", "");
    assert!(!script.all.contains("let on") && !script.all.contains("not really"), "{}", script.all);
    assert_eq!(script.header("WWW-Authenticate"), Some("Basic realm=\"instep\", charset=\"UTF-8\""));
    let browser = get(&mut simulation, "/script.js", "User-Agent: Mozilla/5.0\r\n");
    assert_eq!(
        browser.header("WWW-Authenticate"),
        Some("Bearer realm=\"instep\""),
        "Basic would make the browser open its own dialogue"
    );
    assert_eq!(get(&mut simulation, "/", NAVIGATION).header("Location"), Some("/login"));
    let deep = get(&mut simulation, "/any/a?b=c", NAVIGATION);
    assert_eq!(deep.header("Location"), Some("/login?next=/any/a%3Fb%3Dc"));
    assert_eq!(deep.header("Cache-Control"), Some("no-store"));
    // Where it does not fit, only the way back is dropped.
    let long = get(&mut simulation, &format!("/{}", "%".repeat(700)), NAVIGATION);
    assert_eq!((long.status, long.header("Location")), (303, Some("/login")));
}

#[test]
fn phone_in_own_network_is_redirected_to_log_in_page() {
    static OWN_NETWORK: Access = link::ACCESS.with_portal("http://192.168.4.1/");
    let mut simulation = guarded();
    simulation.access = &OWN_NETWORK;
    let mut phone = simulation.client();
    phone.send(&mut simulation, b"GET /generate_204 HTTP/1.1\r\nHost: connectivitycheck.gstatic.com\r\n\r\n");
    let answer = String::from_utf8_lossy(&phone.received).into_owned();
    assert!(answer.starts_with("HTTP/1.1 302 Found\r\n"), "{answer}");
    assert!(answer.contains("\r\nLocation: http://192.168.4.1/\r\n"), "{answer}");
    assert_eq!(get(&mut simulation, "/", NAVIGATION).header("Location"), Some("/login"));
}

#[test]
fn device_without_password_has_no_log_in() {
    let mut simulation = Simulation::new(Limits::DEVICE);
    assert_eq!(get(&mut simulation, "/", "").status, 200);
    assert_eq!(get(&mut simulation, "/login", "").status, 404);
    assert_eq!(post(&mut simulation, "/logout", "", "").status, 404);
}

#[test]
fn log_in_page_has_strict_policy_and_is_complete() {
    let mut simulation = guarded();
    let page = get(&mut simulation, "/login", "");
    let policy = page.header("Content-Security-Policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(page.header("Cache-Control"), Some("no-store"));
    assert_eq!(page.header("X-Content-Type-Options"), Some("nosniff"));
    assert_eq!(page.header("Content-Length").unwrap().parse(), Ok(page.body.len()));
    for part in
        ["<label for=\"password\">", "autocomplete=\"current-password\"", "method=\"post\"", "</html>"]
    {
        assert!(page.body.contains(part), "{part}");
    }
    let head = request(&mut simulation, "HEAD", "/login", "", "");
    assert_eq!(
        (head.status, &head.body[..], head.header("Content-Length")),
        (200, "", page.header("Content-Length"))
    );
    let put = request(&mut simulation, "PUT", "/login", "", "");
    assert_eq!((put.status, put.header("Allow")), (405, Some("GET, HEAD, POST")));
}

#[test]
fn password_opens_session_for_page_and_socket() {
    let mut simulation = guarded();
    let entered = post(&mut simulation, "/login?next=/any/a%3Fb", "", FORM);
    assert_eq!((entered.status, entered.header("Location")), (303, Some("/any/a?b")));
    let cookie = entered.header("Set-Cookie").unwrap();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Max-Age=2592000; Path=/; HttpOnly; SameSite=Strict");
    let (name, id) = pair.split_once('=').unwrap();
    assert_eq!((name, id.len()), ("instep_80", 32));
    assert!(id.bytes().all(|byte| byte.is_ascii_hexdigit()));

    let cookie = format!("Cookie: other=1; {pair}\r\n");
    assert_eq!(get(&mut simulation, "/", &cookie).status, 200);
    assert_eq!(get(&mut simulation, "/nowhere", &cookie).status, 404);
    assert!(get(&mut simulation, "/login", &cookie).body.contains("id=\"log-out\""));
    let mut socket = handshake(&mut simulation, "/ws", &cookie).unwrap();
    simulation.device.publish(LED, "1");
    socket.turn(&mut simulation);
    assert_eq!(socket.take(), b"\x81\x011");
    // Another port of the same host may have a cookie of that name, too.
    let two = format!("Cookie: instep_80=deadbeefdeadbeefdeadbeefdeadbeef; {pair}\r\n");
    assert_eq!(get(&mut simulation, "/", &two).status, 200);
    for wrong in [
        pair.replace("instep_80", "instep_81"),
        pair.replace("instep", "INSTEP"),
        format!("{pair}0"),
        pair[..pair.len() - 1].into(),
        pair.replace('=', "=+"),
    ] {
        assert_eq!(get(&mut simulation, "/", &format!("Cookie: {wrong}\r\n")).status, 401, "{wrong}");
    }
}

#[test]
fn tool_sends_password_with_each_request() {
    let mut simulation = guarded();
    let basic = format!("{BASIC}\r\n");
    for _ in 0..3 {
        assert_eq!(get(&mut simulation, "/", &basic).status, 200);
    }
    let answer = get(&mut simulation, "/", &format!("Authorization: Bearer {PASSWORD}\r\n"));
    assert_eq!((answer.status, answer.header("Set-Cookie")), (200, None));
    let mut socket = handshake(&mut simulation, "/ws", &basic).unwrap();
    log_in(&mut simulation, "");
    simulation.device.publish(LED, "1");
    socket.turn(&mut simulation);
    assert_eq!(socket.take(), b"\x81\x011");
    for wrong in ["Bearer open", "Basic dXNlcjpvcGVu", "Digest x"] {
        assert_eq!(get(&mut simulation, "/", &format!("Authorization: {wrong}\r\n")).status, 401, "{wrong}");
    }
    assert_eq!(get(&mut simulation, "/", &format!("{BASIC}\r\nAuthorization: Bearer x\r\n")).status, 401);
}

#[test]
fn cross_origin_page_can_neither_log_in_nor_out() {
    let mut simulation = guarded();
    let cookie = log_in(&mut simulation, "");
    for elsewhere in ["Origin: http://evil.test\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n"] {
        assert_eq!(post(&mut simulation, "/login", elsewhere, FORM).status, 403, "{elsewhere}");
        assert_eq!(
            post(&mut simulation, "/logout", &format!("{cookie}{elsewhere}"), "").status,
            403,
            "{elsewhere}"
        );
    }
    assert_eq!(get(&mut simulation, "/", &cookie).status, 200);
    let own = "Origin: http://lamp\r\n";
    assert_eq!(post(&mut simulation, "/login", own, FORM).status, 303);
    assert_eq!(post(&mut simulation, "/logout", &format!("{cookie}{own}"), "").status, 303);
    // A request with another Host is rejected before the log-in.
    let rebound = form("/login", "", FORM).replace("Host: lamp", "Host: evil.test");
    assert_eq!(exchange(&mut simulation, &rebound).status, 421);
    assert_eq!(exchange(&mut simulation, &rebound.replace("POST", "GET")).status, 421);
}

#[test]
fn tls_connection_has_separate_cookie() {
    let mut simulation = guarded();
    let mut peer = simulation.client_of(link::connection().with_local_port(443).encrypted(true));
    let entered = exchange_with(&mut simulation, &mut peer, &form("/login", "", FORM));
    let cookie = entered.header("Set-Cookie").unwrap();
    assert!(cookie.starts_with("instep_443=") && cookie.ends_with("; SameSite=Strict; Secure"), "{cookie}");
    let cookie = format!("Cookie: {}\r\n", cookie.split_once(';').unwrap().0);
    let mut again = simulation.client_of(link::connection().with_local_port(443));
    let page =
        exchange_with(&mut simulation, &mut again, &format!("GET / HTTP/1.1\r\nHost: lamp\r\n{cookie}\r\n"));
    assert_eq!(page.status, 200);
    assert_eq!(get(&mut simulation, "/", &cookie).status, 401, "the cookie of another port was accepted");
}

#[test]
fn log_in_behind_proxy_uses_forwarded_addresses() {
    static BEHIND: Access =
        Access::new("lamp").with_proxies(&[IpNetwork::host(PEER)]).with_base_path("/device");
    let mut simulation = guarded();
    simulation.access = &BEHIND;
    let asked = get(&mut simulation, "/device/any/a", NAVIGATION);
    assert_eq!(asked.header("Location"), Some("/device/login?next=/any/a"));
    assert_eq!(get(&mut simulation, "/any/a", NAVIGATION).header("Location"), Some("/login?next=/any/a"));
    let stripped = "X-Forwarded-Prefix: /evil\r\nX-Forwarded-Prefix: /home/\r\n";
    let asked = get(&mut simulation, "/any/a", &format!("{NAVIGATION}{stripped}"));
    assert_eq!(asked.header("Location"), Some("/home/login?next=/any/a"));
    let inside = post(&mut simulation, "/login?next=/any/a", stripped, FORM);
    assert_eq!((inside.status, inside.header("Location")), (303, Some("/home/any/a")));
    assert!(
        inside.header("Set-Cookie").is_some_and(|cookie| cookie.contains("; Path=/home/;")),
        "{}",
        inside.all
    );
    let from =
        |client: &str, scheme: &str| format!("X-Forwarded-For: {client}\r\nX-Forwarded-Proto: {scheme}\r\n");
    let inside = post(&mut simulation, "/device/login?next=/any/a", &from("198.51.100.1", "https"), FORM);
    assert_eq!((inside.status, inside.header("Location")), (303, Some("/device/any/a")));
    assert!(inside.header("Set-Cookie").is_some_and(|cookie| cookie.ends_with("; Secure")));
    let inside = post(&mut simulation, "/device/login", &from("198.51.100.1", "http"), FORM);
    assert!(inside.header("Set-Cookie").is_some_and(|cookie| !cookie.contains("Secure")));
    for _ in 0..5 {
        assert_eq!(
            post(&mut simulation, "/device/login", &from("198.51.100.2", "http"), "password=x").status,
            401
        );
    }
    assert_eq!(post(&mut simulation, "/device/login", &from("198.51.100.2", "http"), FORM).status, 429);
    assert_eq!(post(&mut simulation, "/device/login", &from("198.51.100.1", "http"), FORM).status, 303);
}

#[test]
fn non_text_cookie_hides_no_session() {
    let mut simulation = guarded();
    let cookie = log_in(&mut simulation, "");
    let mut request = b"GET / HTTP/1.1\r\nHost: lamp\r\nCookie: other=\xff\xfe; ".to_vec();
    request.extend(cookie.strip_prefix("Cookie: ").unwrap().as_bytes());
    request.extend(b"\r\n");
    let mut peer = simulation.client_of(link::connection().with_local_port(80));
    peer.send(&mut simulation, &request);
    assert!(peer.take().starts_with(b"HTTP/1.1 200 "));
}

#[test]
fn password_changed_during_check_is_rejected() {
    let mut simulation = guarded();
    let mut peer = simulation.client_of(link::connection().with_local_port(80));
    peer.send(&mut simulation, form("/login", "", FORM).as_bytes());
    check(&simulation);
    // It was checked, but it is replaced before its browser gets the answer.
    simulation
        .log_in
        .unwrap()
        .change_password(Password::new(b"new", [2; 16], 10).unwrap(), simulation.device);
    peer.turn(&mut simulation);
    check(&simulation);
    peer.turn(&mut simulation);
    assert!(peer.take().starts_with(b"HTTP/1.1 401 "));
    assert_eq!(post(&mut simulation, "/login", "", "password=new").status, 303);
}
