//! What a gateway hears: the messages of devices, by their topics.

use super::topics::{GATEWAYS, NUMBER_LENGTH, REPLY};
use crate::id::DeviceId;
use crate::packet::Publish;

/// Maximum length of the name of a property, action or event, in bytes.
pub const NAME_MAX: usize = 32;

/// What a gateway hears from the broker.
///
/// Anybody who may write at the broker can say this, so its receiver checks the frames and texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Heard<'m> {
    /// The broker has accepted the gateway. All that it has stored is said anew.
    Opened,
    /// The broker may have dropped messages. All that it has stored is said anew.
    Resync,
    /// All that the broker had stored was said, by a broker that says it in order.
    Complete,
    /// Perhaps not all that the broker had stored was said.
    Incomplete,
    /// The device is online or offline.
    State {
        /// The device.
        id: DeviceId,
        /// Whether it is online.
        online: bool,
    },
    /// The frame `thing` of the device. An empty one stands for a device that is gone.
    Thing {
        /// The device.
        id: DeviceId,
        /// The frame.
        frame: &'m [u8],
    },
    /// The Thing Description of the device.
    Description {
        /// The device.
        id: DeviceId,
        /// The text.
        text: &'m [u8],
    },
    /// The value of a property. An empty frame stands for a property without a value.
    Value {
        /// The device.
        id: DeviceId,
        /// The name of the property.
        name: &'m str,
        /// The frame.
        frame: &'m [u8],
    },
    /// An event, or the frame `missed`.
    Event {
        /// The device.
        id: DeviceId,
        /// The name of the event.
        name: &'m str,
        /// The frame.
        frame: &'m [u8],
    },
    /// The answer to the command of that number.
    Answer {
        /// The device.
        id: DeviceId,
        /// The number.
        number: u64,
        /// The frame.
        frame: &'m [u8],
    },
    /// A message between gateways.
    Notice {
        /// The topic, after the prefix and `gateway/`.
        name: &'m str,
        /// The payload.
        payload: &'m [u8],
    },
}

/// Returns whether a text may be the name of a property, action or event.
pub fn is_name(text: &str) -> bool {
    text.len() <= NAME_MAX
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

impl<'m> Heard<'m> {
    /// Returns what a message below the prefix says to this gateway, or `None` if it says nothing.
    pub(super) fn parse(prefix: &str, gateway: &DeviceId, message: &Publish<'m>) -> Option<Self> {
        let Publish { topic, retain, payload, correlation_data, .. } = *message;
        let topic = topic.strip_prefix(prefix)?.strip_prefix('/')?;
        if let Some(name) = topic.strip_prefix(GATEWAYS) {
            return Some(Self::Notice { name, payload });
        }
        let (id, rest) = match topic.split_once('/') {
            Some((id, rest)) => (id, Some(rest)),
            None => (topic, None),
        };
        let id = DeviceId::new(id).ok()?;
        let Some(rest) = rest else {
            // A state that was cleared is that of a device that is not there.
            return Some(Self::State { id, online: payload == b"online" });
        };
        match rest {
            "thing" => Some(Self::Thing { id, frame: payload }),
            "thing/td" => Some(Self::Description { id, text: payload }),
            name if is_name(name) && retain => Some(Self::Value { id, name, frame: payload }),
            name if is_name(name) => Some(Self::Event { id, name, frame: payload }),
            _ => {
                let to = rest.strip_prefix("thing/answer/")?.strip_suffix(REPLY)?.strip_suffix('/')?;
                if to != gateway.as_str() {
                    return None;
                }
                let number: [u8; NUMBER_LENGTH] = correlation_data?.try_into().ok()?;
                Some(Self::Answer { id, number: u64::from_be_bytes(number), frame: payload })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> DeviceId {
        DeviceId::new(text).unwrap()
    }

    fn heard<'m>(topic: &'m str, payload: &'m [u8], retain: bool) -> Option<Heard<'m>> {
        let correlation_data = Some(&[0, 0, 0, 0, 0, 0, 1, 2][..]);
        let message = Publish { topic, retain, response_topic: None, correlation_data, payload };
        Heard::parse("a/b", &id("gw"), &message)
    }

    #[test]
    fn messages_are_told_apart() {
        let (id, frame) = (id("lamp-1"), &b"{}"[..]);
        for (topic, payload, retain, expected) in [
            ("a/b/lamp-1", &b"online"[..], true, Heard::State { id, online: true }),
            ("a/b/lamp-1", b"offline", true, Heard::State { id, online: false }),
            ("a/b/lamp-1", b"", true, Heard::State { id, online: false }),
            ("a/b/lamp-1/thing", frame, true, Heard::Thing { id, frame }),
            ("a/b/lamp-1/thing/td", frame, true, Heard::Description { id, text: frame }),
            ("a/b/lamp-1/led", frame, true, Heard::Value { id, name: "led", frame }),
            ("a/b/lamp-1/led", b"", true, Heard::Value { id, name: "led", frame: b"" }),
            ("a/b/lamp-1/said", frame, false, Heard::Event { id, name: "said", frame }),
            ("a/b/lamp-1/missed", frame, false, Heard::Event { id, name: "missed", frame }),
            ("a/b/lamp-1/thing/answer/gw/reply", frame, false, Heard::Answer { id, number: 258, frame }),
            ("a/b/gateway/logged-out/1", frame, true, Heard::Notice { name: "logged-out/1", payload: frame }),
        ] {
            assert_eq!(heard(topic, payload, retain), Some(expected), "{topic}");
        }
    }

    #[test]
    fn other_messages_say_nothing() {
        for topic in [
            "a/b",
            "a/b/",
            "a/b//led",
            "a/bc/lamp-1",
            "x/lamp-1",
            "a/b/Lamp",
            "a/b/things",
            "a/b/lamp-1/",
            "a/b/lamp-1/led/set",
            "a/b/lamp-1/1led",
            "a/b/lamp-1/led\u{e4}",
            "a/b/lamp-1/abcdefghijabcdefghijabcdefghijabc",
            "a/b/lamp-1/thing/discovered",
            "a/b/lamp-1/thing/answer/gx/reply",
            "a/b/lamp-1/thing/answer/gw",
            "a/b/lamp-1/thing/answer/gw/",
            "a/b/lamp-1/thing/answer/gwreply",
        ] {
            assert_eq!(heard(topic, b"online", true), None, "{topic}");
        }
        let message = Publish {
            topic: "a/b/lamp-1/thing/answer/gw/reply",
            retain: false,
            response_topic: None,
            correlation_data: Some(b"1234567"),
            payload: b"",
        };
        assert_eq!(Heard::parse("a/b", &id("gw"), &message), None);
    }
}
