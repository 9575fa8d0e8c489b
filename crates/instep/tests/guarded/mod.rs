//! A device with a password, on the simulated link.

#![allow(dead_code, reason = "not every test uses all of it")]

use crate::link::{self, Peer, Simulation, leak, upgrade};
use instep::driver::ConnectionInfo;
use instep::login::{FailedLogin, LogInMemory, Password, PasswordCheck, Session};
use instep::{Instant, Limits, LogIn};
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Wake};

pub const PASSWORD: &str = "open sesame+";
/// The same as a form, and in Basic authorization.
pub const FORM: &str = "password=open+sesame%2B";
pub const BASIC: &str = "Authorization: Basic dXNlcjpvcGVuIHNlc2FtZSs=";
pub const NAVIGATION: &str = "Accept: text/html,application/xhtml+xml\r\n";
pub const DAY: u64 = 24 * 60 * 60 * 1000;

/// Close frame with code 1008.
pub const CLOSED: &[u8] = b"\x88\x02\x03\xf0";

/// Returns a device with a password, four sessions, and room for two checks.
pub fn guarded() -> Simulation {
    guarded_with(Limits::DEVICE)
}

pub fn guarded_with(limits: Limits) -> Simulation {
    guard(Simulation::new(limits))
}

/// Adds a password to a device.
pub fn guard(mut simulation: Simulation) -> Simulation {
    let memory = LogInMemory {
        sessions: leak(4, Session::default()),
        failures: leak(4, FailedLogin::default()),
        checks: vec![PasswordCheck::default(), PasswordCheck::default()].leak(),
    };
    let password = Password::new(PASSWORD.as_bytes(), [1; 16], 10).expect("the password is too long");
    simulation.log_in = Some(Box::leak(Box::new(LogIn::new(memory, password, random))));
    simulation
}

/// Fills `bytes` differently each time, which is enough for these tests.
pub fn random(bytes: &mut [u8]) {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    for part in bytes.chunks_mut(8) {
        let number = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        part.copy_from_slice(&number.to_le_bytes()[..part.len()]);
    }
}

/// Checks the waiting passwords.
pub fn check(simulation: &Simulation) {
    struct Woken(AtomicBool);
    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let Some(log_in) = simulation.log_in else { return };
    let now = Instant::from_millis(simulation.now);
    let mut checking = pin!(log_in.check_passwords(|| now));
    let woken = Arc::new(Woken(AtomicBool::new(true)));
    let waker = woken.clone().into();
    while woken.0.swap(false, Ordering::Relaxed) {
        let _ = Future::poll(checking.as_mut(), &mut Context::from_waker(&waker));
    }
}

pub struct Answer {
    pub status: u16,
    pub all: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let (head, _) = self.all.split_once("\r\n\r\n")?;
        let mut values = head.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let value = values.next();
        assert_eq!(values.next(), None, "{head}");
        value
    }
}

pub fn exchange_with(simulation: &mut Simulation, peer: &mut Peer, request: &str) -> Answer {
    peer.send(simulation, request.as_bytes());
    check(simulation);
    peer.turn(simulation);
    let all = String::from_utf8(peer.take()).expect("not UTF-8");
    let status =
        all.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no answer: {all:?}"));
    let body = all.split_once("\r\n\r\n").expect("the head has no end").1.into();
    Answer { status, all, body }
}

pub fn exchange_from(simulation: &mut Simulation, from: IpAddr, request: &str) -> Answer {
    let info = ConnectionInfo::new(SocketAddr::new(from, 4000)).with_local_port(80);
    let mut peer = simulation.client_of(info);
    exchange_with(simulation, &mut peer, request)
}

pub fn exchange(simulation: &mut Simulation, request: &str) -> Answer {
    exchange_from(simulation, link::PEER, request)
}

pub fn request(simulation: &mut Simulation, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: lamp\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
    exchange(simulation, &head)
}

pub fn get(simulation: &mut Simulation, path: &str, headers: &str) -> Answer {
    request(simulation, "GET", path, headers, "")
}

pub fn post(simulation: &mut Simulation, path: &str, headers: &str, body: &str) -> Answer {
    exchange(simulation, &form(path, headers, body))
}

pub fn form(path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: lamp\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
}

/// Logs in, and returns the header that carries the session.
pub fn log_in(simulation: &mut Simulation, headers: &str) -> String {
    let entered = post(simulation, "/login", headers, FORM);
    assert_eq!(entered.status, 303, "{}", entered.all);
    let cookie = entered.header("Set-Cookie").expect("no cookie was set");
    format!("Cookie: {}\r\n", cookie.split_once(';').expect("the cookie has no attributes").0)
}

/// Opens a WebSocket, or returns the status of the refusal.
pub fn handshake(simulation: &mut Simulation, path: &str, headers: &str) -> Result<Peer, u16> {
    let mut peer = simulation.client();
    let text = upgrade(path).replacen("\r\n\r\n", &format!("\r\n{headers}\r\n"), 1);
    let answer = exchange_with(simulation, &mut peer, &text);
    if answer.status == 101 { Ok(peer) } else { Err(answer.status) }
}
