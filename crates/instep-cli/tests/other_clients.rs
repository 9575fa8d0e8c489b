//! Independent clients and a proxy, which use a Thing.
//!
//! `cargo xtask clients` fetches them.

mod served;

use served::serve;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Instant;
use test_support::{Http, SOON, Server, WebSocket, http, wait_until};

/// Returns the folder into which the clients were fetched.
fn fetched() -> PathBuf {
    std::env::var_os("OTHER_CLIENTS")
        .expect("OTHER_CLIENTS is not set; run `cargo xtask clients`, which fetches the clients")
        .into()
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/other_clients").join(name)
}

/// Runs a client against the server. The client contains the assertions.
#[track_caller]
fn uses(server: &Server, client: &mut Command) {
    let output = client.arg(format!("http://{}", server.addr())).output().expect("cannot run the client");
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{wrong}");
}

fn node(name: &str) -> Command {
    let mut node = Command::new("node");
    node.arg(script(name)).env("NODE_PATH", fetched().join("node_modules"));
    node
}

fn python(name: &str) -> Command {
    let mut python = Command::new(fetched().join("venv/bin/python"));
    python.arg(script(name));
    python
}

#[test]
#[ignore = "it needs undici: `cargo xtask clients`"]
fn undici_uses_thing() {
    uses(&serve(&["--app", "workshop"]), &mut node("undici.cjs"));
}

#[test]
#[ignore = "it needs ws: `cargo xtask clients`"]
fn ws_uses_thing() {
    uses(&serve(&["--app", "workshop"]), &mut node("ws.cjs"));
}

#[test]
#[ignore = "it needs aiohttp: `cargo xtask clients`"]
fn aiohttp_uses_thing() {
    uses(&serve(&["--app", "workshop"]), &mut python("python_aiohttp.py"));
}

#[test]
#[ignore = "it needs websockets: `cargo xtask clients`"]
fn python_websockets_uses_thing() {
    uses(&serve(&["--app", "workshop"]), &mut python("python_websockets.py"));
}

#[test]
#[ignore = "it needs a JDK: `cargo xtask clients`"]
fn java_http_client_uses_thing() {
    uses(&serve(&["--app", "workshop"]), Command::new("java").arg(script("Client.java")));
}

/// HAProxy in front of a server, which it checks by `OPTIONS` of HTTP/1.0.
///
/// Dropping it ends it.
struct HaProxy {
    process: Child,
    addr: std::net::SocketAddr,
}

impl HaProxy {
    fn start(server: &Server) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|free| free.local_addr())
            .expect("no free port");
        let text = format!(
            "defaults\n mode http\n timeout connect 2s\n timeout client 10s\n timeout server 10s\n timeout tunnel 10s\n\
             frontend front\n bind {port}\n default_backend device\n\
             backend device\n option httpchk\n option forwardfor\n server device {} check inter 100ms fall 1 rise 1\n",
            server.addr()
        );
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("haproxy-{}.cfg", port.port()));
        std::fs::write(&file, text).expect("cannot write the file");
        let process = Command::new("haproxy").arg("-f").arg(&file).spawn().expect("cannot run HAProxy");
        wait_until(SOON, || std::net::TcpStream::connect(port).is_ok(), || "HAProxy does not listen");
        Self { process, addr: port }
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[ignore = "it needs HAProxy: `cargo xtask clients`"]
fn haproxy_checks_health_and_forwards_requests() {
    let server = serve(&["--app", "workshop", "--trust-proxy", "127.0.0.1"]);
    let proxy = HaProxy::start(&server);
    // Time for more than ten checks. A server that fails one is down at once, and then the answer is
    // HAProxy's own 503.
    let begin = Instant::now();
    while begin.elapsed() < std::time::Duration::from_millis(1_500) {
        let answer =
            http(proxy.addr, "GET /properties/led HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assert_eq!(answer.status, 200, "HAProxy considers the server down");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let mut connection = Http::connect(proxy.addr);
    let head = "PUT /properties/led HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    connection.send(format!("{head}2\r\ntr\r\n2\r\nue\r\n0\r\n\r\n"));
    assert_eq!(connection.read().status, 204);
    let mut socket = WebSocket::connect(proxy.addr, "/ws");
    socket.send_text(r#"{"label":"brightness","value":5,"id":1}"#);
    let _ = socket.read_text_until(|text| text.contains("\"ok\""));
}
