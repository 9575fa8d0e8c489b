//! Many clients, some of which toggle.
//!
//! All see the same changes in the same order, and have the last value at the end.

mod served;

use served::{get, serve};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use test_support::{Random, SOON, Server, WebSocket, opcode, target, wait_until};

/// Number of times that each client decides whether to toggle.
const ROUNDS: u32 = 10;

/// Client, with all states of the LED that it received.
struct Visitor {
    socket: WebSocket,
    read: fn(&str) -> Option<bool>,
    states: Vec<bool>,
    counts: Vec<u64>,
    random: Random,
}

impl Visitor {
    /// Records a message; returns whether it was a pong instead.
    fn hear(&mut self, within: Duration) -> bool {
        let Some(frame) = self.socket.try_read_frame(within) else { return false };
        if frame.opcode == opcode::PONG {
            return true;
        }
        let text = frame.text();
        match (self.read)(text) {
            Some(state) => self.states.push(state),
            None => self.counts.push(count(text).unwrap_or_else(|| panic!("not a message: {text:?}"))),
        }
        false
    }

    /// Receives everything sent so far, because that precedes the answer to a ping.
    ///
    /// It does so twice, because a recent publish may follow the first answer.
    fn catch_up(&mut self) {
        for _ in 0..2 {
            self.socket.send_ping(b"");
            while !self.hear(SOON) {}
        }
    }

    /// Toggles now and then, and listens meanwhile. Returns the number of toggles.
    fn visit(&mut self) -> usize {
        let mut toggles = 0;
        for _ in 0..ROUNDS {
            let number = self.random.number();
            if number.is_multiple_of(4) {
                self.socket.send_text("toggle");
                toggles += 1;
            }
            self.hear(Duration::from_millis(number % 8));
        }
        toggles
    }

    /// Listens until the last state arrives.
    fn settle(&mut self, last: bool) {
        let deadline = Instant::now() + SOON;
        self.catch_up();
        while self.states.last() != Some(&last) {
            assert!(Instant::now() < deadline, "left behind with {:?}", self.states);
            self.catch_up();
        }
    }
}

fn plain(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" => Some(false),
        _ => None,
    }
}

fn json(text: &str) -> Option<bool> {
    match text {
        r#"{"label":"ledStatus","value":"LED ON"}"# => Some(true),
        r#"{"label":"ledStatus","value":"LED OFF"}"# => Some(false),
        _ => None,
    }
}

fn count(text: &str) -> Option<u64> {
    text.strip_prefix(r#"{"label":"count","value":"#)?.strip_suffix('}')?.parse().ok()
}

/// Returns whether `states` fits to OFF, ON, OFF, … with superseded values.
///
/// There were `changes` changes. Two equal neighbours stand for three values.
fn is_coalesced(states: &[bool], changes: usize) -> bool {
    let passed_over = states.windows(2).filter(|pair| pair[0] == pair[1]).count();
    let first = usize::from(states[0]);
    first + states.len() - 1 + passed_over <= changes
}

fn run(app: &str, read: fn(&str) -> Option<bool>) -> (Server, Vec<Visitor>) {
    let server = serve(&["--app", app]);
    let clients = target().clients;
    let mut visitors: Vec<_> = (1..=clients as u64)
        .map(|seed| Visitor {
            socket: WebSocket::connect(server.addr(), "/ws"),
            read,
            states: Vec::new(),
            counts: Vec::new(),
            random: Random::new(seed),
        })
        .collect();
    let toggles = AtomicUsize::new(0);
    thread::scope(|scope| {
        for visitor in &mut visitors {
            scope.spawn(|| toggles.fetch_add(visitor.visit(), Ordering::Relaxed));
        }
    });
    let toggles = toggles.into_inner();
    assert!(toggles > clients, "{toggles} are too few to tell anything");
    let changed = |server: &Server| server.lines().iter().filter(|line| line.starts_with("LED ")).count();
    wait_until(SOON, || changed(&server) >= toggles, || format!("{} of {toggles} toggles", changed(&server)));

    let last = toggles % 2 == 1;
    thread::scope(|scope| {
        for visitor in &mut visitors {
            scope.spawn(move || visitor.settle(last));
        }
    });
    for visitor in &visitors {
        assert!(is_coalesced(&visitor.states, toggles), "{toggles} toggles, {:?}", visitor.states);
        assert!(visitor.counts.is_sorted_by(|a, b| a < b), "{:?}", visitor.counts);
    }
    assert_eq!(changed(&server), toggles, "each toggle counts once");
    (server, visitors)
}

#[test]
fn led_plain_serves_max_clients() {
    let (server, mut visitors) = run("led-plain", plain);
    // No message follows the last state.
    for visitor in &mut visitors {
        let before = visitor.states.len();
        visitor.catch_up();
        assert_eq!(visitor.states.len(), before);
    }
    let last = *visitors[0].states.last().expect("no state arrived");
    let shown = if last { "role=\"status\">ON<" } else { "role=\"status\">OFF<" };
    assert!(get(server.addr(), "/").text().contains(shown));
}

#[test]
fn led_json_serves_max_clients() {
    let (_server, mut visitors) = run("led-json", json);
    // The count goes on for each of them.
    for visitor in &mut visitors {
        let before = visitor.counts.len();
        while visitor.counts.len() == before {
            visitor.hear(SOON);
        }
        assert!(visitor.counts.is_sorted_by(|a, b| a < b), "{:?}", visitor.counts);
    }
}
