//! A server that speaks TLS, and clients that trust it.

#![allow(dead_code, reason = "not every test uses all of it")]

use crate::in_process::{Running, serve_by};
use instep::{App, Asset, Limits};
use instep_tokio::{Certificate, Listener, SocketLimits};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::net::SocketAddr;
use std::sync::OnceLock;
use test_support::{Tls, WebSocket};

instep::topics! { pub const TOPICS = [TEXT]; }

/// Number of pages, each of a different length.
pub const LENGTHS: usize = 15;
/// Difference in length between two pages, in bytes.
pub const STEP: usize = 12_000;

pub fn app() -> &'static App {
    static BUILT: OnceLock<App> = OnceLock::new();
    BUILT.get_or_init(|| {
        let app = App::new("tls", "for tests").page("/", Asset::html("<h1>Hi</h1>"));
        let page = |app: App, n| app.page(format!("/{n}").leak(), Asset::html("x".repeat(n * STEP).leak()));
        (1..=LENGTHS).fold(app, page).endpoint("/ws").echo("/echo").topics(TOPICS)
    })
}

/// Returns a certificate for 127.0.0.1, a client that trusts it, and its PEM.
pub fn certificate() -> (Certificate, Tls, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["127.0.0.1".into(), "localhost".into()]).expect("no certificate");
    let pem = cert.pem();
    let key = signing_key.serialize_pem();
    (
        Certificate::from_pem(pem.as_bytes(), key.as_bytes()).expect("certificate and key do not match"),
        Tls::trusting(&pem),
        pem,
    )
}

pub fn start(limits: Limits) -> (Running, Tls) {
    let (certificate, tls, _) = certificate();
    let server =
        serve_by(app(), limits, SocketLimits::default(), |socket| Listener::tls(socket, certificate));
    (server, tls)
}

pub fn connect(tls: &Tls, addr: SocketAddr, path: &str) -> WebSocket {
    WebSocket::over(tls.connect(addr), path, &[]).expect("the upgrade was refused")
}

pub fn expect_echo(client: &mut WebSocket, text: &str) {
    client.send_text(text);
    assert_eq!(client.read_text(), text);
}
