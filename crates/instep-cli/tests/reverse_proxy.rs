//! nginx and Caddy, with the configurations of docs/guide/reverse-proxy.
//!
//! A proxy that this machine does not have is skipped.

mod served;

use served::{INSTEP, request, serve};
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use test_support::{
    Folder, Http, Response, SOON, Server, WebSocket, find, free_addr, http, opcode, wait_until,
};

/// Another address of this machine, to distinguish the client from the proxy.
const CLIENT: [u8; 4] = [127, 0, 0, 2];
/// Time for which a page stays open without traffic.
///
/// It is longer than nginx's read timeout in this test.
const IDLE: Duration = Duration::from_secs(5);

/// Proxy process, which ends when dropped.
struct Proxy {
    process: Child,
    addr: SocketAddr,
    /// Folder of its configuration.
    _folder: Folder,
}

impl Proxy {
    /// Starts nginx with the configuration of the documentation.
    ///
    /// Reports a missing nginx.
    fn nginx(server: &Server) -> Option<Proxy> {
        Self::nginx_with("nginx", server, include_str!("../../../docs/guide/reverse-proxy/nginx.conf"))
    }

    fn nginx_with(name: &str, server: &Server, shown: &str) -> Option<Proxy> {
        let program = find("nginx")?;
        let addr = free_addr();
        let folder = Folder::new(name);
        let site = replace(shown, &[("listen 80;", &format!("listen {addr};"))]);
        let site =
            replace(&site, &[("127.0.0.1:8080", &server.addr().to_string())]) + &stripping(addr, server);
        fs::write(folder.join("instep.conf"), site).expect("cannot write the site");
        // The settings of a distribution's nginx.conf, and a short timeout.
        let temporary = ["client_body", "proxy"].map(|what| format!("{what}_temp_path {what};"));
        let whole = format!(
            "pid nginx.pid; error_log stderr; events {{}} http {{ access_log off; proxy_read_timeout 4s; {} include instep.conf; }}",
            temporary.concat()
        );
        fs::write(folder.join("nginx.conf"), whole).expect("cannot write the configuration");
        let mut command = Command::new(program);
        command.args(["-e", "stderr", "-c", "nginx.conf", "-g", "daemon off; master_process off;", "-p"]);
        command.arg(folder.file(""));
        Some(Proxy::start(&mut command, addr, folder))
    }

    /// Starts Caddy likewise, without certificates.
    fn caddy(server: &Server) -> Option<Proxy> {
        let program = find("caddy")?;
        let addr = free_addr();
        let folder = Folder::new("caddy");
        let shown = include_str!("../../../docs/guide/reverse-proxy/Caddyfile");
        let port = addr.port();
        let site = replace(
            shown,
            &[
                ("lamp.example {", &format!("http://lamp.example:{port} {{")),
                ("home.example {", &format!("http://home.example:{port} {{")),
                ("127.0.0.1:8080", &server.addr().to_string()),
            ],
        );
        let site = format!("{{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}}\n{site}");
        fs::write(folder.join("Caddyfile"), site).expect("cannot write the configuration");
        let mut command = Command::new(program);
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(folder.join("Caddyfile"));
        command.env("HOME", folder.file("")).env("XDG_DATA_HOME", folder.file(""));
        Some(Proxy::start(&mut command, addr, folder))
    }

    fn start(command: &mut Command, addr: SocketAddr, folder: Folder) -> Proxy {
        let process = command.stdin(Stdio::null()).spawn().expect("cannot start the proxy");
        let mut proxy = Proxy { process, addr, _folder: folder };
        let listens = || {
            let ended = proxy.process.try_wait().expect("cannot read the state");
            assert!(ended.is_none(), "the proxy does not listen: {ended:?}");
            TcpStream::connect(addr).is_ok()
        };
        wait_until(3 * SOON, listens, || "the proxy does not listen");
        proxy
    }

    /// Returns the answer to a GET for this host and path.
    #[track_caller]
    fn get(&self, host: &str, path: &str) -> Response {
        http(self.addr, request(path, &[]).replacen("localhost", host, 1))
    }

    /// Opens a WebSocket from [`CLIENT`].
    #[track_caller]
    fn upgrade(&self, path: &str, headers: &[(&str, &str)]) -> Result<WebSocket, Box<Response>> {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)
            .expect("cannot create a socket");
        socket.bind(&SocketAddr::from((CLIENT, 0)).into()).expect("cannot bind the address");
        socket.connect(&self.addr.into()).expect("cannot connect");
        WebSocket::upgrade(socket.into(), path, headers)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns a server block of nginx that removes `/home` from the path.
///
/// The documentation requires that.
fn stripping(addr: SocketAddr, server: &Server) -> String {
    let upstream = server.addr();
    format!(
        "server {{ listen {addr}; server_name strip.example; location /home/ {{
            proxy_pass http://{upstream}/;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto https;
            proxy_set_header X-Forwarded-Prefix /home; }} }}"
    )
}

/// Replaces texts that must exist.
#[track_caller]
fn replace(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from:?} is not in the configuration");
        text.replace(from, to)
    })
}

const ARGS: &[&str] = &[
    "--app",
    "led-plain",
    "--allow-host",
    "home.example",
    "--allow-host",
    "lamp.example",
    "--allow-host",
    "strip.example",
    "--trust-proxy",
    "127.0.0.1",
    "--base-path",
    "/device",
    "--limit",
    "ping_every=1 s",
];

/// Checks that the log-in redirects to itself and back, below the path, too.
fn expect_log_in(proxy: &Proxy) {
    for (host, base) in [("lamp.example", ""), ("home.example", "/device")] {
        let asked = http(
            proxy.addr,
            request(&format!("{base}/?a=b"), &["Accept: text/html"]).replacen("localhost", host, 1),
        );
        let login = format!("{base}/login?next=/%3Fa%3Db");
        assert_eq!((asked.status, asked.header("location")), (303, Some(&*login)), "{host}");
        let origin = format!("Origin: https://{host}");
        let form = ["Content-Type: application/x-www-form-urlencoded", "Content-Length: 13", &*origin];
        let request = request(&login, &form).replacen("GET", "POST", 1).replacen("localhost", host, 1)
            + "password=xyzz";
        let inside = http(proxy.addr, request);
        assert_eq!(
            (inside.status, inside.header("location")),
            (303, Some(&*format!("{base}/?a=b"))),
            "{host}"
        );
        // The proxy was reached without TLS.
        let cookie = inside.header("set-cookie").expect("no session cookie");
        assert!(cookie.ends_with("; HttpOnly; SameSite=Strict"), "{cookie}");
    }
}

/// Starts a server with a password.
fn guarded() -> Server {
    Server::with(ARGS).binary(INSTEP).variable("INSTEP_PASSWORD", "xyzz").start()
}

/// Checks everything that has to work behind every proxy.
fn expect_all(server: &Server, proxy: &Proxy) {
    // Pages and scripts, at a name of their own and below a path.
    for (host, path) in [("lamp.example", "/"), ("home.example", "/device/")] {
        let page = proxy.get(host, path);
        assert_eq!(page.status, 200, "{host}");
        assert!(page.text().contains("from \"./instep.js\"") && page.text().contains("connect(\"ws\""));
        assert_eq!(page.header("content-security-policy"), Some("frame-ancestors 'self'"));
        assert_eq!(proxy.get(host, &format!("{path}instep.js")).status, 200, "{host}");
        assert_eq!(proxy.get(host, &format!("{path}nothing")).status, 404, "{host}");
    }
    let redirect = proxy.get("home.example", "/device");
    assert!(matches!(redirect.status, 301 | 302), "{redirect:?}");
    assert_eq!(redirect.header("location"), Some("/device/"));

    // WebSockets of a page over TLS, on the usual port and another, and of a program.
    let at = |host, origin| [("Host", host), ("Origin", origin), ("X-Forwarded-For", "192.0.2.66")];
    let mut below = proxy
        .upgrade("/device/ws", &at("home.example", "https://home.example"))
        .expect("the upgrade was refused");
    assert_eq!(below.read_text(), "0");
    server.wait_for_line(|line| line == "[1] Connected from 127.0.0.2", SOON);
    let mut whole = proxy
        .upgrade("/ws", &at("lamp.example:8443", "https://lamp.example:8443"))
        .expect("the upgrade was refused");
    assert_eq!(whole.read_text(), "0");
    below.send_text("toggle");
    assert_eq!((below.read_text(), whole.read_text()), ("1".into(), "1".into()));
    // Pages of other origins, and an unknown path.
    let foreign = proxy.upgrade("/device/ws", &at("home.example", "https://evil.test"));
    assert_eq!(foreign.expect_err("not refused").status, 403);
    let line = server.wait_for_line(|line| line.ends_with("--allow-origin https://evil.test"), SOON);
    assert!(line.contains("127.0.0.2"), "{line}");
    let nowhere = proxy.upgrade("/device/nothing", &at("home.example", "https://home.example"));
    assert_eq!(nowhere.expect_err("not refused").status, 404);

    // Pings keep it open, and a later message still arrives.
    let deadline = Instant::now() + IDLE;
    let mut pings = 0;
    while let Some(within) = deadline.checked_duration_since(Instant::now()) {
        let Some(frame) = below.try_read_frame(within) else { break };
        assert_eq!(frame.opcode, opcode::PING, "{frame:?}");
        below.frame(true, 0, opcode::PONG, Some([1, 2, 3, 4]), &frame.payload);
        pings += 1;
    }
    assert!(pings >= 2, "{pings} pings");
    below.send_text("toggle");
    assert_eq!(below.read_text(), "0");
    below.send_close(1000, "");
    below.expect_close(1000);
    server.expect_line("[1] Disconnected");
}

#[test]
fn documentation_shows_tested_configuration() {
    let page = include_str!("../../../docs/guide/reverse-proxy.md");
    for (language, file) in [
        ("nginx", include_str!("../../../docs/guide/reverse-proxy/nginx.conf")),
        ("caddyfile", include_str!("../../../docs/guide/reverse-proxy/Caddyfile")),
    ] {
        let block = page.split(&format!("```{language}\n")).nth(1).expect("no block").split("```").next();
        assert!(block.is_some_and(|block| !block.is_empty() && file.contains(block)), "{block:?}");
    }
}

/// Checks `base` for a client of each proxy, whatever the client's own headers say.
fn expect_base(proxy: &Proxy, host: &str, path: &str, base: &str) {
    let path = format!("{path}/.well-known/wot");
    let lie = ["X-Forwarded-Prefix: /evil"];
    let description = http(proxy.addr, request(&path, &lie).replacen("localhost", host, 1));
    assert_eq!(description.status, 200, "{host}");
    let description: serde_json::Value = serde_json::from_str(description.text()).expect("not JSON");
    assert_eq!(description["base"], base);
}

#[test]
fn description_base_is_path_behind_nginx() {
    let args: Vec<_> = ARGS.iter().map(|arg| if *arg == "led-plain" { "lamp" } else { arg }).collect();
    let server = serve(&args);
    if let Some(proxy) = Proxy::nginx(&server) {
        expect_base(&proxy, "lamp.example", "", "http://lamp.example/.well-known/");
        expect_base(&proxy, "home.example:81", "/device", "http://home.example:81/device/.well-known/");
        expect_base(&proxy, "strip.example", "/home", "https://strip.example/home/.well-known/");
    }
    let server = guarded();
    if let Some(proxy) = Proxy::nginx(&server) {
        let asked = request("/home/?a=b", &["Accept: text/html"]).replacen("localhost", "strip.example", 1);
        let asked = http(proxy.addr, asked);
        assert_eq!(asked.header("location"), Some("/home/login?next=/%3Fa%3Db"));
    }
}

#[test]
fn nginx_forwards_pages_and_websockets() {
    let server = serve(ARGS);
    if let Some(proxy) = Proxy::nginx(&server) {
        expect_all(&server, &proxy);
    }
    let server = guarded();
    if let Some(proxy) = Proxy::nginx(&server) {
        expect_log_in(&proxy);
    }
}

/// The smallest configuration of nginx as a proxy.
///
/// It sends HTTP/1.0 requests, and forwards no WebSocket.
const PLAIN_NGINX: &str = "server {
    listen 80;
    location / {
        proxy_pass http://127.0.0.1:8080;
        proxy_set_header Host $http_host;
    }
}
";

#[test]
fn nginx_without_websocket_forwards_streams() {
    let server = serve(&["--app", "workshop"]);
    let Some(proxy) = Proxy::nginx_with("nginx-plain", &server, PLAIN_NGINX) else { return };
    let refused = proxy.upgrade("/ws", &[("Host", "localhost")]).expect_err("no WebSocket");
    assert_eq!(refused.status, 426);
    server.wait_for_line(
        |line| line.ends_with(": it has no Upgrade: websocket, which a proxy has to pass on"),
        SOON,
    );
    let mut stream = Http::connect(proxy.addr);
    stream.send(request("/events?revision", &[]));
    let head = stream.read_head();
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
    // Reads until that revision. Other events may precede it.
    let mut up_to = |revision: u64| {
        let mut brought = String::new();
        loop {
            brought += &String::from_utf8_lossy(&stream.read_until(b"{\"label\":\"alive\",\"value\":"));
            let number = stream.read_until(b"}");
            let number = String::from_utf8_lossy(&number).trim_end_matches('}').parse::<u64>();
            if number.expect("no revision") >= revision {
                return brought;
            }
        }
    };
    up_to(0);
    let put = request("/properties/led", &["Content-Type: application/json", "Content-Length: 4"]);
    let answer = http(proxy.addr, put.replacen("GET", "PUT", 1) + "true");
    let revision = answer.header("instep-revision").expect("no revision").parse().expect("not a number");
    assert_eq!(answer.status, 204);
    assert!(up_to(revision).contains("{\"label\":\"led\",\"value\":true}"));
}

#[test]
fn caddy_forwards_pages_and_websockets() {
    let server = serve(ARGS);
    if let Some(proxy) = Proxy::caddy(&server) {
        expect_all(&server, &proxy);
    }
    let server = guarded();
    if let Some(proxy) = Proxy::caddy(&server) {
        expect_log_in(&proxy);
    }
}
