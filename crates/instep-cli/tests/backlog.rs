//! Who opens a page later sees the last lines, too: each once, also when the connection is made anew or the device starts anew.

mod served;

use serde_json::{Value, json};
use served::{request, serve};
use std::time::Duration;
use test_support::{Http, Server, WebSocket, target};

/// Longer than anything here takes.
const ENOUGH: Duration = Duration::from_secs(20);

/// A page that keeps what it hears as docs/reference/wire.md says.
struct Page {
    socket: WebSocket,
    start: String,
    heard: u64,
}

impl Page {
    #[track_caller]
    fn open(server: &Server) -> Self {
        let mut page =
            Self { socket: WebSocket::connect(server.addr(), "/ws"), start: String::new(), heard: 0 };
        page.greeted();
        page
    }

    /// The connection is made anew.
    #[track_caller]
    fn reconnect(&mut self, server: &Server) {
        self.socket = WebSocket::connect(server.addr(), "/ws");
        self.greeted();
    }

    #[track_caller]
    fn greeted(&mut self) {
        let first = self.read();
        let start = first["value"]["start"].as_str().unwrap_or_else(|| panic!("{first}"));
        assert_eq!((first["label"].as_str(), start.len()), (Some("thing"), 8), "{first}");
        if start != self.start {
            (self.start, self.heard) = (start.into(), 0);
        }
    }

    #[track_caller]
    fn read(&mut self) -> Value {
        serde_json::from_str(&self.socket.read_text()).expect("JSON")
    }

    #[track_caller]
    fn say(&mut self, text: &str) {
        self.socket.send_text(&json!({"label": "say", "value": text}).to_string());
    }

    /// The next event that it has not had. Numbers have no gaps but that at the begin.
    #[track_caller]
    fn hears(&mut self) -> Value {
        loop {
            let frame = self.read();
            assert_ne!(frame["label"], "missed", "{frame}");
            let Some(seq) = frame["seq"].as_u64() else { continue };
            if seq > self.heard {
                assert!(self.heard == 0 || seq == self.heard + 1, "{frame} after {}", self.heard);
                self.heard = seq;
                return frame["value"].clone();
            }
        }
    }
}

/// How many events the server keeps.
fn kept() -> u64 {
    if target().port.is_some() { 16 } else { 64 }
}

#[test]
fn the_last_lines_of_a_chat_are_there_once_for_who_comes_and_for_who_comes_back() {
    let mut server = serve(&["--app", "chat"]);
    let mut one = Page::open(&server);
    for text in ["a", "b"] {
        one.say(text);
        assert_eq!(one.hears(), text);
    }
    let mut other = Page::open(&server);
    assert_eq!((other.hears(), other.hears(), other.heard), (json!("a"), json!("b"), 2));
    other.say("c");
    assert_eq!(one.hears(), "c");
    // What was said while it was away, and nothing that it had.
    one.reconnect(&server);
    other.say("d");
    assert_eq!((one.hears(), one.heard), (json!("d"), 4));

    // The device starts anew, and says more than it had: the page loses nothing, whatever number it had.
    server.restart();
    let mut new = Page::open(&server);
    assert_ne!(new.start, one.start);
    for text in ["a", "b", "c", "d", "e"] {
        new.say(text);
        assert_eq!(new.hears(), text);
    }
    one.reconnect(&server);
    assert_eq!(one.start, new.start);
    for text in ["a", "b", "c", "d", "e"] {
        assert_eq!(one.hears(), text);
    }
    // There are as many as are kept.
    for number in 6..=kept() + 9 {
        new.say(&number.to_string());
        assert_eq!(new.hears(), number.to_string());
    }
    let mut late = Page::open(&server);
    for number in 10..=kept() + 9 {
        assert_eq!((late.hears(), late.heard), (json!(number.to_string()), number));
    }
}

#[test]
fn a_console_that_is_opened_later_shows_what_the_log_said() {
    let server = serve(&["--app", "console"]);
    let mut early = Page::open(&server);
    let until = |page: &mut Page, part: &str| {
        let mut before = Vec::new();
        loop {
            let line = page.hears()["message"].as_str().expect("text").to_owned();
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
    let at = all.iter().position(|line| line.contains("[1] Connected from")).expect("it is still there");
    assert_eq!(all[..=at], seen);
    assert!(all[at..].iter().any(|line| line.contains("[1] Disconnected")), "{all:?}");
}

#[test]
fn an_event_source_that_comes_back_gets_what_it_has_not_had() {
    let mut server = serve(&["--app", "chat"]);
    let mut page = Page::open(&server);
    for text in ["a", "b", "c"] {
        page.say(text);
        assert_eq!(page.hears(), text);
    }
    let listen = |server: &Server, last: &str| {
        let mut events = Http::connect(server.addr());
        events.send(request("/events", &[&format!("Last-Event-ID: {last}")]));
        assert_eq!(events.read_head().status, 200);
        events
    };
    let next = |events: &mut Http| loop {
        let event = String::from_utf8(events.read_until(b"\n\n")).expect("UTF-8");
        if let Some((id, data)) = event.strip_prefix("id: ").and_then(|rest| rest.split_once("\ndata: ")) {
            let frame: Value = serde_json::from_str(data).expect("JSON");
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
    assert_eq!(page.hears(), "new");
    let mut events = listen(&server, &format!("{start}-2"));
    assert_eq!(next(&mut events), (format!("{}-1", page.start), json!("new")));
}
