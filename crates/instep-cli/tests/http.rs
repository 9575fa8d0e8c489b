//! HTTP/1.1 over a real socket: refused requests, and the life of connections.

mod served;

use served::{get, last_answer, request, serve, unzipped};
use std::io::Write as _;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, SystemTime};
use test_support::{Http, Response, SOON, Target, http, target};

const SCRIPT: &[u8] = instep_panel::INSTEP_JS.body();
/// Checks that a person can read the error, and that it has a type.
///
/// A browser then need not guess the type.
#[track_caller]
fn expect_readable(response: &Response) {
    let body = response.text();
    assert!((10..200).contains(&body.len()) && body.ends_with('.'), "{response:?}");
    assert!(response.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert_eq!(response.header("server"), None);
}

#[test]
fn invalid_request_is_answered_and_connection_stays() {
    let server = serve(&["--app", "soft-ap"]);
    let image = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"];
    let mut connection = Http::connect(server.addr());
    for (request, status) in [
        (request("/", &image), 403),
        (request("/nothing", &[]), 404),
        (request("/", &[]).replacen("GET", "POST", 1), 405),
        (request("/any/thing", &["Content-Length: 3"]).replacen("GET", "PUT", 1) + "abc", 405),
        (request("/", &[]).replacen("GET", "DELETE", 1), 405),
        (request("/", &[]).replacen("localhost", "evil.test", 1), 421),
        (request("/ws", &[]), 426),
        (request("/ws", &[]).replacen("GET", "POST", 1), 405),
        (request("/ws", &["Upgrade: websocket"]).replacen("GET", "DELETE", 1), 405),
    ] {
        connection.send(&request);
        let response = connection.read();
        assert_eq!(response.status, status, "{request:?}");
        expect_readable(&response);
        assert_eq!(response.header("allow"), (status == 405).then_some("GET, HEAD"));
        assert_eq!(response.header("sec-websocket-version"), (status == 426).then_some("13"));
    }
    connection.send(request("/any/still-there", &[]));
    assert_eq!(connection.read().text(), "still-there");
}

#[test]
fn unreadable_request_is_answered_and_connection_ends() {
    let server = serve(&["--app", "hello"]);
    let post = |headers: &[&str]| request("/", headers).replacen("GET", "POST", 1);
    let Target { head, headers, body, .. } = *target();
    let many: Vec<String> = (0..headers).map(|number| format!("X-{number}: y")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (bytes, status) in [
        ("\x16\x03\x01\x02\x00\x01\x00\x01\x7c\x03\x03".to_owned(), 400),
        ("GET / HTTP/1.1\r\n\r\n".into(), 400),
        (request("/", &["Host: localhost"]), 400),
        (request("/", &["no colon"]), 400),
        (request("/", &["Name : value"]), 400),
        (request("/", &[" folded: value"]), 400),
        (request("/\u{1}", &[]), 400),
        (request("hello", &[]), 400),
        (request("/a b", &[]), 400),
        (request("/a HTTP/1.1 b", &[]), 400),
        (post(&["Content-Length: 1", "Content-Length: 1"]), 400),
        (post(&["Content-Length: -1"]), 400),
        (post(&["Content-Length: +1"]), 400),
        (post(&["Content-Length: 1", "Transfer-Encoding: chunked"]), 400),
        (post(&[&format!("Content-Length: {}", body + 1)]), 413),
        (post(&["Expect: tea"]), 417),
        (request("/", &[&format!("X: {}", "x".repeat(head))]), 431),
        (request(&format!("/{}", "x".repeat(head)), &[]), 431),
        (request("/", &many), 431),
        (request("/", &[]).replacen("GET", "BREW", 1), 501),
        (post(&["Transfer-Encoding: gzip"]), 501),
        (post(&["Transfer-Encoding: chunked, gzip"]), 400),
        (post(&["Transfer-Encoding: chunked"]) + "1\nx\n0\n\n", 400),
        (request("/", &[]).replacen("HTTP/1.1", "HTTP/2.0", 1), 505),
    ] {
        // The bytes after it must not be taken for a request.
        let response = last_answer(server.addr(), bytes.clone() + &request("/", &[]));
        assert_eq!(response.status, status, "{bytes:?}");
        assert_eq!(response.header("connection"), Some("close"));
        expect_readable(&response);
    }
    // Just below the limits.
    let rest = head - request("/", &["X: "]).len();
    assert_eq!(http(server.addr(), request("/", &[&format!("X: {}", "x".repeat(rest))])).status, 200);
    assert_eq!(http(server.addr(), request("/", &many[1..])).status, 200);
    let longest = post(&[&format!("Content-Length: {body}")]) + &"x".repeat(body);
    assert_eq!(http(server.addr(), longest).status, 405);
}

#[test]
fn slow_head_gets_408_and_silent_connection_is_closed() {
    let server = serve(&["--app", "hello"]);
    let mut silent = Http::connect(server.addr());
    let mut slow = Http::connect(server.addr());
    slow.send("GET / HTTP/1.1\r\nHost: local");
    let response = slow.read();
    assert_eq!(response.status, 408);
    expect_readable(&response);
    slow.expect_end(SOON);
    silent.expect_end(SOON);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = serve(&["--app", "soft-ap"]);
    let mut connection = Http::connect(server.addr());
    for round in 0..3 {
        let paths = ["one", "two", "three"].map(|path| request(&format!("/any/{path}-{round}"), &[]));
        connection.send(paths.concat());
        for path in ["one", "two", "three"] {
            assert_eq!(connection.read().text(), format!("{path}-{round}"));
        }
    }
    // An unused body lies between them, and a last request follows.
    let rest = [
        request("/any/four", &["Content-Length: 29"]),
        "GET /any/no HTTP/1.1\r\nHost: a".into(),
        request("/instep.js", &["Accept-Encoding: gzip"]),
        request("/any/five", &["Connection: close"]),
        request("/any/six", &[]),
    ];
    connection.send(rest.concat());
    assert_eq!(connection.read().text(), "four");
    assert_eq!(unzipped(&connection.read()), SCRIPT);
    let last = connection.read();
    assert_eq!((last.text(), last.header("connection")), ("five", Some("close")));
    connection.expect_end(SOON);
}

#[test]
fn http_1_0_keeps_connection_only_on_request() {
    let server = serve(&["--app", "hello"]);
    let mut connection = Http::connect(server.addr());
    for _ in 0..2 {
        connection.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        let response = connection.read();
        assert_eq!((response.status, response.header("connection")), (200, Some("keep-alive")));
    }
    connection.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(connection.read().status, 200);
    connection.expect_end(SOON);
}

#[test]
fn head_request_gets_head_alone() {
    let server = serve(&["--app", "led-plain"]);
    let mut connection = Http::connect(server.addr());
    for path in ["/", "/instep.js", "/nothing", "/ws"] {
        connection.send(request(path, &[]));
        let full = connection.read();
        // A HEAD request opens no WebSocket, even with Upgrade.
        for upgrade in [&[][..], &["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]]
        {
            connection.send(request(path, upgrade).replacen("GET", "HEAD", 1));
            let head = connection.read_head();
            assert_eq!(head.status, full.status);
            assert_eq!(head.headers_without_date(), full.headers_without_date());
            assert!(head.body.is_empty() && !full.body.is_empty());
        }
    }
    connection.send("HEAD /a b HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(connection.read_head().status, 400);
    assert_eq!(connection.read_to_end(SOON), b"");
}

#[test]
fn answer_arrives_while_client_is_still_sending() {
    let server = serve(&["--app", "hello"]);
    for _ in 0..20 {
        let tcp = TcpStream::connect(server.addr()).expect("cannot connect");
        let mut sending = tcp.try_clone().expect("cannot clone the socket");
        let sender = thread::spawn(move || {
            let head = request("/", &["Content-Length: 2097152"]).replacen("GET", "POST", 1);
            sending.write_all(head.as_bytes()).expect("cannot send the head");
            // The server does not read to the end, so this fails at some point.
            let _ = sending.write_all(&vec![b'x'; 2 << 20]);
        });
        let mut connection = Http::over(tcp);
        let response = connection.read();
        assert_eq!((response.status, response.header("connection")), (413, Some("close")));
        expect_readable(&response);
        connection.expect_end(SOON);
        sender.join().expect("the thread panicked");
    }
}

#[test]
fn expect_100_continue_gets_final_answer_at_once() {
    let server = serve(&["--app", "hello"]);
    let waits = request("/", &["Content-Length: 5", "Expect: 100-continue"]).replacen("GET", "POST", 1);
    let response = last_answer(server.addr(), waits);
    assert_eq!((response.status, response.header("connection")), (405, Some("close")));
}

#[test]
fn absolute_target_is_accepted_and_names_host() {
    let server = serve(&["--app", "soft-ap"]);
    let own = server.addr();
    assert_eq!(get(own, &format!("http://{own}/any/thing?query")).text(), "thing");
    assert_eq!(get(own, &format!("HTTP://{own}")).status, 200);
    assert_eq!(get(own, "http://evil.test/any/thing").status, 421, "the host of the target was not checked");
    for scheme in ["http", "https", "ws", "WSS"] {
        assert_eq!(get(own, &format!("{scheme}://localhost/")).status, 200, "{scheme}");
        assert_eq!(get(own, &format!("{scheme}://evil.test/")).status, 421, "{scheme}");
    }
    for target in
        ["ftp://localhost/", "localhost:80", "http:///", "http://localhost@evil.test/", "file:///etc/passwd"]
    {
        assert_eq!(last_answer(own, request(target, &[])).status, 400, "{target}");
    }
    // Host is still required, and ignored.
    assert_eq!(http(own, "GET ws://localhost/ HTTP/1.1\r\nHost: evil.test\r\n\r\n").status, 200);
    assert_eq!(http(own, "GET ws://localhost/ HTTP/1.1\r\n\r\n").status, 400);
}

#[test]
fn answers_have_date_header() {
    let server = serve(&["--app", "workshop"]);
    let lines = ["/", "/nothing", "/properties/led", "/healthz"].map(|path| request(path, &[]));
    let odd = [request("*", &[]).replacen("GET", "OPTIONS", 1), "garbage\r\n\r\n".to_owned()];
    for line in lines.into_iter().chain(odd) {
        let response = http(server.addr(), &line);
        let date = response.header("date").unwrap_or_else(|| panic!("{line:?}: {response:?}"));
        // The program `date` of this machine parses the header.
        let read = std::process::Command::new("date")
            .args(["-u", "+%s", "-d", date])
            .output()
            .expect("cannot run date");
        let seconds: u64 =
            String::from_utf8(read.stdout).expect("not UTF-8").trim().parse().expect("not a number");
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .expect("the clock is before 1970")
            .as_secs();
        assert!(date.len() == 29 && date.ends_with(" GMT") && now.abs_diff(seconds) <= 10, "{date}");
    }
}

/// Node reads Keep-Alive.
///
/// Without it, a request would sometimes meet a connection that is being closed.
#[test]
fn client_reusing_connections_never_meets_closed_one() {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let Some(node) =
        std::env::split_paths(&path).map(|folder| folder.join("node")).find(|file| file.is_file())
    else {
        println!("skipped: node is not on PATH");
        return;
    };
    let server = serve(&["--app", "hello", "--limit", "idle_time=3900 ms"]);
    let said = http(server.addr(), request("/", &[]));
    assert_eq!(said.header("keep-alive"), Some("timeout=3"));
    // Both clients of Node: http, with the time limit of its own agent, and undici, which is its fetch.
    let script = r#"
        const http = require('http');
        const [url] = process.argv.slice(1);
        const agent = new http.Agent({ keepAlive: true, maxSockets: 1, timeout: 5000 });
        const by_http = () => new Promise((resolve, reject) => {
            const request = http.get(url, { agent }, (response) => {
                response.resume();
                response.on('end', () => resolve(`${response.statusCode} ${request.reusedSocket}`));
            }).on('error', reject);
        });
        const by_fetch = async () => { const answer = await fetch(url); await answer.text(); return answer.status; };
        const wait = (millis) => new Promise((resolve) => setTimeout(resolve, millis));
        (async () => {
            const said = [];
            for (const pause of [0, 300, 3200]) {
                await wait(pause);
                said.push(await by_http(), await by_fetch());
            }
            console.log(said.join(', '));
            process.exit(0);
        })();
    "#;
    let url = format!("http://{}/", server.addr());
    let output = std::process::Command::new(node).args(["-e", script, &url]).output().expect("node runs");
    let said = String::from_utf8(output.stdout).expect("not UTF-8");
    assert_eq!(
        said,
        "200 false, 200, 200 true, 200, 200 false, 200\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A suspended server serves a request that arrived meanwhile.
///
/// Its deadlines have passed when it goes on.
#[test]
fn request_sent_while_server_was_stopped_is_answered() {
    let server = serve(&["--app", "hello", "--limit", "idle_time=1 s"]);
    let mut connections = [(); 8].map(|()| Http::connect(server.addr()));
    for connection in &mut connections {
        connection.send(request("/", &[]));
        assert_eq!(connection.read().status, 200);
    }
    server.freeze();
    for connection in &mut connections {
        connection.send(request("/", &[]));
    }
    std::thread::sleep(Duration::from_millis(1500));
    server.thaw();
    for connection in &mut connections {
        assert_eq!(connection.read().status, 200);
    }
}

#[test]
fn path_cannot_inject_headers_or_markup() {
    let server = serve(&["--app", "soft-ap"]);
    let path = "/any/%0d%0aSet-Cookie:%20a=b%0d%0a%0d%0a<script>";
    let response = get(server.addr(), path);
    assert_eq!((response.status, response.text()), (200, &path[5..]));
    assert_eq!(response.header("set-cookie"), None);
    assert!(response.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    for path in ["/any/a\rSet-Cookie: a=b", "/any/a\tb"] {
        assert_eq!(last_answer(server.addr(), request(path, &[])).status, 400, "{path:?}");
    }
    // A bare line feed ends the line, so the rest is a header of the request.
    let response = last_answer(server.addr(), "GET /any/a\nHost: localhost\r\n\r\n");
    assert_eq!((response.status, response.header("set-cookie")), (400, None));
}

#[test]
fn request_may_be_split_and_follow_empty_lines() {
    let server = serve(&["--app", "soft-ap"]);
    let mut connection = Http::connect(server.addr());
    let bytes = format!("\r\n\r\n{}", request("/any/slow", &["Accept: text/plain"]));
    for byte in bytes.as_bytes() {
        connection.send([*byte]);
    }
    assert_eq!(connection.read().text(), "slow");
    connection.expect_silence(Duration::from_millis(50));
    connection.send(request("/any/again", &[]));
    connection.finish();
    assert_eq!(connection.read().text(), "again", "the last request was not answered");
    connection.expect_end(SOON);
}
