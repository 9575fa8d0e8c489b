//! The JSON log: one object a line, with fields beside the message.

mod served;

use serde_json::Value;
use served::serve;
use test_support::{SOON, Server, WebSocket, http};

/// Returns the object with this message.
#[track_caller]
fn object(server: &Server, message: &str) -> Value {
    let quoted = Value::from(message).to_string();
    let line = server.wait_for_line(|line| line.contains(&quoted), SOON);
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line}"))
}

#[test]
fn json_log_lines_have_client_and_address() {
    let server = serve(&["--app", "led-plain", "--log-format", "json"]);
    let mut client = WebSocket::connect(server.addr(), "/ws");
    let port = client.tcp().local_addr().expect("no address").port();
    let connected = object(&server, "[1] Connected from 127.0.0.1");
    assert_eq!(connected["client"], 1);
    assert_eq!(connected["peer"], "127.0.0.1");
    assert_eq!(connected["port"], port);
    assert_eq!(connected["level"], "INFO");
    assert!(connected["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')), "{connected}");

    client.send_text("toggle");
    assert_eq!(object(&server, "[1] Received: toggle")["client"], 1);
    object(&server, "LED ON");
    client.send_text("\"},{\"level\":\"ERROR\"\n\u{1b}");
    object(&server, r#"[1] Received: "},{"level":"ERROR"\n\u{1b}"#);
    assert_eq!(http(server.addr(), "GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n").status, 421);
    client.frame(true, 0, 3, Some([1, 2, 3, 4]), b"");
    client.expect_close(1002);
    assert_eq!(object(&server, "[1] Disconnected")["client"], 1);

    let levels: Vec<_> = server
        .lines()
        .iter()
        .map(|line| {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
            assert!(value["message"].is_string() && value["timestamp"].is_string(), "{line}");
            value["level"].as_str().expect("no level").to_owned()
        })
        .collect();
    assert!(levels.iter().all(|level| ["INFO", "WARN"].contains(&level.as_str())), "{levels:?}");
    assert_eq!(
        levels.iter().filter(|level| *level == "WARN").count(),
        2,
        "not two warnings, of a refusal and a broken frame"
    );
}
