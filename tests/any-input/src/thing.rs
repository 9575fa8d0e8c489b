//! What a Thing's clients send, as a model with `serde_json` has it: a command for the application, or an error for the
//! sender.
//!
//! Input: messages, between bytes of 0.

use crate::answers;
use crate::connection::upgrade;
use crate::link::{LIMITS, World};
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

/// Judges what comes of `data`.
pub(crate) fn check(data: &[u8]) {
    let world = World::with_app(&APP, false);
    let mut inbox = world.inbox();
    let mut link = world.connect();
    upgrade(&mut link, "/ws", false);
    for message in data.split(|byte| *byte == 0) {
        let Ok(message) = std::str::from_utf8(message) else { continue };
        if message.len() > LIMITS.message {
            continue;
        }
        let before = world.device.counts().revision;
        link.received.clear();
        let mut bytes = Vec::new();
        frame(0x81, [1, 2, 3, 4], message.as_bytes(), &mut bytes);
        assert!(link.deliver(&bytes), "it is ready for the next one");
        let command = asked(&world.device, &mut inbox);
        link.follow();
        // The application goes on: so it is done.
        assert_eq!(asked(&world.device, &mut inbox), None);
        link.follow();
        let (acts, rest) = answers::acts(&link.received);
        assert_eq!(rest, b"");
        let told = Reading { acts, ..Reading::default() };
        assert!(!told.acts.iter().any(|act| matches!(act, Act::Close(_))), "nobody is closed for that");
        let told: Vec<Value> = told.messages().iter().map(|(_, text)| parse(text)).collect();
        assert_eq!(world.device.counts().revision, before, "nothing is published");
        judge(message, command, &told);
    }
}

fn parse(text: &[u8]) -> Value {
    serde_json::from_slice(text).expect("what a device says is JSON")
}

fn judge(message: &str, command: Option<(&str, Value)>, told: &[Value]) {
    let told = match told {
        [] => None,
        [one] => Some(one),
        more => panic!("{more:?} to {message}"),
    };
    let error = told.filter(|told| told["label"] == "error");
    assert_eq!(command.is_none(), error.is_some(), "either it is asked for, or it is wrong");
    let code = error.map(|error| error["value"]["code"].as_str().expect("an error has a code"));
    match code {
        // That is not seen by the model; the target `json` looks after it.
        Some("duplicate-key" | "too-deep") => return,
        Some("too-long") if told.is_some_and(|told| told["value"]["name"].is_null()) => return,
        _ => {}
    }
    let (id, expected) = expect(message);
    match expected {
        Ok(expected) => {
            // Its numbers are not exact.
            if code == Some("out-of-range") && message.bytes().filter(u8::is_ascii_digit).count() > 12 {
                return;
            }
            assert_eq!(command.map(|(name, value)| (name.to_owned(), value)), Some(expected), "{message}");
            let ok = id.map(|id| json!({"label": "ok", "id": id}));
            assert_eq!(told, ok.as_ref());
        }
        Err(expected) => {
            assert_eq!(code, Some(expected), "{message}");
            let told = told.expect("there is an error");
            assert_eq!(told.get("id").and_then(Value::as_u64), id);
            assert!(told["value"]["message"].is_string());
        }
    }
}

/// The id of an answer, and the command or the code of the error.
pub(crate) fn expect(message: &str) -> (Option<u64>, Result<(String, Value), &'static str>) {
    let parsed = match serde_json::from_str::<Value>(message) {
        Ok(parsed) => parsed,
        // A number that is no `f64` is JSON.
        Err(error) if error.to_string().starts_with("number out of range") => {
            return (None, Err("out-of-range"));
        }
        Err(_) => return (None, Err("not-json")),
    };
    let Value::Object(object) = parsed else { return (None, Err("wrong-type")) };
    let id = match object.get("id") {
        None | Some(Value::Null) => None,
        Some(id) => {
            match id.as_f64().filter(|id| id.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(id)) {
                // `7.0` is as good as `7`, and `-0` is 0.
                Some(id) => format!("{}", id + 0.0).parse().ok(),
                None => return (None, Err("wrong-type")),
            }
        }
    };
    let value = object.get("value");
    let label = match object.get("label") {
        None => return (id, Err("missing-value")),
        Some(Value::String(label)) => label.clone(),
        Some(_) => return (id, Err("wrong-type")),
    };
    let fits = match (&label[..], value) {
        ("heat" | "said", _) => Err("read-only"),
        ("blink", None | Some(Value::Null)) => return (id, Ok((label, Value::Null))),
        ("led" | "level" | "mode" | "name" | "say", None) => Err("missing-value"),
        ("led", Some(Value::Bool(_))) => Ok(()),
        ("level", Some(Value::Number(number))) => match number.as_f64() {
            Some(number) if (-20.0..=100.0).contains(&number) && (number * 2.0).fract() == 0.0 => {
                // `-0` is 0.
                return (id, Ok((label, json!(number + 0.0))));
            }
            _ => Err("out-of-range"),
        },
        ("mode", Some(Value::String(mode))) if ["day", "night"].contains(&&mode[..]) => Ok(()),
        ("mode", Some(Value::String(_))) => Err("out-of-range"),
        ("name", Some(Value::String(name))) if name.len() > 8 => Err("too-long"),
        ("say", Some(Value::String(text))) if text.len() > 16 => Err("too-long"),
        ("name" | "say", Some(Value::String(_))) => Ok(()),
        ("led" | "level" | "mode" | "name" | "blink" | "say", Some(_)) => Err("wrong-type"),
        _ => Err("unknown"),
    };
    (id, fits.map(|()| (label, value.cloned().unwrap_or_default())))
}

/// What the application is asked next.
pub(crate) fn asked(device: &Device, inbox: &mut Inbox<'_>) -> Option<(&'static str, Value)> {
    let mut next = pin!(Bench::new(device).next(inbox));
    let Poll::Ready(command) = Future::poll(next.as_mut(), &mut Context::from_waker(Waker::noop())) else {
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
