//! A Thing by plain HTTP over real sockets.
//!
//! All other connections see a change by one connection.

mod served;

use served::{get, request, serve};
use std::net::SocketAddr;
use std::thread;
use test_support::{Http, Response, WebSocket, http};

fn ask(addr: SocketAddr, method: &str, path: &str, body: &str) -> Response {
    http(addr, text(method, path, body))
}

fn text(method: &str, path: &str, body: &str) -> String {
    let length = format!("Content-Length: {}", body.len());
    request(path, &["Content-Type: application/json", &length]).replacen("GET", method, 1) + body
}

/// Reads events until one has this line.
#[track_caller]
fn read_line(events: &mut Http, wanted: &str) {
    loop {
        let event = String::from_utf8(events.read_until(b"\n\n")).unwrap();
        if event.lines().any(|line| line == wanted) {
            return;
        }
    }
}

#[test]
fn put_and_post_are_seen_by_every_client() {
    let server = serve(&["--app", "workshop"]);
    let addr = server.addr();
    let mut client = WebSocket::connect(addr, "/ws");
    client.read_text_until(|text| text == r#"{"label":"led","value":false}"#);
    let mut events = Http::connect(addr);
    events.send(request("/events", &[]));
    assert_eq!(events.read_head().header("content-type"), Some("text/event-stream"));
    read_line(&mut events, r#"data: {"label":"led","value":false}"#);

    for on in ["true", "false", "true"] {
        assert_eq!(ask(addr, "PUT", "/properties/led", on).status, 204);
        assert_eq!(get(addr, "/properties/led").text(), on, "a shard answered with an old value");
        client.read_text_until(|text| text == format!(r#"{{"label":"led","value":{on}}}"#));
        read_line(&mut events, &format!(r#"data: {{"label":"led","value":{on}}}"#));
    }
    server.expect_line("[HTTP] Received: {\"label\":\"led\",\"value\":true,\"id\":0}");
    assert_eq!(ask(addr, "POST", "/actions/say", "\"a \\\"word\\\"\"").status, 204);
    let said =
        client.read_text_until(|text| text.starts_with(r#"{"label":"said","value":"a \"word\"","seq":"#));
    read_line(&mut events, &format!("data: {said}"));

    let wrong = ask(addr, "PUT", "/properties/brightness", "101");
    assert_eq!(
        (wrong.status, wrong.text().starts_with(r#"{"code":"out-of-range","name":"brightness""#)),
        (422, true)
    );
    assert_eq!(get(addr, "/properties/brightness").text(), "50", "a refused value was written");
    let all = get(addr, "/properties");
    assert!(all.text().starts_with(r#"{"led":true,"brightness":50,"#), "{}", all.text());
    let past = get(addr, "/properties/temperature/history");
    assert!(past.text().starts_with("[[") && past.text().ends_with("]]"), "{}", past.text());
    let description = get(addr, "/.well-known/wot");
    assert_eq!(description.header("content-type"), Some("application/td+json"));
    assert!(description.text().ends_with("}}"));
}

#[test]
fn several_properties_are_written_and_streamed() {
    let server = serve(&["--app", "workshop"]);
    let addr = server.addr();
    let stream = |path: &str| {
        let mut stream = Http::connect(addr);
        stream.send(request(path, &[]));
        assert_eq!(stream.read_head().header("content-type"), Some("text/event-stream"), "{path}");
        stream
    };
    let (mut mode, mut speed) = (stream("/properties/mode/events"), stream("/properties/speed/events"));
    let (mut turning, mut said) = (stream("/properties/turning/events"), stream("/events/said"));
    read_line(&mut mode, "data: \"day\"");
    read_line(&mut speed, "data: 0");
    read_line(&mut turning, "data: false");

    let wrong = ask(addr, "PUT", "/properties", r#"{"mode":"away","speed":3}"#);
    assert_eq!(wrong.status, 422, "{}", wrong.text());
    let refused = ask(addr, "PUT", "/properties", r#"{"speed":5,"name":"","mode":"night"}"#);
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(refused.text().ends_with(r#""refused":["name"],"done":["speed","mode"]}"#), "{}", refused.text());
    assert_eq!(get(addr, "/properties/mode").text(), "\"night\"");
    read_line(&mut mode, "data: \"night\"");
    read_line(&mut speed, "data: 5");
    read_line(&mut turning, "data: true");
    assert_eq!(ask(addr, "PUT", "/properties", r#"{"speed":10,"name":"Shed","led":true}"#).status, 204);
    read_line(&mut speed, "data: 10");
    assert_eq!(ask(addr, "POST", "/actions/say", "\"hello\"").status, 204);
    read_line(&mut said, "data: \"hello\"");
}

#[test]
fn concurrent_requests_are_done_or_get_503() {
    let server = serve(&["--app", "workshop"]);
    let addr = server.addr();
    let askers: Vec<_> = (0..40)
        .map(|number| {
            thread::spawn(move || {
                let mut connection = Http::connect(addr);
                let mut done = 0;
                for round in 0..20 {
                    let value = (number + round) % 101;
                    connection.send(text("PUT", "/properties/brightness", &value.to_string()));
                    match connection.read() {
                        response if response.status == 204 => done += 1,
                        response => {
                            assert_eq!((response.status, response.header("retry-after")), (503, Some("5")));
                        }
                    }
                }
                done
            })
        })
        .collect();
    let done: usize = askers.into_iter().map(|asker| asker.join().unwrap()).sum();
    assert!(done > 0);
    // No request left a slot occupied.
    for _ in 0..40 {
        assert_eq!(ask(addr, "PUT", "/properties/brightness", "1").status, 204);
    }
}
