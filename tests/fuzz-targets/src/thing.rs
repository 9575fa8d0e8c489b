//! Messages of a Thing's clients, compared with a model based on `serde_json`: a
//! command for the application, or an error for the sender.
//!
//! Input: messages, separated by bytes of 0.

use crate::answers;
use crate::connection::upgrade;
use crate::exact::Exact;
use crate::link::{LIMITS, Simulation};
use crate::model::{Act, Reading};
use crate::script::frame;
use instep::{App, Device, Inbox};
use serde_json::{Value, json};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

instep::thing! {
    /// One of each kind.
    Bench: "A bench", commands Command {
        led => Led: switch { title: "Lamp" },
        level => Level: number { title: "Level", min: -20, max: 100, step: 0.5 },
        mode => Mode: select { title: "Mode", options: ["day", "night"] },
        name => Name: text { title: "Name", max: 8 },
        blink => Blink: button { title: "Blink" },
        say => Say: message { title: "Say", max: 16 },
        heat: sensor { title: "Heat", precision: 2 },
        said: event { title: "Said" },
    }
}

pub(crate) const APP: App = App::new("bench", "for fuzzing").thing(&Bench::THING);

/// Checks the results of `data`.
pub(crate) fn check(data: &[u8]) {
    let simulation = Simulation::with_app(&APP, false);
    let mut inbox = simulation.inbox();
    let mut link = simulation.connect();
    upgrade(&mut link, "/ws", false);
    for message in data.split(|byte| *byte == 0) {
        let Ok(message) = std::str::from_utf8(message) else { continue };
        if message.len() > LIMITS.message {
            continue;
        }
        let before = simulation.device.counts().revision;
        link.received.clear();
        let mut bytes = Vec::new();
        frame(0x81, [1, 2, 3, 4], message.as_bytes(), &mut bytes);
        assert!(link.deliver(&bytes), "not ready for the next message");
        let command = asked(&simulation.device, &mut inbox);
        link.follow();
        // The application takes the next command, and so finishes this one.
        assert_eq!(asked(&simulation.device, &mut inbox), None);
        link.follow();
        let (acts, rest) = answers::acts(&link.received);
        assert_eq!(rest, b"");
        let sent = Reading { acts, ..Reading::default() };
        assert!(!sent.acts.iter().any(|act| matches!(act, Act::Close(_))), "a client was closed");
        let sent: Vec<Value> = sent.messages().iter().map(|(_, text)| parse(text)).collect();
        assert_eq!(simulation.device.counts().revision, before, "a publish");
        judge(message, command, &sent);
    }
}

fn parse(text: &[u8]) -> Value {
    serde_json::from_slice(text).expect("the device did not send JSON")
}

fn judge(message: &str, command: Option<(&str, Value)>, sent: &[Value]) {
    let sent = match sent {
        [] => None,
        [one] => Some(one),
        more => panic!("{more:?} to {message}"),
    };
    let error = sent.filter(|sent| sent["label"] == "error");
    assert_eq!(command.is_none(), error.is_some(), "neither a command nor an error, or both");
    let code = error.map(|error| error["value"]["code"].as_str().expect("the error has no code"));
    match code {
        // The model does not check that; the target `json` does.
        Some("duplicate-key" | "too-deep") => return,
        Some("too-long") if sent.is_some_and(|sent| sent["value"]["name"].is_null()) => return,
        _ => {}
    }
    let (id, expected) = expect(message);
    match expected {
        Ok(expected) => {
            assert_eq!(command.map(|(name, value)| (name.to_owned(), value)), Some(expected), "{message}");
            let ok = id.map(|id| json!({"label": "ok", "id": id}));
            assert_eq!(sent, ok.as_ref());
        }
        Err(expected) => {
            assert_eq!(code, Some(expected), "{message}");
            let sent = sent.expect("no error");
            assert_eq!(sent.get("id").and_then(Value::as_u64), id);
            assert!(sent["value"]["message"].is_string());
        }
    }
}

/// Returns the id of the answer, and the command or the code of the error.
pub(crate) fn expect(message: &str) -> (Option<u64>, Result<(String, Value), &'static str>) {
    let Some(parsed) = Exact::parse(message) else { return (None, Err("not-json")) };
    let Exact::Object(object) = parsed else { return (None, Err("wrong-type")) };
    let id = match object.get("id") {
        None | Some(Exact::Null) => None,
        // A whole number in any notation that JavaScript can represent.
        Some(id) => match id.units(0) {
            Some(id @ 0..=9_007_199_254_740_991) => Some(id.unsigned_abs()),
            _ => return (None, Err("wrong-type")),
        },
    };
    let value = object.get("value");
    let label = match object.get("label") {
        None => return (id, Err("missing-value")),
        Some(Exact::String(label)) => label.clone(),
        Some(_) => return (id, Err("wrong-type")),
    };
    let fits = match (&label[..], value) {
        ("heat" | "said", _) => Err("read-only"),
        ("blink", None | Some(Exact::Null)) => Ok(Value::Null),
        ("led" | "level" | "mode" | "name" | "say", None) => Err("missing-value"),
        ("led", Some(Exact::Bool(on))) => Ok(json!(on)),
        ("level", Some(number @ Exact::Number(_))) => match number.units(1) {
            Some(tenths @ -200..=1000) if tenths % 5 == 0 => Ok(json!(tenths as f64 / 10.0)),
            _ => Err("out-of-range"),
        },
        ("mode", Some(Exact::String(mode))) if ["day", "night"].contains(&&mode[..]) => Ok(json!(mode)),
        ("mode", Some(Exact::String(_))) => Err("out-of-range"),
        ("name", Some(Exact::String(name))) if name.len() > 8 => Err("too-long"),
        ("say", Some(Exact::String(text))) if text.len() > 16 => Err("too-long"),
        ("name" | "say", Some(Exact::String(text))) => Ok(json!(text)),
        ("led" | "level" | "mode" | "name" | "blink" | "say", Some(_)) => Err("wrong-type"),
        _ => Err("unknown"),
    };
    (id, fits.map(|value| (label, value)))
}

/// Returns the next command for the application.
pub(crate) fn asked(device: &Device, inbox: &mut Inbox<'_>) -> Option<(&'static str, Value)> {
    let mut next = pin!(Bench::new(device).recv(inbox));
    let Poll::Ready((command, _)) = Future::poll(next.as_mut(), &mut Context::from_waker(Waker::noop()))
    else {
        return None;
    };
    Some(match command {
        Command::Led(on) => ("led", json!(on)),
        Command::Level(level) => ("level", json!(level)),
        Command::Mode(mode) => ("mode", json!(mode)),
        Command::Name(name) => ("name", json!(name)),
        Command::Blink => ("blink", Value::Null),
        Command::Say(text) => ("say", json!(text)),
    })
}
