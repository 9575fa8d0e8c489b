//! A fleet that hears what a broker says, without a broker, on a virtual clock.

use instep_gateway::{Change, Fleet, FleetLimits, Follower};
use instep_mqtt::{DeviceId, Heard};
use std::sync::{Arc, Mutex};

mod changes;
mod devices;
mod history;
mod limits;

const THING: &str = r#"{"label":"thing","value":{"wire":1,"hash":"0123456789abcdef","start":"00000001"}}"#;

fn id(text: &str) -> DeviceId {
    DeviceId::new(text).expect("the id is valid")
}

fn thing(fleet: &Fleet, of: &str) {
    fleet.hear(Heard::Thing { id: id(of), frame: THING.as_bytes() });
}

fn state(fleet: &Fleet, of: &str, online: bool) {
    fleet.hear(Heard::State { id: id(of), online });
}

fn value(fleet: &Fleet, of: &str, name: &str, value: &str) {
    let frame = format!(r#"{{"label":"{name}","value":{value}}}"#);
    fleet.hear(Heard::Value { id: id(of), name, frame: frame.as_bytes() });
}

fn describe(fleet: &Fleet, of: &str, title: &str) {
    let text = format!(r#"{{"title":"{title}","version":{{"instance":"1.2.3"}},"properties":{{}}}}"#);
    fleet.hear(Heard::Description { id: id(of), text: text.as_bytes() });
}

/// Returns the fleet, connected, with these devices.
fn fleet(limits: FleetLimits, devices: &[&str]) -> Arc<Fleet> {
    let fleet = Fleet::new(limits);
    fleet.hear(Heard::Opened);
    for device in devices {
        thing(&fleet, device);
        state(&fleet, device, true);
    }
    fleet
}

/// Returns the frames of a device as text.
fn frames(fleet: &Fleet, of: &str) -> Vec<String> {
    let mut frames = Vec::new();
    let is_there = fleet.frames(of, &mut |frame| {
        frames.push(String::from_utf8(frame.bytes.to_vec()).expect("a frame is not UTF-8"));
    });
    if is_there { frames } else { vec!["none".into()] }
}

fn ids(fleet: &Fleet) -> Vec<String> {
    fleet.list(None, 100).into_iter().map(|summary| summary.id.to_string()).collect()
}

/// Follower that writes down what it is told.
#[derive(Default)]
struct Diary(Mutex<Vec<String>>);

impl Follower for Diary {
    fn change(&self, change: Change<'_>) {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let line = match change {
            Change::Greeting { start, .. } => format!("thing {start:?}"),
            Change::Description(description) => format!("description {}", description.title),
            Change::Property(frame) => text(frame.bytes),
            Change::Cleared(name) => format!("cleared {name}"),
            Change::Event(frame) => format!("event {}", text(frame.bytes)),
            Change::Presence(presence) => format!("online {}", presence.online),
            other => format!("{other:?}"),
        };
        self.0.lock().expect("poisoned").push(line);
    }
}

impl Diary {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("poisoned"))
    }
}
