//! What Home Assistant is told of a device.

use super::house::{House, message};
use mqttbytes::v5::{ConnAckProperties, Packet};

type Messages = Vec<(String, String, bool)>;

const HASH: &str = "instep/lamp-1/thing/discovered";
const CONFIG: &str = "homeassistant/device/lamp-1/config";

/// Opens a connection to a broker that has stored these messages, and returns what the client tells Home Assistant.
fn opened(house: &mut House, stored: &[(&str, &str)]) -> Messages {
    house.connect(ConnAckProperties::new());
    for (topic, payload) in stored {
        house.send(&message(topic, payload, None, true));
    }
    // The broker has sent all of it before.
    house.publish("instep/lamp-1", "online");
    told(house.messages())
}

fn told(messages: Messages) -> Messages {
    messages
        .into_iter()
        .filter(|(topic, payload, _)| *topic == CONFIG || topic.starts_with(HASH) || payload.is_empty())
        .collect()
}

fn config(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("it is no JSON")
}

/// Returns what is stored after the first connection.
fn stored(told: &[(String, String, bool)]) -> Vec<(&str, &str)> {
    told.iter()
        .filter(|(topic, payload, _)| *topic != CONFIG && !payload.is_empty())
        .map(|(topic, payload, _)| (&**topic, &**payload))
        .collect()
}

#[test]
fn every_control_is_told_with_its_platform() {
    let mut house = House::with_discovery(600);
    let told = opened(&mut house, &[]);
    assert!(told.iter().all(|(.., retain)| *retain));
    // The old hash does not stand for a message that is cut off.
    let (cleared, told) = told.split_first().unwrap();
    assert_eq!((&*cleared.0, &*cleared.1), (HASH, ""));
    assert_eq!(told[0].0, CONFIG);
    let config = config(&told[0].1);
    assert_eq!(config["dev"]["ids"], serde_json::json!(["lamp-1"]));
    assert_eq!(
        (&config["dev"]["name"], &config["dev"]["cu"]),
        (&"Lamp \"é\"".into(), &"http://lamp.local/".into())
    );
    let platforms: Vec<_> = stored(told)[..5]
        .iter()
        .map(|(topic, platform)| (topic.rsplit('/').next().unwrap(), *platform))
        .collect();
    let expected = [
        ("led", "switch"),
        ("brightness", "number"),
        ("slow", "button"),
        ("temperature", "sensor"),
        ("said", "event"),
    ];
    assert_eq!(platforms, expected);
    for (name, platform) in expected {
        assert_eq!(config["cmps"][name]["p"], platform);
    }
    let led = &config["cmps"]["led"];
    assert_eq!(
        (&led["stat_t"], &led["cmd_t"]),
        (&"instep/lamp-1/led".into(), &"instep/lamp-1/led/set".into())
    );
    assert_eq!(led["uniq_id"], "lamp-1_led");
    assert_eq!(config["cmps"]["temperature"]["unit_of_meas"], "°C");
    let (topic, hash, _) = told.last().unwrap();
    assert_eq!((&**topic, hash.len(), told.len()), (HASH, 16, 7));
}

/// Also in a buffer that is shorter than the message.
#[test]
fn message_does_not_depend_on_room() {
    let expected = opened(&mut House::with_discovery(5_000), &[]);
    for room in [150, 200, 333] {
        assert_eq!(opened(&mut House::with_discovery(room), &[]), expected, "{room} bytes");
    }
}

#[test]
fn nothing_is_told_twice_until_home_assistant_starts() {
    let mut house = House::with_discovery(600);
    let first = opened(&mut house, &[]);
    let known = opened(&mut house, &stored(&first));
    assert_eq!(known, []);
    house.publish("homeassistant/status", "online");
    assert_eq!(told(house.messages()), first);
    house.publish("homeassistant/status", "offline");
    assert_eq!(told(house.messages()), []);
}

/// The stored message is no longer read then, so values are not sent to the device itself.
#[test]
fn stored_topics_are_read_once() {
    let mut house = House::with_discovery(600);
    house.connect(ConnAckProperties::new());
    house.publish("instep/lamp-1", "online");
    let mut packets = std::iter::from_fn(|| house.next());
    let unsubscribe = packets.find_map(|packet| match packet {
        Packet::Unsubscribe(unsubscribe) => Some(unsubscribe),
        _ => None,
    });
    let expected = ["instep/lamp-1/thing/discovered", "instep/lamp-1/thing/discovered/+", "instep/lamp-1/+"];
    assert_eq!(unsubscribe.expect("no UNSUBSCRIBE").filters, expected);
}

/// A broker that does not send the device's own message back is waited for 5 s.
#[test]
fn reading_ends_without_a_sign() {
    let mut house = House::with_discovery(600);
    house.connect(ConnAckProperties::new());
    assert_eq!(told(house.messages()), []);
    house.wait(5_000);
    assert_eq!(told(house.messages())[1].0, CONFIG);
}

/// Otherwise it would never be told, not even after the broker takes longer packets.
#[test]
fn message_that_the_broker_does_not_take_is_not_recorded() {
    let mut house = House::with_discovery(600);
    let mut properties = ConnAckProperties::new();
    properties.max_packet_size = Some(500);
    house.connect(properties);
    house.publish("instep/lamp-1", "online");
    let told = told(house.messages());
    assert_eq!(told, [(HASH.to_owned(), String::new(), true)]);
}

/// A slow broker may send it after the end of reading, and its removal replaces the whole message.
#[test]
fn control_that_is_gone_is_removed_late() {
    let mut house = House::with_discovery(600);
    let first = opened(&mut house, &[]);
    house.send(&message("instep/lamp-1/thing/discovered/old", "text", None, true));
    let told = told(house.messages());
    assert_eq!(config(&told[1].1)["cmps"], serde_json::json!({"old": {"p": "text"}}));
    assert_eq!(told[0], first[0], "the hash is not cleared first");
    // The hash is cleared already.
    assert_eq!(told[3..], first[1..]);
}

#[test]
fn control_that_is_gone_is_removed() {
    let mut house = House::with_discovery(600);
    let first = opened(&mut house, &[]);
    // Another image had a text `old`, and `led` was a light.
    let mut known = stored(&first);
    known.retain(|(topic, _)| !topic.ends_with("/led"));
    known.extend([
        ("instep/lamp-1/thing/discovered/old", "text"),
        ("instep/lamp-1/thing/discovered/led", "light"),
        ("instep/lamp-1/old", "x"),
        ("instep/lamp-1/led", "x"),
        ("instep/lamp-1/said", "x"),
        ("instep/lamp-1/thing", "x"),
    ]);
    // Its own hash comes last.
    known.sort_by_key(|(topic, _)| *topic == HASH);
    let told = opened(&mut house, &known);
    let topics: Vec<_> = told.iter().map(|(topic, payload, _)| (&**topic, payload.is_empty())).collect();
    assert_eq!(
        topics[..8],
        [
            (HASH, true),
            (CONFIG, false),
            ("instep/lamp-1/thing/discovered/old", true),
            (CONFIG, false),
            ("instep/lamp-1/thing/discovered/led", true),
            ("instep/lamp-1/old", true),
            ("instep/lamp-1/said", true),
            (CONFIG, false),
        ]
    );
    let [old, led] = [&told[1].1, &told[3].1].map(|text| config(text));
    assert_eq!(old["cmps"], serde_json::json!({"old": {"p": "text"}}));
    assert_eq!(led["cmps"], serde_json::json!({"led": {"p": "light"}}));
    // The last message is the whole one again, and so is what is stored.
    assert_eq!(told[7..], first[1..]);
}

#[test]
fn junk_is_not_repeated_to_home_assistant() {
    let mut house = House::with_discovery(600);
    let first = opened(&mut house, &[]);
    let long = "x".repeat(50);
    let long = format!("instep/lamp-1/thing/discovered/{long}");
    let mut known = stored(&first);
    known.extend([
        (&*long, "text"),
        ("instep/lamp-1/thing/discovered/a", "\u{0}\""),
        ("instep/lamp-1/thing/discovered/b", ""),
        ("instep/lamp-1/thing/discovered", "junk"),
    ]);
    let told = opened(&mut house, &known);
    let removal = config(&told[1].1);
    assert_eq!(removal["cmps"]["a"], serde_json::json!({"p": "\u{0}\""}));
    assert_eq!(told[3..], first[1..]);
}
