//! Device that stands for the one at the broker, kept in step with it.

use super::declaration::Declaration;
use crate::fleet::{Change, Description, Follower, Frame, Presence, Since};
use instep::driver::event_number;
use instep::{Device, PublishError};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// Maximum length of a frame `thing`, in bytes. A longer one is replaced by one that says the same of the declaration.
const GREETING_MAX: usize = 200;

/// Device that stands for the one at the broker.
#[derive(Debug)]
pub(super) struct Mirror {
    device: &'static Device,
    declaration: &'static Declaration,
    description: Arc<Description>,
    /// Whether the device numbers its events, as far as is known.
    is_numbered: AtomicBool,
    /// Whether the device has restarted, declares something else, or is gone.
    is_over: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The frame `thing` as it came, and the id of the start in it.
    greeting: Option<(Box<[u8]>, Option<u32>)>,
    /// The frame `thing` as viewers have it.
    shown: String,
    presence: Option<Presence>,
    /// The number of the last event of each name.
    last_events: HashMap<&'static str, u64>,
    /// Whether it was logged that something does not fit.
    is_told: bool,
}

impl Mirror {
    /// Creates the mirror of a device with this declaration, in a device that has forgotten everything.
    pub(super) fn new(
        device: &'static Device,
        declaration: &'static Declaration,
        description: Arc<Description>,
    ) -> Self {
        let (is_numbered, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { device, declaration, description, is_numbered, is_over, state: Mutex::default() }
    }

    pub(super) fn is_numbered(&self) -> bool {
        self.is_numbered.load(Ordering::Acquire)
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Ends the mirror, because the device has changed too much. Its viewers are closed, and come again.
    fn end(&self) {
        if !self.is_over.swap(true, Ordering::AcqRel) {
            self.device.wake_drivers();
        }
    }

    fn greet(&self, state: &mut State, frame: &[u8], start: Option<u32>) {
        match &state.greeting {
            Some((known, _)) if **known == *frame => {}
            // Whoever was connected to the device itself would have lost the connection, too.
            Some(_) => self.end(),
            None => {
                state.greeting = Some((frame.into(), start));
                self.show_greeting(state);
            }
        }
    }

    /// Publishes the frame `thing`, which also says that the device is offline, if it is.
    fn show_greeting(&self, state: &mut State) {
        let Some((frame, _)) = &state.greeting else { return };
        let presence = state.presence.filter(|presence| !presence.online);
        let text = greeting(frame, presence, &self.description.text);
        if text != state.shown {
            let shown = self.device.try_publish(self.declaration.thing.greeting_topic(), &text);
            state.shown = text;
            note(state, shown);
        }
    }

    fn show_property(&self, state: &mut State, Frame { name, bytes }: Frame<'_>) {
        let topic = self.declaration.thing.topic_of(name);
        if let (Some(topic), Ok(text)) = (topic, str::from_utf8(bytes)) {
            let shown = self.device.try_publish(topic, text);
            if shown.is_err() {
                // No value is better than one that the device does not have any more.
                self.clear(state, name);
            }
            note(state, shown);
        }
    }

    fn clear(&self, state: &mut State, name: &str) {
        if let Some(topic) = self.declaration.thing.topic_of(name) {
            let frame = format_args!("{{\"label\":\"{name}\",\"value\":null}}");
            let shown = self.device.try_publish(topic, frame);
            note(state, shown);
        }
    }

    fn show_event(&self, state: &mut State, Frame { name, bytes }: Frame<'_>) {
        let Ok(text) = str::from_utf8(bytes) else { return };
        let Some(name) = self.declaration.thing.event_of(name) else {
            // The numbers of later events tell viewers what was missed, where there are any.
            if name == "missed" && !self.is_numbered() {
                let shown = self.device.try_emit(text);
                note(state, shown);
            }
            return;
        };
        if let Some(seq) = event_number(bytes) {
            // A broker that is a cluster may change the order of events of different names, but not of one name.
            let last = state.last_events.entry(name).or_default();
            if seq.get() <= *last {
                return;
            }
            *last = seq.get();
            if !self.is_numbered.swap(true, Ordering::AcqRel)
                && let Some((_, Some(start))) = &state.greeting
            {
                self.device.set_boot_id(*start);
            }
        }
        let shown = self.device.try_emit(text);
        note(state, shown);
    }
}

impl Follower for Mirror {
    fn change(&self, change: Change<'_>) {
        let state = &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match change {
            Change::Greeting { frame, start } => self.greet(state, frame, start),
            Change::Description(description) => {
                if **description != *self.description {
                    self.end();
                }
            }
            Change::Property(frame) => self.show_property(state, frame),
            Change::Cleared(name) => self.clear(state, name),
            Change::Event(frame) => self.show_event(state, frame),
            Change::Presence(presence) => {
                if state.presence != Some(presence) {
                    state.presence = Some(presence);
                    self.show_greeting(state);
                }
            }
            Change::Gone => self.end(),
        }
    }
}

fn note(state: &mut State, shown: Result<(), PublishError>) {
    if let Err(error) = shown
        && !std::mem::replace(&mut state.is_told, true)
    {
        log::warn!("A frame of a device is not shown: {error}");
    }
}

/// Returns the frame `thing` for viewers.
fn greeting(frame: &[u8], offline: Option<Presence>, description: &str) -> String {
    let known = str::from_utf8(frame).ok().filter(|text| is_greeting(text));
    let mut text = match known {
        Some(text) => text.to_owned(),
        None => {
            let hash = instep_proto::fnv1a::extend(instep_proto::fnv1a::EMPTY, description.as_bytes());
            format!("{{\"label\":\"thing\",\"value\":{{\"wire\":1,\"hash\":\"{hash:016x}\"}}}}")
        }
    };
    if let Some(Presence { since, .. }) = offline {
        let (word, time) = match since {
            Since::At(time) => ("since", time),
            Since::Before(time) => ("before", time),
        };
        text.truncate(text.len() - 2);
        text.push_str(&format!(",\"offline\":{{\"{word}\":{}}}}}}}", millis(time)));
    }
    text
}

/// Returns whether a frame `thing` can be shown as it is, and extended at its end.
fn is_greeting(text: &str) -> bool {
    let value = text.strip_prefix("{\"label\":\"thing\",\"value\":").and_then(|rest| rest.strip_suffix('}'));
    let value = value
        .filter(|_| text.len() <= GREETING_MAX)
        .and_then(|value| serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(value).ok());
    value.is_some_and(|value| value.contains_key("hash") && !value.contains_key("offline"))
        && text.ends_with("}}")
}

/// Returns the time as the number of milliseconds since 1970.
fn millis(time: SystemTime) -> u128 {
    time.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn greeting_goes_out_as_it_came_unless_the_device_is_offline() {
        let frame =
            r#"{"label":"thing","value":{"wire":1,"hash":"0123456789abcdef","start":"00c0ffee","new":[]}}"#;
        assert_eq!(greeting(frame.as_bytes(), None, ""), frame);
        let time = UNIX_EPOCH + Duration::from_millis(1_234);
        let offline = |since| Some(Presence { online: false, since });
        let begin = frame.strip_suffix("}}").unwrap();
        assert_eq!(
            greeting(frame.as_bytes(), offline(Since::At(time)), ""),
            format!("{begin},\"offline\":{{\"since\":1234}}}}}}")
        );
        assert_eq!(
            greeting(frame.as_bytes(), offline(Since::Before(time)), ""),
            format!("{begin},\"offline\":{{\"before\":1234}}}}}}")
        );
    }

    #[test]
    fn garbage_is_replaced_by_a_greeting() {
        for garbage in [
            "",
            "7",
            "\u{0}",
            "{\"label\":\"thing\",\"value\":{}}",
            "{\"label\":\"thing\",\"value\":{\"hash\":1,\"offline\":1}}",
            "{\"label\":\"led\",\"value\":{\"hash\":1}}",
        ] {
            let text = greeting(
                garbage.as_bytes(),
                Some(Presence { online: false, since: Since::At(UNIX_EPOCH) }),
                "x",
            );
            let parsed: serde_json::Value = serde_json::from_str(&text).expect("it is no JSON");
            assert!(
                parsed["value"]["hash"].is_string() && parsed["value"]["offline"]["since"] == 0,
                "{text}"
            );
        }
        let long = format!("{{\"label\":\"thing\",\"value\":{{\"hash\":\"{}\"}}}}", "a".repeat(300));
        assert!(greeting(long.as_bytes(), None, "x").len() < 100);
    }
}
