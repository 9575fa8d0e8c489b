//! A page that opens later also gets the past events.
//!
//! It gets each event once, also after a reconnect or a restart of the server.

mod served;

use serde_json::{Value, json};
use served::{request, serve};
use std::time::Duration;
use test_support::{Http, Server, WebSocket, target};

/// Time limit for each wait, longer than any should take.
const ENOUGH: Duration = Duration::from_secs(20);

/// Page that keeps the events as docs/reference/wire.md says.
struct Page {
    socket: WebSocket,
    start: String,
    last_seq: u64,
}

impl Page {
    #[track_caller]
    fn open(server: &Server) -> Self {
        let mut page =
            Self { socket: WebSocket::connect(server.addr(), "/ws"), start: String::new(), last_seq: 0 };
        page.read_first_frame();
        page
    }

    /// Opens a new connection.
    #[track_caller]
    fn reconnect(&mut self, server: &Server) {
        self.socket = WebSocket::connect(server.addr(), "/ws");
        self.read_first_frame();
    }

    #[track_caller]
    fn read_first_frame(&mut self) {
        let first = self.read();
        let start = first["value"]["start"].as_str().unwrap_or_else(|| panic!("{first}"));
        assert_eq!((first["label"].as_str(), start.len()), (Some("thing"), 8), "{first}");
        if start != self.start {
            (self.start, self.last_seq) = (start.into(), 0);
        }
    }

    #[track_caller]
    fn read(&mut self) -> Value {
        serde_json::from_str(&self.socket.read_text()).expect("not JSON")
    }

    #[track_caller]
    fn say(&mut self, text: &str) {
        self.socket.send_text(&json!({"label": "say", "value": text}).to_string());
    }

    /// Returns the next new event. Numbers have no gaps except at the beginning.
    #[track_caller]
    fn next_new(&mut self) -> Value {
        loop {
            let frame = self.read();
            assert_ne!(frame["label"], "missed", "{frame}");
            let Some(seq) = frame["seq"].as_u64() else { continue };
            if seq > self.last_seq {
                assert!(self.last_seq == 0 || seq == self.last_seq + 1, "{frame} after {}", self.last_seq);
                self.last_seq = seq;
                return frame["value"].clone();
            }
        }
    }
}

/// Returns the number of events that the server keeps.
fn kept() -> u64 {
    if target().port.is_some() { 16 } else { 64 }
}

#[test]
fn chat_backlog_reaches_new_and_returning_pages_once() {
    let mut server = serve(&["--app", "chat"]);
    let mut one = Page::open(&server);
    for text in ["a", "b"] {
        one.say(text);
        assert_eq!(one.next_new(), text);
    }
    let mut other = Page::open(&server);
    assert_eq!((other.next_new(), other.next_new(), other.last_seq), (json!("a"), json!("b"), 2));
    other.say("c");
    assert_eq!(one.next_new(), "c");
    // The messages sent while it was away, and no earlier ones.
    one.reconnect(&server);
    other.say("d");
    assert_eq!((one.next_new(), one.last_seq), (json!("d"), 4));

    // The server restarts and sends more events than the page had, so that its old number exists again. No
    // event is lost.
    server.restart();
    let mut new = Page::open(&server);
    assert_ne!(new.start, one.start);
    for text in ["a", "b", "c", "d", "e"] {
        new.say(text);
        assert_eq!(new.next_new(), text);
    }
    one.reconnect(&server);
    assert_eq!(one.start, new.start);
    for text in ["a", "b", "c", "d", "e"] {
        assert_eq!(one.next_new(), text);
    }
    // The backlog is full.
    for number in 6..=kept() + 9 {
        new.say(&number.to_string());
        assert_eq!(new.next_new(), number.to_string());
    }
    let mut late = Page::open(&server);
    for number in 10..=kept() + 9 {
        assert_eq!((late.next_new(), late.last_seq), (json!(number.to_string()), number));
    }
}

#[test]
fn late_console_gets_past_log_lines() {
    let server = serve(&["--app", "console"]);
    let mut early = Page::open(&server);
    let until = |page: &mut Page, part: &str| {
        let mut before = Vec::new();
        loop {
            let line = page.next_new()["message"].as_str().expect("not UTF-8").to_owned();
            let found = line.contains(part);
            before.push(line);
            if found {
                return before;
            }
        }
    };
    let seen = until(&mut early, "[1] Connected from");
    early.socket.send_close(1000, "");
    early.socket.expect_close(1000);
    server.wait_for_line(|line| line == "[1] Disconnected", ENOUGH);
    let mut late = Page::open(&server);
    let all = until(&mut late, "[2] Connected from");
    let index = all
        .iter()
        .position(|line| line.contains("[1] Connected from"))
        .expect("the line of the first client is gone");
    assert_eq!(all[..=index], seen);
    assert!(all[index..].iter().any(|line| line.contains("[1] Disconnected")), "{all:?}");
}

#[test]
fn returning_event_source_gets_only_new_events() {
    let mut server = serve(&["--app", "chat"]);
    let mut page = Page::open(&server);
    for text in ["a", "b", "c"] {
        page.say(text);
        assert_eq!(page.next_new(), text);
    }
    let listen = |server: &Server, last: &str| {
        let mut events = Http::connect(server.addr());
        events.send(request("/events", &[&format!("Last-Event-ID: {last}")]));
        assert_eq!(events.read_head().status, 200);
        events
    };
    let next = |events: &mut Http| loop {
        let event = String::from_utf8(events.read_until(b"\n\n")).expect("not UTF-8");
        if let Some((id, data)) = event.strip_prefix("id: ").and_then(|rest| rest.split_once("\ndata: ")) {
            let frame: Value = serde_json::from_str(data).expect("not JSON");
            return (id.to_owned(), frame["value"].clone());
        }
    };
    let start = page.start.clone();
    let mut events = listen(&server, "");
    assert_eq!(next(&mut events), (format!("{start}-1"), json!("a")));
    assert_eq!(next(&mut events), (format!("{start}-2"), json!("b")));
    let mut events = listen(&server, &format!("{start}-2"));
    assert_eq!(next(&mut events), (format!("{start}-3"), json!("c")));
    page.say("d");
    assert_eq!(next(&mut events), (format!("{start}-4"), json!("d")));

    server.restart();
    page.reconnect(&server);
    page.say("new");
    assert_eq!(page.next_new(), "new");
    let mut events = listen(&server, &format!("{start}-2"));
    assert_eq!(next(&mut events), (format!("{}-1", page.start), json!("new")));
}
