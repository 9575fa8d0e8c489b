//! Devices: when they are there, online and described, and what follows one.

use super::*;
use instep_gateway::{Command, CommandError, Since, Wait};
use std::time::Duration;

#[test]
fn device_is_there_from_its_thing_until_that_is_cleared() {
    let fleet = fleet(FleetLimits::default(), &[]);
    // A broker may say this in any order.
    value(&fleet, "lamp", "led", "true");
    describe(&fleet, "lamp", "Lamp");
    state(&fleet, "lamp", true);
    assert!(fleet.find("lamp").is_none() && ids(&fleet).is_empty());
    assert_eq!(frames(&fleet, "lamp"), ["none"]);
    thing(&fleet, "lamp");
    let lamp = fleet.find("lamp").expect("the lamp is missing");
    let description = lamp.description.expect("there is no description");
    assert_eq!((&*description.title, &*description.version), ("Lamp", "1.2.3"));
    assert_eq!((lamp.presence.online, lamp.start), (true, Some(1)));
    assert!(matches!(lamp.presence.since, Since::Before(_)));
    assert_eq!(frames(&fleet, "lamp"), [r#"{"label":"led","value":true}"#]);
    fleet.hear(Heard::Thing { id: id("lamp"), frame: b"" });
    assert!(fleet.find("lamp").is_none());
    let counts = fleet.counts();
    assert_eq!((counts.devices, counts.values, counts.heard, counts.refused), (0, 0, 5, 0));
}

#[tokio::test(start_paused = true)]
async fn values_are_counted_while_they_are_there() {
    let fleet = fleet(FleetLimits::default(), &["lamp", "door"]);
    let values = || fleet.counts().values;
    value(&fleet, "lamp", "led", "false");
    value(&fleet, "lamp", "led", "true");
    value(&fleet, "lamp", "old", "true");
    value(&fleet, "lamp", "older", "true");
    value(&fleet, "door", "open", "true");
    assert_eq!(values(), 4);
    fleet.hear(Heard::Value { id: id("lamp"), name: "older", frame: b"" });
    fleet.hear(Heard::Value { id: id("lamp"), name: "none", frame: b"" });
    assert_eq!(values(), 3);
    fleet.close();
    fleet.hear(Heard::Opened);
    ["lamp", "door"].iter().for_each(|device| thing(&fleet, device));
    value(&fleet, "lamp", "led", "true");
    value(&fleet, "door", "open", "true");
    fleet.hear(Heard::Complete);
    assert_eq!(values(), 3);
    tokio::time::advance(Duration::from_secs(90)).await;
    fleet.turn();
    assert_eq!(values(), 2, "a value that was not told again counts");
    fleet.hear(Heard::Thing { id: id("lamp"), frame: b"" });
    assert_eq!(values(), 1);
}

/// The message that a device is gone may be among those that a broker dropped.
#[tokio::test(start_paused = true)]
async fn what_a_broker_that_dropped_messages_does_not_say_again_is_gone() {
    let fleet = fleet(FleetLimits::default(), &["lamp", "door"]);
    value(&fleet, "lamp", "led", "true");
    value(&fleet, "lamp", "level", "1");
    fleet.hear(Heard::Complete);
    let diary = Arc::new(Diary::default());
    let _following = fleet.follow("lamp", diary.clone()).expect("the lamp is missing");
    diary.take();
    fleet.hear(Heard::Resync);
    thing(&fleet, "lamp");
    state(&fleet, "lamp", true);
    value(&fleet, "lamp", "led", "true");
    value(&fleet, "lamp", "level", "2");
    fleet.hear(Heard::Complete);
    assert_eq!(diary.take(), [r#"{"label":"level","value":2}"#], "only what was missed is told");
    assert!(fleet.is_connected());
    assert_eq!(ids(&fleet), ["door", "lamp"]);
    tokio::time::advance(Duration::from_secs(90)).await;
    fleet.turn();
    assert_eq!(ids(&fleet), ["lamp"]);
}

/// A broker that drops messages all the time says everything again and again.
#[tokio::test(start_paused = true)]
async fn device_that_is_gone_is_swept_although_questions_go_on() {
    let fleet = fleet(FleetLimits::default(), &["lamp", "door"]);
    fleet.hear(Heard::Complete);
    for _ in 0..4 {
        tokio::time::advance(Duration::from_secs(30)).await;
        fleet.turn();
        fleet.hear(Heard::Resync);
        thing(&fleet, "lamp");
        fleet.hear(Heard::Complete);
    }
    tokio::time::advance(Duration::from_secs(10)).await;
    fleet.turn();
    assert_eq!(ids(&fleet), ["lamp"]);
    // Without its end, the answer shows nothing of the rest.
    fleet.hear(Heard::Resync);
    fleet.hear(Heard::Incomplete);
    tokio::time::advance(Duration::from_secs(100)).await;
    fleet.turn();
    assert_eq!(ids(&fleet), ["lamp"]);
}

#[test]
fn follower_hears_the_state_and_each_change() {
    let fleet = fleet(FleetLimits::default(), &["lamp", "door"]);
    describe(&fleet, "lamp", "Lamp");
    value(&fleet, "lamp", "led", "false");
    let diary = Arc::new(Diary::default());
    assert!(fleet.follow("none", diary.clone()).is_none());
    let following = fleet.follow("lamp", diary.clone()).expect("the lamp is missing");
    let state_now = ["thing Some(1)", "description Lamp", r#"{"label":"led","value":false}"#, "online true"];
    assert_eq!(diary.take(), state_now);
    value(&fleet, "lamp", "led", "true");
    value(&fleet, "door", "open", "true");
    let event = br#"{"label":"said","value":"a"}"#;
    fleet.hear(Heard::Event { id: id("lamp"), name: "said", frame: event });
    fleet.hear(Heard::Event { id: id("lamp"), name: "other", frame: event });
    state(&fleet, "lamp", false);
    state(&fleet, "lamp", false);
    fleet.hear(Heard::Value { id: id("lamp"), name: "led", frame: b"" });
    let changes = [
        r#"{"label":"led","value":true}"#,
        r#"event {"label":"said","value":"a"}"#,
        "online false",
        "cleared led",
    ];
    assert_eq!(diary.take(), changes);
    drop(following);
    value(&fleet, "lamp", "led", "true");
    assert_eq!(diary.take(), <[&str; 0]>::default());
    let _following = fleet.follow("lamp", diary.clone());
    diary.take();
    fleet.hear(Heard::Thing { id: id("lamp"), frame: b"" });
    assert_eq!(diary.take(), ["Gone"]);
}

#[tokio::test(start_paused = true)]
async fn device_that_does_not_return_after_a_connection_is_gone() {
    let fleet = fleet(FleetLimits::default(), &["gone", "lamp"]);
    value(&fleet, "lamp", "led", "true");
    value(&fleet, "lamp", "old", "true");
    let diary = Arc::new(Diary::default());
    let _following = fleet.follow("lamp", diary.clone());
    fleet.close();
    assert!(!fleet.is_connected());
    let lamp = || fleet.find("lamp").expect("the lamp is missing").presence;
    assert!(!lamp().online && matches!(lamp().since, Since::At(_)));
    diary.take();
    fleet.hear(Heard::Opened);
    thing(&fleet, "lamp");
    value(&fleet, "lamp", "led", "true");
    state(&fleet, "lamp", true);
    fleet.hear(Heard::Complete);
    // What is said again is not told again.
    assert_eq!(diary.take(), ["online true"]);
    tokio::time::advance(Duration::from_secs(89)).await;
    fleet.turn();
    assert_eq!(ids(&fleet), ["gone", "lamp"]);
    assert!(!fleet.find("gone").expect("it is gone already").presence.online);
    tokio::time::advance(Duration::from_secs(1)).await;
    fleet.turn();
    assert_eq!(ids(&fleet), ["lamp"]);
    assert_eq!(diary.take(), ["cleared old"]);
    // From now on a value that is published again is a change.
    value(&fleet, "lamp", "led", "true");
    assert_eq!(diary.take(), [r#"{"label":"led","value":true}"#]);
}

/// The time of a change that this gateway did not see is not one at which it looked away.
#[test]
fn since_when_is_as_the_broker_told() {
    let fleet = fleet(FleetLimits::default(), &["a", "b"]);
    let since = |of: &str| fleet.find(of).expect("it is missing").presence.since;
    state(&fleet, "a", false);
    state(&fleet, "a", true);
    let online = since("a");
    assert!(matches!(online, Since::At(_)));
    fleet.close();
    assert!(matches!(since("b"), Since::At(_)));
    fleet.hear(Heard::Opened);
    // It was online all the time.
    state(&fleet, "a", true);
    assert_eq!(since("a"), online);
    // It went offline meanwhile.
    state(&fleet, "b", false);
    assert!(matches!(since("b"), Since::Before(_)), "{:?}", since("b"));
}

/// The description of another declaration comes behind all values, and the old one fits no longer.
#[test]
fn description_ends_with_its_declaration() {
    let fleet = fleet(FleetLimits::default(), &["a", "b"]);
    describe(&fleet, "a", "Lamp");
    describe(&fleet, "b", "Lamp");
    let thing = |hash: &str| {
        format!(r#"{{"label":"thing","value":{{"wire":1,"hash":"{hash}","start":"00000002"}}}}"#)
    };
    // Another start of the same firmware.
    fleet.hear(Heard::Thing { id: id("a"), frame: thing("0123456789abcdef").as_bytes() });
    assert!(fleet.description("a").is_some());
    fleet.hear(Heard::Thing { id: id("a"), frame: thing("00000000000000ff").as_bytes() });
    assert!(fleet.description("a").is_none() && fleet.description("b").is_some());
    describe(&fleet, "a", "Lamp");
    assert!(fleet.description("a").is_some());
}

#[test]
fn devices_of_one_firmware_share_their_description() {
    let fleet = fleet(FleetLimits::default(), &["a", "b"]);
    describe(&fleet, "a", "Lamp");
    let one = fleet.counts().bytes;
    describe(&fleet, "b", "Lamp");
    assert_eq!(fleet.counts().bytes, one);
    let [a, b] = ["a", "b"].map(|id| fleet.description(id).expect("there is no description"));
    assert!(Arc::ptr_eq(&a, &b));
}

#[test]
fn command_without_a_way_is_refused_at_once() {
    let fleet = fleet(FleetLimits::default(), &["lamp"]);
    let send = |of: &str, name: &str, payload: &[u8]| {
        fleet.send(&Command { id: id(of), name, payload, wait: Wait::Request }).err()
    };
    assert_eq!(send("lamp", "led", b"true"), None);
    assert_eq!(send("none", "led", b"true"), Some(CommandError::Unknown));
    assert_eq!(send("lamp", "led/+", b"true"), Some(CommandError::Name));
    assert_eq!(send("lamp", "led", &[b'1'; 65_537]), Some(CommandError::TooLong));
    state(&fleet, "lamp", false);
    assert_eq!(send("lamp", "led", b"true"), Some(CommandError::Offline));
    state(&fleet, "lamp", true);
    fleet.close();
    assert_eq!(send("lamp", "led", b"true"), Some(CommandError::NoBroker));
}
