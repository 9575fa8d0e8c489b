//! The advice of a log line or an error works when a shell runs it unchanged.

mod served;

use served::{INSTEP, request, serve};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use test_support::{SOON, Server, WebSocket, http};

/// Returns the arguments that a shell reads after the last `option` in the line.
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
        let start = format!("unknown Host {host}; ");
        let line = server.wait_for_line(|line| line.contains(&start), SOON);
        let advice = arguments(&line, "--allow-host");
        assert_eq!(advice.len(), 2, "{line}");
        assert_eq!(status(&serve_with(&advice), host), 200, "{line}");
    }
    for host in ["", ":80", "lamp:99999", "-x", "a$(reboot)"] {
        assert_eq!(status(&server, host), 421, "{host}");
        let end = format!("invalid Host {host}");
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
        let start = format!("unknown Origin {origin}");
        let line = server.wait_for_line(|line| line.contains(&start), SOON);
        let server = serve_with(&arguments(&line, "--allow-origin"));
        assert!(WebSocket::try_connect(server.addr(), "/ws", &headers[..1]).is_ok(), "{line}");
        let wide = matches!(origin, "null" | "file://");
        let warning = format!("because of --allow-origin {origin}");
        if wide {
            server.wait_for_line(|line| line.ends_with(&warning), SOON);
        } else {
            assert!(!server.lines().iter().any(|line| line.ends_with(&warning)), "{:?}", server.lines());
        }
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

/// Returns the options that an error offers after "add" or "by".
///
/// Each alternative has a list.
fn alternatives(error: &str) -> Vec<Vec<String>> {
    let offers = error.split("; ").flat_map(|clause| clause.split(" or ")).flat_map(|part| part.split(", "));
    let options = offers.map(|offer| {
        let mut words =
            offer.trim_end_matches(',').split(' ').skip_while(|word| !word.starts_with("--")).peekable();
        let mut args: Vec<String> = Vec::new();
        while let Some(word) = words.next().filter(|word| word.starts_with("--") || *word == "and") {
            if word != "and" {
                args.push(word.to_owned());
                let is_value = |word: &&str| word.contains(':') || word.chars().all(char::is_uppercase);
                args.extend(words.next_if(is_value).map(str::to_owned));
            }
        }
        args
    });
    options.filter(|args| !args.is_empty()).collect()
}

/// Starts the server with `args`, and adds an option for each error.
///
/// Returns the errors.
fn follow(args: &[String], folder: &test_support::Folder, errors: &mut Vec<String>) {
    assert!(errors.len() < 4, "{errors:?}");
    let ports = args.iter().map(|arg| arg.replace(":8443", ":0").replace(".1:80", ".1:0"));
    let mut all: Vec<String> = ports.collect();
    if all.iter().any(|arg| arg == "--tls-self-signed") {
        let files = [("--tls-cert", "certificate.pem"), ("--tls-key", "key.pem")];
        all.extend(files.into_iter().flat_map(|(option, name)| [option.to_owned(), folder.file(name)]));
    }
    let mut server = Command::new(INSTEP);
    server.arg("serve").args(&all).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut server = server.spawn().expect("cannot run the command");
    let mut lines = BufReader::new(server.stdout.take().expect("no pipe")).lines().map_while(Result::ok);
    let starts = lines.any(|line| line.starts_with("Open "));
    // It has ended already if it does not start.
    let _ = server.kill();
    let output = server.wait_with_output().expect("cannot wait for the command");
    if starts {
        return;
    }
    let error = String::from_utf8(output.stderr).expect("not UTF-8");
    errors.push(error.clone());
    let mut offered = alternatives(error.trim_end());
    // An error may name the option that it is about.
    offered.retain(|offer| !offer.iter().all(|arg| args.contains(arg)));
    assert!(!offered.is_empty(), "{args:?}: no option in {error}");
    for offer in offered {
        let mut args = args.to_vec();
        for arg in offer {
            let data = |name| format!("{}/../instep-tokio/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
            let value = match (args.last().map(String::as_str), &*arg) {
                (Some("--tls-cert" | "--tls-key"), "FILE") => data("lamp.test.pem"),
                (Some("--state-file"), "FILE") => folder.file("state"),
                (_, "FILE") => folder.file("file"),
                _ => arg,
            };
            args.push(value);
        }
        follow(&args, folder, &mut errors.clone());
    }
}

#[test]
fn option_offered_by_error_starts_the_server() {
    let folder = test_support::Folder::new("advice-errors");
    folder.write("file", "open sesame\n");
    for args in [
        &["--addr", "0.0.0.0:0"][..],
        &["--addr", "https://127.0.0.1:0"],
        &["--tls-self-signed"],
        &["--https-redirect", "--addr", "127.0.0.1:0"],
        &["--power-up", "last"],
    ] {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        follow(&args, &folder, &mut Vec::new());
    }
}

#[test]
fn option_offered_by_log_line_starts_the_server() {
    let folder = test_support::Folder::new("advice-log");
    folder.write("file", "open sesame\n");
    folder.write("site/index.html", "<script src=app.js></script>");
    let page = folder.write(
        "page.html",
        "<script src=app.js></script><script>new WebSocket(`ws://${location.hostname}/ws`)</script>",
    );
    let password = folder.file("file");
    let cases = [
        (&["--page", &page][..], "on port 80"),
        (&["--page", &page], "app.js"),
        (&["--addr", "0.0.0.0:0", "--password-file", &password], "without TLS"),
    ];
    for (args, sentence) in cases {
        let server = serve(args);
        let referer = format!("Referer: http://{}/", server.addr());
        let host = server.addr().to_string();
        http(server.addr(), request("/app.js", &[&referer]).replacen("localhost", &host, 1));
        let line = server.wait_for_line(|line| line.contains(sentence) && line.contains("--"), SOON);
        drop(server);
        let offered = alternatives(&line);
        assert!(!offered.is_empty(), "{line}");
        for offer in offered {
            let value = |arg: String| if arg == "FOLDER" { folder.file("site") } else { arg };
            follow(&offer.into_iter().map(value).collect::<Vec<_>>(), &folder, &mut Vec::new());
        }
    }
}
