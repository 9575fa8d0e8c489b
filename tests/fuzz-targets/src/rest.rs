//! Requests to a Thing by plain HTTP: each has the effect of a client's message
//! with the same value, and a body never becomes more than a value.
//!
//! Input: bodies, separated by bytes of 0; the first byte of each selects the target.

use crate::exact::Exact;
use crate::link::{LIMITS, Simulation};
use crate::thing::{APP, asked, expect};
use serde_json::Value;

const TARGETS: [(&str, &str, &str); 8] = [
    ("PUT", "/properties/", "led"),
    ("PUT", "/properties/", "level"),
    ("PUT", "/properties/", "mode"),
    ("PUT", "/properties/", "name"),
    ("POST", "/actions/", "blink"),
    ("POST", "/actions/", "say"),
    ("PUT", "/properties/", "heat"),
    ("PUT", "/properties/", "other"),
];

/// Checks the answers to `data`.
pub(crate) fn check(data: &[u8]) {
    let simulation = Simulation::with_app(&APP, false);
    let mut inbox = simulation.inbox();
    for part in data.split(|byte| *byte == 0) {
        let Some((target, body)) = part.split_first() else { continue };
        let (method, path, name) = TARGETS[usize::from(*target) % TARGETS.len()];
        let mut link = simulation.connect();
        let length = body.len();
        let head = format!(
            "{method} {path}{name} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        let _ = link.deliver(&[head.as_bytes(), body].concat());
        let command = asked(&simulation.device, &mut inbox);
        link.follow();
        // The application takes the next command, and so finishes this one.
        assert_eq!(asked(&simulation.device, &mut inbox), None, "one request caused two commands");
        link.follow();
        let answer = String::from_utf8_lossy(&link.received).into_owned();
        let (head, text) = answer
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer to {name} {body:?}: {answer:?} {command:?}"));
        let status: u16 = head[9..12].parse().expect("no status");
        let error =
            (!text.is_empty()).then(|| serde_json::from_str::<Value>(text).expect("the error is not JSON"));
        let code = error.as_ref().map(|error| error["code"].as_str().expect("the error has no code"));
        judge(name, body, status, code, command);
    }
}

fn judge(name: &str, body: &[u8], status: u16, code: Option<&str>, command: Option<(&str, Value)>) {
    let around = if body.is_empty() { 21 } else { 30 };
    if body.len() > LIMITS.message || (body.len() + name.len() + around - 1 > LIMITS.message && status == 413)
    {
        assert_eq!((status, code, command), (413, Some("too-long"), None));
        return;
    }
    assert_eq!(status == 204, command.is_some(), "neither done nor rejected");
    assert_eq!(code.is_none(), command.is_some());
    let value = std::str::from_utf8(body).unwrap_or("\u{fffd}");
    // The model does not check that; the target `json` does.
    if matches!(code, Some("duplicate-key" | "too-deep")) || (status == 400 && code == Some("too-long")) {
        return;
    }
    let message = match (body.is_empty(), Exact::parse(value)) {
        (true, _) => format!("{{\"label\":\"{name}\",\"id\":0}}"),
        (false, None) => {
            let known = !matches!(name, "heat" | "other");
            assert_eq!(
                code,
                Some(if known {
                    "not-json"
                } else if name == "heat" {
                    "read-only"
                } else {
                    "unknown"
                })
            );
            return;
        }
        (false, Some(_)) => format!("{{\"label\":\"{name}\",\"value\":{value},\"id\":0}}"),
    };
    let (_, expected) = expect(&message);
    match expected {
        Ok(expected) => {
            assert_eq!(command.map(|(name, value)| (name.to_owned(), value)), Some(expected), "{message}");
        }
        Err(expected) => {
            assert_eq!((code, command), (Some(expected), None), "{message}");
            let wanted = match expected {
                "unknown" => 404,
                "read-only" => 405,
                "out-of-range" | "too-long" => 422,
                _ => 400,
            };
            assert_eq!(status, wanted, "{message}");
        }
    }
}
