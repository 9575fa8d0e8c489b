//! A Thing with one interaction of each kind, and helpers for its clients.

#![allow(dead_code, reason = "not every test uses all of it")]

use crate::link::{Peer, Simulation};
use instep::{App, Inbox, Limits, Responder};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

instep::thing! {
    /// One of each kind.
    pub Bench: "A bench", commands Command {
        led => Led: switch { title: "Lamp", kept },
        level => Level: number { title: "Level", min: -20, max: 100, step: 0.5, kept },
        mode => Mode: select { title: "Mode", options: ["day", "night"], kept },
        name => Name: text { title: "Name", max: 8, kept },
        blink => Blink: button { title: "Blink" },
        say => Say: message { title: "Say", max: 16 },
        heat: sensor { title: "Heat", unit: "°C", precision: 2, history: 3 every 1_000, group: "Air" },
        door: binary_sensor { title: "Door", on: "open", off: "closed" },
        said: event { title: "Said" },
        lines: log { title: "Log" },
    }
}

pub const APP: App = App::new("bench", "for tests").thing(&Bench::THING);

pub fn simulation() -> Simulation {
    Simulation::with_app(&APP, Limits::DEVICE)
}

/// Returns a client that has received the first frame.
pub fn open(simulation: &mut Simulation) -> Peer {
    let mut peer = simulation.open("/ws");
    assert!(texts(&mut peer)[0].starts_with(r#"{"label":"thing","#));
    peer
}

/// Returns the next command for the application, if there is one.
pub fn asked(simulation: &Simulation, inbox: &mut Inbox<'_>) -> Option<String> {
    received(simulation, inbox).map(|(command, _)| command)
}

/// What the application is asked next, if anything, with its responder.
pub fn received<'r>(simulation: &Simulation, inbox: &mut Inbox<'r>) -> Option<(String, Responder<'r>)> {
    let bench = Bench::new(simulation.device);
    let mut next = pin!(bench.recv(inbox));
    match std::future::Future::poll(next.as_mut(), &mut Context::from_waker(Waker::noop())) {
        Poll::Ready((command, responder)) => Some((format!("{command:?}"), responder)),
        Poll::Pending => None,
    }
}

/// Gives the peer a turn, and returns the texts that it received.
pub fn said(simulation: &mut Simulation, peer: &mut Peer) -> Vec<String> {
    peer.client.expect_reply();
    peer.turn(simulation);
    texts(peer)
}

/// Returns the texts received since the last call, without pings.
pub fn texts(peer: &mut Peer) -> Vec<String> {
    let bytes = peer.take();
    let (mut rest, mut texts) = (&bytes[..], Vec::new());
    while !rest.is_empty() {
        let (length, header) = match rest[1] {
            126 => (usize::from(u16::from_be_bytes([rest[2], rest[3]])), 4),
            length => (usize::from(length), 2),
        };
        if rest[0] == 0x81 {
            texts.push(String::from_utf8(rest[header..header + length].to_vec()).unwrap());
        }
        rest = &rest[header + length..];
    }
    texts
}

/// Returns the frame of an error, as docs/reference/wire.md has it.
///
/// Empty parts are left out.
pub fn error(id: &str, code: &str, name: &str, message: &str) -> String {
    let id = if id.is_empty() { String::new() } else { format!(r#""id":{id},"#) };
    let name = if name.is_empty() { String::new() } else { format!(r#""name":"{name}","#) };
    format!(r#"{{"label":"error",{id}"value":{{"code":"{code}",{name}"message":"{message}"}}}}"#)
}
