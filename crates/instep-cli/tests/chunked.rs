//! Content in chunked transfer coding, from clients and a proxy that send it.
//!
//! Programs that this machine does not have are skipped.

mod served;

use served::{INSTEP, get, request, serve};
use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use test_support::{Http, SOON, Server, find, http, wait_until};

/// Returns the output of a program with this input.
#[track_caller]
fn output(command: &mut Command, input: &str) -> String {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut process = command.spawn().expect("cannot start the command");
    process.stdin.take().expect("no pipe").write_all(input.as_bytes()).expect("cannot write to the program");
    let output = process.wait_with_output().expect("cannot wait for the process");
    assert!(output.status.success(), "{}", output.status);
    String::from_utf8(output.stdout).expect("not UTF-8")
}

/// Returns a request whose content is in chunks already.
fn chunked(method: &str, path: &str, chunks: &str) -> String {
    request(path, &["Content-Type: application/json", "Transfer-Encoding: chunked"])
        .replacen("GET", method, 1)
        + chunks
}

#[test]
fn curl_uploads_stdin_in_chunks() {
    let Some(curl) = find("curl") else { return };
    let server = Server::with(&["--app", "workshop"])
        .binary(INSTEP)
        .variable("INSTEP_PASSWORD", "open sesame")
        .start();
    let (addr, json) = (server.addr(), "Content-Type: application/json");
    let status = |path: &str, args: &[&str], input: &str| {
        let mut command = Command::new(&curl);
        command.args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "-T", "-"]).args(args);
        output(command.arg(format!("http://{addr}{path}")), input)
    };
    let tool = ["-u", ":open sesame", "-H", json];
    assert_eq!(status("/properties/led", &tool, "true"), "204");
    server.wait_for_line(|line| line.contains(r#"{"label":"led","value":true,"id":0}"#), SOON);
    assert_eq!(status("/actions/blink", &["-u", ":open sesame", "-X", "POST"], ""), "204");
    let form = ["-X", "POST", "-H", "Content-Type: application/x-www-form-urlencoded"];
    assert_eq!(status("/login", &form, "password=open+sesame"), "303");
    assert_eq!(status("/login", &form, "password=wrong"), "401");
    assert_eq!(status("/properties/led", &["-H", json], "true"), "401");
}

#[test]
fn node_writes_request_body_and_keeps_connection() {
    let Some(node) = find("node") else { return };
    let server = serve(&["--app", "workshop"]);
    let script = r#"
        const http = require('http');
        const [port] = process.argv.slice(2);
        const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
        const ask = (method, path, parts) => new Promise((resolve, reject) => {
            const headers = { 'Content-Type': 'application/json' };
            const request = http.request({ port, host: '127.0.0.1', method, path, headers, agent }, (response) => {
                let text = '';
                response.on('data', (part) => text += part);
                response.on('end', () => resolve(`${response.statusCode} ${text} ${request.reusedSocket}`));
            });
            request.on('error', reject);
            for (const part of parts) request.write(part);
            request.end();
        });
        (async () => {
            console.log(await ask('PUT', '/properties/led', ['t', 'ru', 'e']));
            console.log(await ask('PUT', '/nowhere', ['x'.repeat(5000)]));
            console.log(await ask('GET', '/properties/led', []));
            agent.destroy();
        })();
    "#;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("chunked-node-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("cannot create the folder");
    let file = folder.join("ask.cjs");
    fs::write(&file, script).expect("cannot write the file");
    let said = output(Command::new(node).arg(file).arg(server.addr().port().to_string()), "");
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines[0], "204  false");
    assert!(lines[1].starts_with("404 ") && lines[1].ends_with(" true"), "{said}");
    assert_eq!(lines[2], "200 true true");
}

/// Inputs that servers are known to interpret differently (RFC 9112 section 11.2).
const AMBIGUOUS: &[&str] = &[
    "4\ntrue\n0\n\n",
    "4\r\ntrue\n0\r\n\r\n",
    "4\r\ntrue\r0\r\n\r\n",
    "4;\ntrue\r\n0\r\n\r\n",
    "4;a\nb\r\ntrue\r\n0\r\n\r\n",
    "4;a=\"\r\ntrue\r\n0\n\n",
    "4\r\ntrueXX0\r\n\r\n",
    "0x4\r\ntrue\r\n0\r\n\r\n",
    "+4\r\ntrue\r\n0\r\n\r\n",
    "10000000000000004\r\ntrue\r\n0\r\n\r\n",
    "4\r\ntrue\r\n0\r\nGET / HTTP/1.1\r\n\r\n",
    "4\r\ntrue\r\n0\r\nX\n: y\r\n\r\n",
];

/// Checks that no ambiguous request reaches the application.
///
/// No answer to a hidden request may follow either.
#[track_caller]
fn expect_nothing_hidden(addr: SocketAddr, server: &Server) {
    for chunks in AMBIGUOUS {
        let hidden = request("/properties/brightness", &[]);
        let mut connection = Http::connect(addr);
        connection.send(chunked("PUT", "/properties/led", chunks) + &hidden);
        connection.finish();
        let answer = String::from_utf8(connection.read_to_end(2 * SOON)).expect("not UTF-8");
        let answers = answer.matches("HTTP/1.1 ").count();
        assert!(answers <= 1 && !answer.starts_with("HTTP/1.1 2"), "{chunks:?}: {answer}");
        assert_eq!(get(server.addr(), "/properties/led").text(), "false", "{chunks:?}");
    }
}

#[test]
fn ambiguous_request_does_not_reach_application() {
    let server = serve(&["--app", "workshop"]);
    expect_nothing_hidden(server.addr(), &server);
}

#[test]
fn nginx_forwards_chunked_request() {
    let Some(nginx) = find("nginx") else { return };
    let server = serve(&["--app", "workshop"]);
    let addr = test_support::free_addr();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("chunked-nginx-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("cannot create the folder");
    let to = server.addr();
    let config = format!(
        "pid nginx.pid; error_log stderr; events {{}} http {{ access_log off; client_body_temp_path body; proxy_temp_path proxy; \
         upstream instep {{ server {to}; keepalive 1; }} server {{ listen {addr}; location / {{ \
         proxy_pass http://instep; proxy_set_header Host localhost; proxy_set_header Connection ''; \
         proxy_http_version 1.1; proxy_request_buffering off; }} }} }}"
    );
    fs::write(folder.join("nginx.conf"), config).expect("cannot write the file");
    let mut command = Command::new(nginx);
    command
        .args(["-e", "stderr", "-c", "nginx.conf", "-g", "daemon off; master_process off;", "-p"])
        .arg(&folder);
    let mut process = command.stdin(Stdio::null()).spawn().expect("cannot start nginx");
    wait_until(3 * SOON, || TcpStream::connect(addr).is_ok(), || "nginx does not listen");
    for (chunks, value) in [
        ("4\r\ntrue\r\n0\r\n\r\n", "true"),
        ("1\r\nf\r\n4;ext=\"x\"\r\nalse\r\n0\r\n\r\n", "false"),
        ("4\r\ntrue\r\n0\r\nTrailer: x\r\n\r\n", "true"),
        ("5\r\nfalse\r\n0\r\n\r\n", "false"),
    ] {
        assert_eq!(http(addr, chunked("PUT", "/properties/led", chunks)).status, 204, "{chunks:?}");
        assert_eq!(get(server.addr(), "/properties/led").text(), value);
    }
    // nginx accepts some of them and forwards its own interpretation.
    for chunks in AMBIGUOUS {
        let mut connection = Http::connect(addr);
        connection.send(chunked("POST", "/nowhere", chunks));
        connection.finish();
        let answer = String::from_utf8(connection.read_to_end(2 * SOON)).expect("not UTF-8");
        assert!(answer.matches("HTTP/1.1 ").count() <= 1, "{chunks:?}: {answer}");
        assert_eq!(
            http(addr, request("/properties/led", &[])).text(),
            "false",
            "not the answer to this request"
        );
    }
    process.kill().and_then(|()| process.wait()).expect("cannot wait for the process");
}
