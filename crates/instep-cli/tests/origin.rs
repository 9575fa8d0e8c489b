//! Access control: Host against rebound names, Origin against pages of other sites.

mod served;

use served::{request, serve};
use std::net::SocketAddr;
use test_support::{SOON, Server, WebSocket, http, target};

/// Returns the status of a handshake with this Host and Origin.
#[track_caller]
fn handshake(addr: SocketAddr, host: &str, origin: &str) -> u16 {
    let mut headers = vec![("Origin", origin)];
    if !host.is_empty() {
        headers.push(("Host", host));
    }
    match WebSocket::try_connect(addr, "/ws", &headers) {
        Ok(_) => 101,
        Err(response) => {
            assert!(response.text().contains("log says how") || response.status == 421, "{response:?}");
            response.status
        }
    }
}

/// Returns the status of a page requested with this Host.
fn page(server: &Server, host: &str) -> u16 {
    http(server.addr(), request("/", &[]).replacen("localhost", host, 1)).status
}

#[test]
fn rebound_host_is_refused_with_advice_in_log() {
    let server = serve(&["--app", "led-plain", "--name", "lamp"]);
    for host in
        ["127.0.0.1", "127.0.0.1:8080", "[::1]:80", "LocalHost", "lamp", "LAMP.local:8080", "10.0.0.1"]
    {
        assert_eq!(page(&server, host), 200, "{host}");
    }
    for host in
        ["evil.test", "lamp.test", "lamp.evil.local", "localhost.evil.test", "127.0.0.1.evil.test", "a:b"]
    {
        assert_eq!(page(&server, host), 421, "{host}");
        assert_eq!(handshake(server.addr(), host, &format!("http://{host}")), 421, "{host}");
    }
    let line = server.wait_for_line(|line| line.contains("evil.test"), SOON);
    assert!(
        line.contains(target().here) && line.ends_with(&format!("{}evil.test", target().allow_host)),
        "{line}"
    );

    let server = serve(&["--app", "led-plain", "--allow-host", "evil.test", "--allow-host", "Lamp.Test"]);
    for host in ["evil.test", "EVIL.test:1234", "lamp.test"] {
        assert_eq!(page(&server, host), 200, "{host}");
        assert_eq!(handshake(server.addr(), host, &format!("http://{host}")), 101, "{host}");
    }
    assert_eq!(page(&server, "sub.evil.test"), 421);
}

#[test]
fn foreign_origin_is_refused_with_advice_in_log() {
    let server = serve(&["--app", "led-plain"]);
    for origin in [
        "http://evil.test",
        "https://127.0.0.1.evil.test",
        "http://127.0.0.1:1",
        "http://localhost",
        "null",
        "file://",
        "",
    ] {
        assert_eq!(handshake(server.addr(), "", origin), 403, "{origin}");
    }
    let line = server.wait_for_line(|line| line.contains("http://evil.test"), SOON);
    assert!(
        line.contains(target().here) && line.ends_with(&format!("{}http://evil.test", target().allow_origin)),
        "{line}"
    );
    server.wait_for_line(|line| line.ends_with(&format!("{}null", target().allow_origin)), SOON);
    assert!(!server.lines().iter().any(|line| line.contains("Connected")));

    // A page's own scripts, and programs that are no browsers.
    let own = format!("http://{}", server.addr());
    assert_eq!(handshake(server.addr(), "", &own), 101);
    assert_eq!(handshake(server.addr(), "", &own.replace("http:", "HTTPS:")), 101, "a TLS proxy before it");
    drop(WebSocket::connect(server.addr(), "/ws"));
    // Reading a page is not guarded by Origin.
    assert_eq!(http(server.addr(), request("/", &["Origin: http://evil.test"])).status, 200);
}

#[test]
fn allowed_origin_passes_and_others_do_not() {
    let args = ["--app", "led-plain", "--allow-origin", "null", "--allow-origin", "http://panel.test:8000"];
    let server = serve(&args);
    for origin in ["null", "http://panel.test:8000", "HTTP://Panel.Test:8000"] {
        assert_eq!(handshake(server.addr(), "", origin), 101, "{origin}");
    }
    for origin in ["http://panel.test", "https://panel.test:8000", "http://panel.test:8000.evil.test", "nul"]
    {
        assert_eq!(handshake(server.addr(), "", origin), 403, "{origin}");
    }
}

#[test]
fn page_and_socket_may_use_two_ports_of_server() {
    let server = serve(&["--app", "led-plain", "--addr", "127.0.0.1:0", "--addr", "127.0.0.1:0"]);
    let [page, socket] = server.addrs() else { panic!("not two addresses: {:?}", server.addrs()) };
    let origin = format!("http://{page}");
    assert_eq!(handshake(*socket, "", &origin), 101);
    assert_eq!(handshake(*page, "", &format!("http://{socket}")), 101);
    assert_eq!(
        handshake(*socket, &format!("localhost:{}", socket.port()), &origin),
        403,
        "another name was accepted"
    );
    // The port of another program on the same machine.
    let other = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    assert_eq!(handshake(*socket, "", &format!("http://{}", other.expect("no free port"))), 403);
    // Default ports are dropped on both sides.
    let (named, plain) = ("localhost:80", "http://localhost");
    assert_eq!(handshake(*socket, named, plain), 101);
    assert_eq!(handshake(*socket, "localhost", "https://localhost:443"), 101);
}

#[test]
fn other_site_may_link_but_not_load() {
    let server = serve(&["--app", "led-plain"]);
    let status = |headers: &[&str]| http(server.addr(), request("/", headers)).status;
    assert_eq!(status(&["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"]), 403);
    assert_eq!(status(&["Sec-Fetch-Site: cross-site"]), 403);
    assert_eq!(
        status(&["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors", "Origin: http://evil.test"]),
        403
    );
    assert_eq!(status(&["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"]), 200);
    assert_eq!(status(&["Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: no-cors"]), 200);
    assert_eq!(status(&["Sec-Fetch-Site: none"]), 200);
    let line = server.wait_for_line(|line| line.contains("a page of another origin"), SOON);
    assert!(line.contains(target().here) && line.contains(target().allow_origin), "{line}");
    let form = request("/", &["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"]);
    assert_eq!(
        http(server.addr(), form.replacen("GET", "POST", 1)).status,
        403,
        "a form was taken for a link"
    );
}
