//! The log-in, on a simulated link and clock: which
//! requests need the password, and which get a session.

mod guarded;
mod link;

use guarded::*;
use instep::access::IpNetwork;
use instep::login::Password;
use instep::{Access, Limits};
use link::{LED, PEER, World, frame};

#[test]
fn only_log_in_page_and_healthz_work_without_session() {
    let mut world = guarded();
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
        assert_eq!(get(&mut world, path, headers).status, status, "{path} {headers}");
    }
    assert_eq!(post(&mut world, "/", "", "").status, 401);
    assert_eq!(get(&mut world, "/healthz", "").body, "ok");
    assert_eq!(handshake(&mut world, "/ws", "").err(), Some(401));
    assert_eq!(handshake(&mut world, "/echo", "").err(), Some(401));
    assert_eq!(world.device.clients(), 0);

    let script = get(&mut world, "/script.js", "");
    assert!(!script.all.contains("let on") && !script.all.contains("not really"), "{}", script.all);
    assert_eq!(script.header("WWW-Authenticate"), Some("Basic realm=\"instep\", charset=\"UTF-8\""));
    let browser = get(&mut world, "/script.js", "User-Agent: Mozilla/5.0\r\n");
    assert_eq!(
        browser.header("WWW-Authenticate"),
        Some("Bearer realm=\"instep\""),
        "Basic would make the browser open its own dialogue"
    );
    assert_eq!(get(&mut world, "/", NAVIGATION).header("Location"), Some("/login"));
    let deep = get(&mut world, "/any/a?b=c", NAVIGATION);
    assert_eq!(deep.header("Location"), Some("/login?next=/any/a%3Fb%3Dc"));
    assert_eq!(deep.header("Cache-Control"), Some("no-store"));
    // Where it does not fit, only the way back is dropped.
    let long = get(&mut world, &format!("/{}", "%".repeat(700)), NAVIGATION);
    assert_eq!((long.status, long.header("Location")), (303, Some("/login")));
}

#[test]
fn phone_in_own_network_is_redirected_to_log_in_page() {
    static OWN_NETWORK: Access = link::ACCESS.with_portal("http://192.168.4.1/");
    let mut world = guarded();
    world.access = &OWN_NETWORK;
    let mut phone = world.client();
    phone.send(&mut world, b"GET /generate_204 HTTP/1.1\r\nHost: connectivitycheck.gstatic.com\r\n\r\n");
    let answer = String::from_utf8_lossy(&phone.received).into_owned();
    assert!(answer.starts_with("HTTP/1.1 302 Found\r\n"), "{answer}");
    assert!(answer.contains("\r\nLocation: http://192.168.4.1/\r\n"), "{answer}");
    assert_eq!(get(&mut world, "/", NAVIGATION).header("Location"), Some("/login"));
}

#[test]
fn device_without_password_has_no_log_in() {
    let mut world = World::new(Limits::DEVICE);
    assert_eq!(get(&mut world, "/", "").status, 200);
    assert_eq!(get(&mut world, "/login", "").status, 404);
    assert_eq!(post(&mut world, "/logout", "", "").status, 404);
}

#[test]
fn log_in_page_has_strict_policy_and_is_complete() {
    let mut world = guarded();
    let page = get(&mut world, "/login", "");
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
    let head = request(&mut world, "HEAD", "/login", "", "");
    assert_eq!(
        (head.status, &head.body[..], head.header("Content-Length")),
        (200, "", page.header("Content-Length"))
    );
    let put = request(&mut world, "PUT", "/login", "", "");
    assert_eq!((put.status, put.header("Allow")), (405, Some("GET, HEAD, POST")));
}

#[test]
fn password_opens_session_for_page_and_socket() {
    let mut world = guarded();
    let entered = post(&mut world, "/login?next=/any/a%3Fb", "", FORM);
    assert_eq!((entered.status, entered.header("Location")), (303, Some("/any/a?b")));
    let cookie = entered.header("Set-Cookie").unwrap();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Max-Age=2592000; Path=/; HttpOnly; SameSite=Strict");
    let (name, id) = pair.split_once('=').unwrap();
    assert_eq!((name, id.len()), ("instep_80", 32));
    assert!(id.bytes().all(|byte| byte.is_ascii_hexdigit()));

    let cookie = format!("Cookie: other=1; {pair}\r\n");
    assert_eq!(get(&mut world, "/", &cookie).status, 200);
    assert_eq!(get(&mut world, "/nowhere", &cookie).status, 404);
    assert!(get(&mut world, "/login", &cookie).body.contains("id=\"log-out\""));
    let mut socket = handshake(&mut world, "/ws", &cookie).unwrap();
    world.device.publish(LED, "1");
    socket.turn(&mut world);
    assert_eq!(socket.take(), b"\x81\x011");
    // Another port of the same host may have a cookie of that name, too.
    let two = format!("Cookie: instep_80=deadbeefdeadbeefdeadbeefdeadbeef; {pair}\r\n");
    assert_eq!(get(&mut world, "/", &two).status, 200);
    for wrong in [
        pair.replace("instep_80", "instep_81"),
        pair.replace("instep", "INSTEP"),
        format!("{pair}0"),
        pair[..pair.len() - 1].into(),
        pair.replace('=', "=+"),
    ] {
        assert_eq!(get(&mut world, "/", &format!("Cookie: {wrong}\r\n")).status, 401, "{wrong}");
    }
}

#[test]
fn log_in_creates_session_and_ends_presented_one() {
    let mut world = guarded();
    let chosen = "Cookie: instep_80=11111111111111111111111111111111\r\n";
    let fixed = log_in(&mut world, chosen);
    assert!(!fixed.contains("1111111111111111"), "a presented id was adopted");
    assert_eq!(get(&mut world, "/", chosen).status, 401);
    let mut socket = handshake(&mut world, "/ws", &fixed).unwrap();
    let second = log_in(&mut world, &fixed);
    assert_ne!(fixed, second);
    assert_eq!((get(&mut world, "/", &fixed).status, get(&mut world, "/", &second).status), (401, 200));
    socket.turn(&mut world);
    assert_eq!(socket.take(), CLOSED);
    // The session of another browser stays.
    let other = log_in(&mut world, "");
    assert_eq!((get(&mut world, "/", &second).status, get(&mut world, "/", &other).status), (200, 200));
}

#[test]
fn session_over_limit_replaces_least_recently_used() {
    let mut world = guarded();
    let first = log_in(&mut world, "");
    for _ in 0..4 {
        world.now += 1;
        log_in(&mut world, "");
    }
    assert_eq!(get(&mut world, "/", &first).status, 401);
}

#[test]
fn log_out_closes_only_sockets_of_its_session() {
    let mut world = guarded();
    let (one, other) = (log_in(&mut world, ""), log_in(&mut world, ""));
    let mut its =
        [handshake(&mut world, "/ws", &one).unwrap(), handshake(&mut world, "/echo", &one).unwrap()];
    let mut others = handshake(&mut world, "/ws", &other).unwrap();
    assert_eq!(request(&mut world, "GET", "/logout", &one, "").status, 405);
    assert_eq!(get(&mut world, "/", &one).status, 200, "a link logged out");

    let out = post(&mut world, "/logout", &one, "");
    assert_eq!((out.status, out.header("Location")), (303, Some("/login")));
    assert_eq!(out.header("Set-Cookie"), Some("instep_80=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict"));
    for socket in &mut its {
        socket.turn(&mut world);
        assert_eq!(socket.take(), CLOSED);
        assert!(socket.last.unwrap().shut_down);
    }
    assert_eq!(get(&mut world, "/", &one).status, 401);
    assert_eq!(handshake(&mut world, "/ws", &one).err(), Some(401));
    others.send(&mut world, &frame(0x89, b""));
    assert_eq!(others.take(), b"\x8a\x00");
    assert_eq!(world.device.clients(), 1);
    assert_eq!(
        post(&mut world, "/logout", "", "").status,
        303,
        "log-out without a session is not redirected"
    );
}

#[test]
fn session_and_its_sockets_end_after_30_days() {
    let mut world = guarded();
    let cookie = log_in(&mut world, "");
    world.now = 30 * DAY - 10_000;
    let mut socket = handshake(&mut world, "/ws", &cookie).unwrap();
    // It ends then, independent of its pings.
    world.now = 30 * DAY - 5_000;
    let turn = socket.send(&mut world, &frame(0x8a, b""));
    assert_eq!(turn.wake_at.as_millis(), 30 * DAY);
    world.now = 30 * DAY - 1;
    socket.turn(&mut world);
    assert_eq!(socket.take(), b"");
    assert_eq!(get(&mut world, "/", &cookie).status, 200);
    world.now += 1;
    socket.turn(&mut world);
    assert_eq!(socket.take(), CLOSED);
    assert_eq!(get(&mut world, "/", &cookie).status, 401);
}

#[test]
fn new_password_closes_every_session() {
    let mut world = guarded();
    let cookie = log_in(&mut world, "");
    let tool = format!("{BASIC}\r\n");
    let mut sockets =
        [handshake(&mut world, "/ws", &cookie).unwrap(), handshake(&mut world, "/ws", &tool).unwrap()];
    let new = Password::new(b"new", [2; 16], 10).unwrap();
    world.log_in.unwrap().change_password(new, world.device);
    for socket in &mut sockets {
        socket.turn(&mut world);
        assert_eq!(socket.take(), CLOSED);
    }
    assert_eq!(get(&mut world, "/", &cookie).status, 401);
    assert_eq!(get(&mut world, "/", &tool).status, 401, "the old password is still cached");
    assert_eq!(get(&mut world, "/", "Authorization: Bearer new\r\n").status, 200);
}

#[test]
fn tool_sends_password_with_each_request() {
    let mut world = guarded();
    let basic = format!("{BASIC}\r\n");
    for _ in 0..3 {
        assert_eq!(get(&mut world, "/", &basic).status, 200);
    }
    let answer = get(&mut world, "/", &format!("Authorization: Bearer {PASSWORD}\r\n"));
    assert_eq!((answer.status, answer.header("Set-Cookie")), (200, None));
    let mut socket = handshake(&mut world, "/ws", &basic).unwrap();
    log_in(&mut world, "");
    world.device.publish(LED, "1");
    socket.turn(&mut world);
    assert_eq!(socket.take(), b"\x81\x011");
    for wrong in ["Bearer open", "Basic dXNlcjpvcGVu", "Digest x"] {
        assert_eq!(get(&mut world, "/", &format!("Authorization: {wrong}\r\n")).status, 401, "{wrong}");
    }
    assert_eq!(get(&mut world, "/", &format!("{BASIC}\r\nAuthorization: Bearer x\r\n")).status, 401);
}

#[test]
fn cross_origin_page_can_neither_log_in_nor_out() {
    let mut world = guarded();
    let cookie = log_in(&mut world, "");
    for elsewhere in ["Origin: http://evil.test\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n"] {
        assert_eq!(post(&mut world, "/login", elsewhere, FORM).status, 403, "{elsewhere}");
        assert_eq!(
            post(&mut world, "/logout", &format!("{cookie}{elsewhere}"), "").status,
            403,
            "{elsewhere}"
        );
    }
    assert_eq!(get(&mut world, "/", &cookie).status, 200);
    let own = "Origin: http://lamp\r\n";
    assert_eq!(post(&mut world, "/login", own, FORM).status, 303);
    assert_eq!(post(&mut world, "/logout", &format!("{cookie}{own}"), "").status, 303);
    // A request with another Host is rejected before the log-in.
    let rebound = form("/login", "", FORM).replace("Host: lamp", "Host: evil.test");
    assert_eq!(exchange(&mut world, &rebound).status, 421);
    assert_eq!(exchange(&mut world, &rebound.replace("POST", "GET")).status, 421);
}

#[test]
fn tls_connection_has_separate_cookie() {
    let mut world = guarded();
    let mut peer = world.client_of(link::connection().with_local_port(443).encrypted(true));
    let entered = exchange_with(&mut world, &mut peer, &form("/login", "", FORM));
    let cookie = entered.header("Set-Cookie").unwrap();
    assert!(cookie.starts_with("instep_443=") && cookie.ends_with("; SameSite=Strict; Secure"), "{cookie}");
    let cookie = format!("Cookie: {}\r\n", cookie.split_once(';').unwrap().0);
    let mut again = world.client_of(link::connection().with_local_port(443));
    let page =
        exchange_with(&mut world, &mut again, &format!("GET / HTTP/1.1\r\nHost: lamp\r\n{cookie}\r\n"));
    assert_eq!(page.status, 200);
    assert_eq!(get(&mut world, "/", &cookie).status, 401, "the cookie of another port was accepted");
}

#[test]
fn log_in_behind_proxy_uses_forwarded_addresses() {
    static BEHIND: Access =
        Access::new("lamp").with_proxies(&[IpNetwork::host(PEER)]).with_base_path("/device");
    let mut world = guarded();
    world.access = &BEHIND;
    let asked = get(&mut world, "/device/any/a", NAVIGATION);
    assert_eq!(asked.header("Location"), Some("/device/login?next=/any/a"));
    assert_eq!(get(&mut world, "/any/a", NAVIGATION).header("Location"), Some("/login?next=/any/a"));
    let stripped = "X-Forwarded-Prefix: /evil\r\nX-Forwarded-Prefix: /home/\r\n";
    let asked = get(&mut world, "/any/a", &format!("{NAVIGATION}{stripped}"));
    assert_eq!(asked.header("Location"), Some("/home/login?next=/any/a"));
    let inside = post(&mut world, "/login?next=/any/a", stripped, FORM);
    assert_eq!((inside.status, inside.header("Location")), (303, Some("/home/any/a")));
    assert!(
        inside.header("Set-Cookie").is_some_and(|cookie| cookie.contains("; Path=/home/;")),
        "{}",
        inside.all
    );
    let from =
        |client: &str, scheme: &str| format!("X-Forwarded-For: {client}\r\nX-Forwarded-Proto: {scheme}\r\n");
    let inside = post(&mut world, "/device/login?next=/any/a", &from("198.51.100.1", "https"), FORM);
    assert_eq!((inside.status, inside.header("Location")), (303, Some("/device/any/a")));
    assert!(inside.header("Set-Cookie").is_some_and(|cookie| cookie.ends_with("; Secure")));
    let inside = post(&mut world, "/device/login", &from("198.51.100.1", "http"), FORM);
    assert!(inside.header("Set-Cookie").is_some_and(|cookie| !cookie.contains("Secure")));
    for _ in 0..5 {
        assert_eq!(
            post(&mut world, "/device/login", &from("198.51.100.2", "http"), "password=x").status,
            401
        );
    }
    assert_eq!(post(&mut world, "/device/login", &from("198.51.100.2", "http"), FORM).status, 429);
    assert_eq!(post(&mut world, "/device/login", &from("198.51.100.1", "http"), FORM).status, 303);
}

#[test]
fn log_out_ends_every_session_in_cookie_header() {
    let mut world = guarded();
    let one = log_in(&mut world, "");
    let two = log_in(&mut world, "");
    let both = format!("{}; {}", one.trim_end(), two.trim_start_matches("Cookie: "));
    assert_eq!(get(&mut world, "/", &one).status, 200);
    assert_eq!(post(&mut world, "/logout", &both, "").status, 303);
    assert_eq!((get(&mut world, "/", &one).status, get(&mut world, "/", &two).status), (401, 401));
}

#[test]
fn non_text_cookie_hides_no_session() {
    let mut world = guarded();
    let cookie = log_in(&mut world, "");
    let mut request = b"GET / HTTP/1.1\r\nHost: lamp\r\nCookie: other=\xff\xfe; ".to_vec();
    request.extend(cookie.strip_prefix("Cookie: ").unwrap().as_bytes());
    request.extend(b"\r\n");
    let mut peer = world.client_of(link::connection().with_local_port(80));
    peer.send(&mut world, &request);
    assert!(peer.take().starts_with(b"HTTP/1.1 200 "));
}

#[test]
fn password_changed_during_check_is_rejected() {
    let mut world = guarded();
    let mut peer = world.client_of(link::connection().with_local_port(80));
    peer.send(&mut world, form("/login", "", FORM).as_bytes());
    check(&world);
    // It was checked, but it is replaced before its browser gets the answer.
    world.log_in.unwrap().change_password(Password::new(b"new", [2; 16], 10).unwrap(), world.device);
    peer.turn(&mut world);
    check(&world);
    peer.turn(&mut world);
    assert!(peer.take().starts_with(b"HTTP/1.1 401 "));
    assert_eq!(post(&mut world, "/login", "", "password=new").status, 303);
}

#[test]
fn session_with_open_page_counts_as_used() {
    let mut world = guarded();
    let open = log_in(&mut world, "");
    let mut socket = handshake(&mut world, "/ws", &open).unwrap();
    let mut others = Vec::new();
    for _ in 0..4 {
        world.now += 1_000;
        others.push(log_in(&mut world, ""));
    }
    socket.turn(&mut world);
    assert_eq!(socket.take(), b"");
    assert_eq!(get(&mut world, "/", &open).status, 200);
    let statuses: Vec<_> = others.iter().map(|other| get(&mut world, "/", other).status).collect();
    assert_eq!(statuses, [401, 200, 200, 200], "not the oldest session without an open page was evicted");
    // If each has a page open, the one with the oldest request is evicted.
    let sockets: Vec<_> =
        others[1..].iter().map(|other| handshake(&mut world, "/ws", other).unwrap()).collect();
    world.now += 1_000;
    log_in(&mut world, "");
    let closed: Vec<_> = [socket]
        .into_iter()
        .chain(sockets)
        .map(|mut socket| {
            socket.turn(&mut world);
            socket.take() == CLOSED
        })
        .collect();
    assert_eq!(closed, [true, false, false, false]);
}
