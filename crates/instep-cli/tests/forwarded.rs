//! The client's address behind a proxy that forwards it.

mod served;

use served::serve;
use std::net::SocketAddr;
use std::time::Instant;
use test_support::{Response, SOON, WebSocket};

fn upgrade(addr: SocketAddr, forwarded: &str) -> Result<WebSocket, Box<Response>> {
    WebSocket::try_connect(addr, "/ws", &[("X-Forwarded-For", forwarded)])
}

#[test]
fn log_names_client_behind_trusted_proxy() {
    let server = serve(&["--app", "led-plain", "--trust-proxy", "127.0.0.1", "--trust-proxy", "192.0.2.9"]);
    let mut clients = Vec::new();
    for (number, (forwarded, logged)) in [
        ("192.0.2.7", "192.0.2.7"),
        ("6.6.6.6, 192.0.2.7, 192.0.2.9", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("nonsense", "127.0.0.1"),
        ("", "127.0.0.1"),
    ]
    .into_iter()
    .enumerate()
    {
        clients.push(upgrade(server.addr(), forwarded).expect("the upgrade was refused"));
        server.expect_line(&format!("[{}] Connected from {logged}", number + 1));
    }
    let headers = [("X-Forwarded-For", "192.0.2.8"), ("Origin", "http://evil.test")];
    let refused = WebSocket::try_connect(server.addr(), "/ws", &headers);
    assert_eq!(refused.expect_err("not refused").status, 403);
    server.wait_for_line(|line| line.starts_with("Refused a request from 192.0.2.8: "), SOON);
}

#[test]
fn forwarded_address_of_untrusted_peer_is_ignored() {
    for args in [&["--app", "led-plain"][..], &["--app", "led-plain", "--trust-proxy", "192.0.2.9"]] {
        let server = serve(args);
        let _client = upgrade(server.addr(), "192.0.2.7").expect("the upgrade was refused");
        server.expect_line("[1] Connected from 127.0.0.1");
    }
}

#[test]
fn json_log_omits_unknown_port() {
    let server = serve(&["--app", "led-plain", "--trust-proxy", "127.0.0.1", "--log-format", "json"]);
    let _client = upgrade(server.addr(), "192.0.2.7").expect("the upgrade was refused");
    let line = server.wait_for_line(|line| line.contains("[1] Connected"), SOON);
    let line: serde_json::Value = serde_json::from_str(&line).expect("not JSON");
    assert_eq!((line["peer"].as_str(), &line["port"]), (Some("192.0.2.7"), &serde_json::Value::Null));
    assert_eq!(line["client"], 1);
}

#[test]
fn address_limit_behind_proxy_is_per_client() {
    let args = ["--app", "led-plain", "--trust-proxy", "127.0.0.1", "--limit", "per_address=2"];
    let server = serve(&args);
    let connect = |forwarded| upgrade(server.addr(), forwarded);
    let mut clients = vec![
        connect("192.0.2.7").expect("the upgrade was refused"),
        connect("6.6.6.6, 192.0.2.7").expect("the upgrade was refused"),
    ];
    let refused = connect("192.0.2.7").expect_err("one connection too many was accepted");
    assert_eq!(refused.status, 503);
    assert!(refused.header("retry-after").is_some());
    server.expect_line("Refused 192.0.2.7: there are too many clients from there");
    // Other addresses, and this machine, are not limited by it.
    for forwarded in ["192.0.2.8", "192.0.2.8", "127.0.0.1", "127.0.0.1", "127.0.0.1"] {
        clients.push(connect(forwarded).expect("the upgrade was refused"));
    }
    clients.remove(0);
    let deadline = Instant::now() + SOON;
    while connect("192.0.2.7").is_err() {
        assert!(Instant::now() < deadline, "the slot was not freed");
    }
}
