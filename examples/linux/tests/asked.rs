//! Runs each example, and asks it something.

use std::net::SocketAddr;
use test_support::{Folder, Server, Tls, WebSocket, http};

/// Starts an example on a free port, unless its options name one.
fn start(binary: &str, args: &[&str], variables: &[(&str, &str)]) -> Server {
    let builder = Server::with(args).binary(binary).without_command();
    variables.iter().fold(builder, |builder, (name, value)| builder.variable(*name, *value)).start()
}

/// Returns the body of the answer to a GET.
fn get(addr: SocketAddr, path: &str) -> String {
    http(addr, format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).text().into()
}

/// Writes a property or invokes an action, and returns the status.
fn ask(addr: SocketAddr, method: &str, path: &str, value: &str) -> u16 {
    let length = value.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{value}"
    );
    http(addr, request).status
}

#[test]
fn hello_serves_its_page() {
    let server = start(env!("CARGO_BIN_EXE_hello"), &[], &[]);
    assert!(get(server.addr(), "/").contains("<h1>Hello</h1>"));
}

#[test]
fn led_is_toggled_for_all_pages() {
    let server = start(env!("CARGO_BIN_EXE_led"), &[], &[]);
    let mut pages = [(); 2].map(|()| WebSocket::connect(server.addr(), "/ws"));
    for page in &mut pages {
        assert_eq!(page.read_text(), "off");
    }
    pages[0].send_text("toggle");
    for page in &mut pages {
        assert_eq!(page.read_text(), "on");
    }
    assert!(get(server.addr(), "/").contains("WebSocket"));
}

#[test]
fn own_page_stands_beside_its_script() {
    let server = start(env!("CARGO_BIN_EXE_own_page"), &[], &[]);
    assert!(get(server.addr(), "/").contains("import { connect }"));
    assert_eq!(ask(server.addr(), "PUT", "/properties/lamp", "true"), 204);
    assert_eq!(get(server.addr(), "/properties/lamp"), "true");
}

#[test]
fn thing_is_written_and_refuses() {
    let server = start(env!("CARGO_BIN_EXE_thing"), &[], &[]);
    assert_eq!(ask(server.addr(), "PUT", "/properties/speed", "80"), 204);
    assert_eq!(ask(server.addr(), "PUT", "/properties/speed", "0"), 409, "the fan would stall");
    assert_eq!(get(server.addr(), "/properties"), r#"{"fan":false,"speed":80}"#);
}

#[test]
fn one_thread_counts_and_serves() {
    let server = start(env!("CARGO_BIN_EXE_one_thread"), &[], &[]);
    let threads = std::fs::read_dir(format!("/proc/{}/task", server.pid())).expect("no such process");
    let names = threads.map(|thread| {
        let name = thread.expect("no thread").path().join("comm");
        std::fs::read_to_string(name).expect("no name").trim().to_owned()
    });
    let names: Vec<_> = names.filter(|name| name.starts_with("shard") || name == "application").collect();
    assert_eq!(names, ["shard 0"]);
    assert_eq!(get(server.addr(), "/properties/count"), "0");
    for _ in 0..3 {
        assert_eq!(ask(server.addr(), "POST", "/actions/more", ""), 204);
    }
    assert_eq!(get(server.addr(), "/properties/count"), "3");
}

#[test]
fn log_in_starts_with_password_only_and_asks_for_it() {
    let binary = env!("CARGO_BIN_EXE_log_in");
    let output = std::process::Command::new(binary).output().expect("the example cannot be started");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let server = start(binary, &[], &[("INSTEP_PASSWORD", "open sesame")]);
    assert_eq!(ask(server.addr(), "POST", "/actions/open", ""), 401);
}

#[test]
fn tls_is_spoken_and_pages_are_redirected_to_it() {
    let folder = Folder::new("examples-tls");
    let addresses = ["--addr", "127.0.0.1:0", "--addr", "https://127.0.0.1:0"];
    let (cert, key) = (folder.file("cert.pem"), folder.file("key.pem"));
    let args = [&addresses[..], &["--tls-cert", &cert, "--tls-key", &key]].concat();
    let server = start(env!("CARGO_BIN_EXE_tls"), &args, &[]);
    let pem = std::fs::read(&cert).expect("no certificate was generated");
    Tls::trusting(pem).connect(server.addrs()[1]);
    let page = http(
        server.addr(),
        "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nSec-Fetch-Dest: document\r\n\r\n",
    );
    assert_eq!(page.status, 302, "{page:?}");
    assert!(page.header("Location").is_some_and(|place| place.starts_with("https://")), "{page:?}");
}

#[test]
fn settings_survive_a_restart() {
    let folder = Folder::new("examples-settings");
    let file = folder.file("state");
    let server = start(env!("CARGO_BIN_EXE_settings"), &["--state-file", &file], &[]);
    assert_eq!(ask(server.addr(), "PUT", "/properties/target", "17.5"), 204);
    drop(server);
    let server = start(env!("CARGO_BIN_EXE_settings"), &["--state-file", &file], &[]);
    assert_eq!(get(server.addr(), "/properties/target"), "17.5");
}

#[test]
fn history_has_the_load_of_this_machine() {
    let server = start(env!("CARGO_BIN_EXE_history"), &[], &[]);
    assert!(get(server.addr(), "/properties/load").parse::<f64>().is_ok());
}

#[test]
fn events_are_shown_to_pages_that_come_later() {
    let server = start(env!("CARGO_BIN_EXE_events"), &[], &[]);
    assert_eq!(ask(server.addr(), "POST", "/actions/write", r#""I was here""#), 204);
    let mut page = WebSocket::connect(server.addr(), "/ws");
    let entry = page.read_text_until(|text| text.contains("I was here"));
    assert!(entry.contains("entry"), "{entry}");
}
