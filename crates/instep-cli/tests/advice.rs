//! The advice of a log line or an error works when a shell runs it unchanged.

mod served;

use served::{INSTEP, request, serve};
use std::process::{Command, Stdio};
use test_support::{SOON, Server, WebSocket, http};

/// Returns the arguments that a shell reads behind the last `option` in the line.
#[track_caller]
fn arguments(line: &str, option: &str) -> Vec<String> {
    let index = line.rfind(option).unwrap_or_else(|| panic!("no {option} in {line}"));
    let script = format!("printf '%s\\n' {}", &line[index..]);
    let output = Command::new("sh").args(["-c", &script]).output().expect("cannot run the shell");
    let text = String::from_utf8(output.stdout).expect("not UTF-8");
    assert!(output.status.success(), "{line}");
    text.lines().map(str::to_owned).collect()
}

/// Starts a server with the advice as further arguments.
fn serve_with(advice: &[String]) -> Server {
    let args: Vec<&str> = ["--app", "led-plain", "--name", "lamp"]
        .into_iter()
        .chain(advice.iter().map(String::as_str))
        .collect();
    serve(&args)
}

#[track_caller]
fn status(server: &Server, host: &str) -> u16 {
    http(server.addr(), request("/healthz", &[]).replacen("localhost", host, 1)).status
}

#[test]
fn host_offered_by_log_is_allowed_by_its_option() {
    let server = serve_with(&[]);
    for host in ["lamp.fritz.box", "LAMP.fritz.box.:8080", "box.example.com:", "1.2.3"] {
        assert_eq!(status(&server, host), 421, "{host}");
        let start = format!("the name {host}. ");
        let line = server.wait_for_line(|line| line.contains(&start), SOON);
        let advice = arguments(&line, "--allow-host");
        assert_eq!(advice.len(), 2, "{line}");
        assert_eq!(status(&serve_with(&advice), host), 200, "{line}");
    }
    for host in ["", ":80", "lamp:99999", "-x", "a$(reboot)"] {
        assert_eq!(status(&server, host), 421, "{host}");
        let end = format!("no name with a port: {host}");
        server.wait_for_line(|line| line.ends_with(&end) && !line.contains("--"), SOON);
    }
    assert_eq!(status(&server, "[fe80::1%eth0]"), 200);
    assert_eq!(status(&serve_with(&["--allow-host".into(), "[fe80::1%eth0]".into()]), "[fe80::1%eth0]"), 200);
}

#[test]
fn origin_offered_by_log_is_allowed_by_its_option() {
    let server = serve_with(&[]);
    for origin in [
        "file://",
        "null",
        "capacitor://localhost",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
        "http://panel.test:99999",
        "http://[fe80::1]:81",
        "http://a;b",
    ] {
        let headers = [("Origin", origin), ("Sec-WebSocket-Protocol", "arduino")];
        let refused = WebSocket::try_connect(server.addr(), "/ws", &headers[..1]).expect_err(origin);
        assert_eq!(refused.status, 403, "{origin}");
        let start = format!("its page comes from {origin}");
        let line = server.wait_for_line(|line| line.contains(&start), SOON);
        let server = serve_with(&arguments(&line, "--allow-origin"));
        assert!(WebSocket::try_connect(server.addr(), "/ws", &headers[..1]).is_ok(), "{line}");
        let wide = server
            .lines()
            .iter()
            .any(|line| line.ends_with(&format!("--allow-origin {origin} lets them in")));
        assert_eq!(wide, matches!(origin, "null" | "file://"), "{:?}", server.lines());
        assert_eq!(wide, line.contains("all pages from files"), "{line}");
    }
}

/// Returns the error output of the command, which must exit with 2.
fn failure(args: &[&str]) -> String {
    let output = Command::new(INSTEP)
        .arg("serve")
        .args(args)
        .stdin(Stdio::null())
        .output()
        .expect("cannot run the command");
    assert!(!output.status.success(), "{args:?}");
    String::from_utf8(output.stderr).expect("not UTF-8")
}

#[test]
fn port_in_use_error_offers_option_with_other_port() {
    for host in ["127.0.0.1", "[::1]"] {
        let taken = std::net::TcpListener::bind(format!("{host}:0"))
            .and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (addr, _listener) = taken.expect("no free port");
        let error = failure(&["--addr", &addr.to_string()]);
        let advice = arguments(error.trim_end(), "--addr");
        let port = advice[1].replace("PORT", "0");
        assert!(port.starts_with(host), "{error}");
        serve(&[&advice[0], &port]);
    }
}

#[test]
fn option_error_shows_valid_values() {
    for (option, wrong) in [("--allow-origin", "example.org"), ("--allow-frame", "capacitor://localhost")] {
        let error = failure(&["--addr", "127.0.0.1:0", option, wrong]);
        let examples: Vec<&str> = error
            .split([' ', ',', ';'])
            .map(str::trim)
            .filter(|word| word.contains("://") && *word != wrong)
            .collect();
        assert!(!examples.is_empty(), "{error}");
        for example in examples.into_iter().filter(|example| !example.contains('"')) {
            serve(&[option, example]);
        }
    }
}
