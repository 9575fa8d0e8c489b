//! Sessions that hold at two servers with the same key.

mod in_process;

use in_process::{Running, serve_with};
use instep::login::Password;
use instep::{App, Asset, Limits};
use instep_tokio::{Listener, SealedSessions, SessionKey, SocketLimits, shared_log_in};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use test_support::{Response, SOON, WebSocket, http};

static APP: App = App::new("lamp", "for tests").page("/", Asset::html("<p>Lamp</p>")).endpoint("/ws");

/// Starts a server with a key and a password.
fn server(key: &str, password: &str) -> (Running, &'static SealedSessions) {
    let key = SessionKey::parse(&key.repeat(32)).unwrap();
    let password = Password::new(password.as_bytes(), key.salt(), 10).unwrap();
    let sessions: &SealedSessions = Box::leak(Box::new(SealedSessions::new(key, &password)));
    let log_in = shared_log_in(password, random, sessions);
    let server = serve_with(&APP, Limits::LINUX, SocketLimits::default(), Listener::plain, |server| {
        server.with_log_in(log_in)
    });
    let running = server.server();
    sessions.close_by(move |session| running.revoke(session));
    (server, sessions)
}

/// Fills the id of a session differently each time, which is enough for these tests.
fn random(bytes: &mut [u8]) {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    bytes.fill(NEXT.fetch_add(1, Ordering::Relaxed));
}

/// Lets two servers hear each other, as over a broker.
fn introduce(one: &'static SealedSessions, other: &'static SealedSessions) {
    one.tell_by(move |name, payload, _| other.hear(name, payload));
    other.tell_by(move |name, payload, _| one.hear(name, payload));
}

fn get(addr: SocketAddr, cookie: &str) -> u16 {
    http(addr, format!("GET / HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n")).status
}

fn post(addr: SocketAddr, path: &str, cookie: &str, form: &str) -> Response {
    let length = form.len();
    http(
        addr,
        format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\nCookie: {cookie}\r\n\r\n{form}"
        ),
    )
}

fn log_in(addr: SocketAddr, password: &str) -> String {
    let answer = post(addr, "/login", "", &format!("password={password}"));
    let cookie = answer.header("set-cookie").expect("no session");
    assert!(cookie.contains("; Max-Age=43200; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    cookie.split(';').next().unwrap().into()
}

fn socket(addr: SocketAddr, cookie: &str) -> WebSocket {
    WebSocket::try_connect(addr, "/ws", &[("Cookie", cookie)]).expect("the upgrade was refused")
}

#[test]
fn one_log_in_holds_at_both_servers_until_log_out_at_one() {
    let ((one, sessions), (other, at_other)) = (server("0a", "sesame"), server("0a", "sesame"));
    introduce(sessions, at_other);
    let (cookie, another) = (log_in(one.addr, "sesame"), log_in(other.addr, "sesame"));
    for addr in [one.addr, other.addr] {
        assert_eq!((get(addr, &cookie), get(addr, &another)), (200, 200));
    }
    let mut sockets = [one.addr, other.addr].map(|addr| socket(addr, &cookie));
    let mut others = [one.addr, other.addr].map(|addr| socket(addr, &another));

    assert_eq!(post(other.addr, "/logout", &cookie, "").status, 303);
    for socket in &mut sockets {
        socket.expect_close(1008);
    }
    for (addr, socket) in [one.addr, other.addr].into_iter().zip(&mut others) {
        assert_eq!((get(addr, &cookie), get(addr, &another)), (401, 200));
        socket.send_ping(b"still");
        assert_eq!(socket.read_frame(SOON).payload, b"still");
    }
    // A log-in ends the session that it presents, at both.
    let fresh = post(one.addr, "/login", &another, "password=sesame");
    assert_eq!((fresh.status, get(other.addr, &another)), (303, 401));
}

#[test]
fn new_password_at_one_server_ends_the_sessions_of_the_other() {
    let (old, at_old) = server("0a", "old");
    let cookie = log_in(old.addr, "old");
    let mut open = socket(old.addr, &cookie);
    let (new, at_new) = server("0a", "new");
    assert_eq!((get(old.addr, &cookie), get(new.addr, &cookie)), (200, 401));
    introduce(at_new, at_old);
    open.expect_close(1008);
    assert_eq!(get(old.addr, &cookie), 401);
}

#[test]
fn session_of_another_key_does_not_hold() {
    let ((one, _), (other, _)) = (server("0a", "sesame"), server("0b", "sesame"));
    let cookie = log_in(one.addr, "sesame");
    assert_eq!((get(one.addr, &cookie), get(other.addr, &cookie)), (200, 401));
    for broken in [&cookie[..cookie.len() - 1], &cookie.replace('=', "=0"), "instep_1=", "instep_x=1"] {
        assert_eq!(get(one.addr, broken), 401, "{broken}");
    }
}
