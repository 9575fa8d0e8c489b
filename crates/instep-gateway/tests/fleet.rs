//! A fleet that hears what a broker says, without a broker, on a virtual clock.

use instep_gateway::{Change, Command, CommandError, Fleet, FleetLimits, Follower, Position, Since, Wait};
use instep_mqtt::{DeviceId, Heard};
use std::sync::{Arc, Mutex};
use std::time::Duration;

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

#[test]
fn garbage_is_left_out_and_counted() {
    let fleet = fleet(FleetLimits::default(), &["lamp"]);
    value(&fleet, "lamp", "led", "true");
    for garbage in [&b"x"[..], b"{}", b"\xff", br#"{"label":"thing","value":1}"#, br#"{"title":1}"#] {
        let id = id("lamp");
        fleet.hear(Heard::Value { id, name: "led", frame: garbage });
        fleet.hear(Heard::Thing { id, frame: garbage });
        fleet.hear(Heard::Description { id, text: garbage });
        fleet.hear(Heard::Answer { id, number: 1, frame: garbage });
    }
    value(&fleet, "lamp", "ok", "1");
    assert_eq!(fleet.counts().refused, 21);
    assert_eq!(frames(&fleet, "lamp"), [r#"{"label":"led","value":true}"#]);
    assert_eq!(fleet.find("lamp").expect("the lamp is missing").start, Some(1));
}

#[test]
fn limits_hold() {
    let mut limits = FleetLimits::default().with_devices(2);
    (limits.properties, limits.frame, limits.description) = (2, 100, 200);
    let fleet = fleet(limits, &["a", "b", "c"]);
    assert_eq!(ids(&fleet), ["a", "b"]);
    for name in ["one", "two", "three"] {
        value(&fleet, "a", name, "1");
    }
    // Known ones still change.
    value(&fleet, "a", "one", "2");
    value(&fleet, "b", "long", &format!("\"{}\"", "x".repeat(100)));
    describe(&fleet, "a", &"x".repeat(200));
    assert_eq!(frames(&fleet, "a"), [r#"{"label":"one","value":2}"#, r#"{"label":"two","value":1}"#]);
    assert_eq!(frames(&fleet, "b").len(), 0);
    assert!(fleet.description("a").is_none());
    // A device that goes makes room.
    fleet.hear(Heard::Thing { id: id("a"), frame: b"" });
    thing(&fleet, "c");
    assert_eq!(ids(&fleet), ["b", "c"]);
}

#[test]
fn memory_is_bounded_and_returned() {
    let limits = FleetLimits::default().with_bytes(2_000);
    let fleet = fleet(limits, &["a"]);
    let empty = fleet.counts().bytes;
    for number in 0..100 {
        value(&fleet, "a", &format!("p{number}"), "1");
        value(&fleet, &format!("unborn-{number}"), "p", "1");
        describe(&fleet, "a", &format!("Title {number}"));
    }
    let full = fleet.counts();
    assert!(full.bytes <= 2_000 && full.bytes > 1_800 && full.refused > 100, "{full:?}");
    for number in 0..100 {
        fleet.hear(Heard::Value { id: id("a"), name: &format!("p{number}"), frame: b"" });
    }
    for number in 0..100 {
        fleet.hear(Heard::Thing { id: id(&format!("unborn-{number}")), frame: b"" });
    }
    assert!(fleet.counts().bytes < empty + 200, "{:?}", fleet.counts());
}

/// Devices without a frame `thing` take the places of each other only.
#[tokio::test(start_paused = true)]
async fn what_is_no_device_makes_room() {
    let fleet = fleet(FleetLimits::default().with_devices(3), &["a"]);
    for number in 0..10 {
        value(&fleet, &format!("unborn-{number}"), "led", "true");
    }
    thing(&fleet, "unborn-0");
    thing(&fleet, "unborn-9");
    assert_eq!(ids(&fleet), ["a", "unborn-0", "unborn-9"]);
    assert_eq!([frames(&fleet, "unborn-0").len(), frames(&fleet, "unborn-9").len()], [0, 1]);
    // Some of the others are still there, but not for long.
    let before = fleet.counts().bytes;
    tokio::time::advance(Duration::from_secs(60)).await;
    fleet.turn();
    assert!(fleet.counts().bytes < before);
    assert_eq!(ids(&fleet), ["a", "unborn-0", "unborn-9"]);
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

/// A value that is left out is none, because the one before is wrong.
#[test]
fn value_above_a_limit_is_cleared() {
    let mut limits = FleetLimits::default();
    limits.frame = 100;
    let fleet = fleet(limits, &["a"]);
    value(&fleet, "a", "led", "true");
    let diary = Arc::new(Diary::default());
    let _following = fleet.follow("a", diary.clone());
    diary.take();
    value(&fleet, "a", "led", &format!("\"{}\"", "x".repeat(100)));
    assert_eq!(diary.take(), ["cleared led"]);
    assert_eq!(frames(&fleet, "a").len(), 0);
}

#[test]
fn frame_thing_is_short() {
    let fleet = fleet(FleetLimits::default(), &[]);
    let frame = THING.replace("0123456789abcdef", &"0".repeat(1_000));
    fleet.hear(Heard::Thing { id: id("a"), frame: frame.as_bytes() });
    assert_eq!((ids(&fleet).len(), fleet.counts().refused), (0, 1));
}

/// Descriptions that no device has take no memory from values.
#[test]
fn descriptions_that_were_replaced_are_forgotten() {
    let fleet = fleet(FleetLimits::default().with_bytes(4_000), &["a"]);
    for number in 0..200 {
        describe(&fleet, "a", &format!("{number:0500}"));
        assert_eq!(fleet.description("a").map(|known| known.title.len()), Some(500), "{number}");
    }
    value(&fleet, "a", "led", "true");
    assert_eq!(frames(&fleet, "a").len(), 1);
    fleet.hear(Heard::Thing { id: id("a"), frame: b"" });
    assert_eq!(fleet.counts().bytes, 0);
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
fn list_is_followed_by_revision() {
    let fleet = fleet(FleetLimits::default(), &["a", "b", "c"]);
    let names = |changes: &instep_gateway::Changes| -> Vec<String> {
        changes.changed.iter().map(|summary| summary.id.to_string()).collect()
    };
    let first = fleet.changes(Position::default(), 2);
    assert!(first.is_whole && names(&first) == ["a", "b"], "{first:?}");
    let second = fleet.changes(first.position, 2);
    assert!(!second.is_whole && names(&second) == ["c"], "{second:?}");
    assert_eq!(second.revision, *fleet.revisions().borrow());
    // Values are no changes of the list.
    value(&fleet, "a", "led", "true");
    assert_eq!(fleet.changes(second.position, 9).revision, second.revision);
    state(&fleet, "a", false);
    fleet.hear(Heard::Thing { id: id("b"), frame: b"" });
    let third = fleet.changes(second.position, 9);
    assert_eq!((names(&third), &third.gone[..]), (vec!["a".to_owned()], &[id("b")][..]));
    // One that is back is in both lists.
    thing(&fleet, "b");
    let fourth = fleet.changes(second.position, 9);
    assert_eq!((names(&fourth), &fourth.gone[..]), (vec!["a".to_owned(), "b".to_owned()], &[id("b")][..]));
    // A position of another gateway.
    let other = Fleet::new(FleetLimits::default());
    assert!(other.changes(fourth.position, 9).is_whole);
    let pages = [None, Some(id("a"))].map(|after| fleet.list(after.as_ref(), 2).len());
    assert_eq!(pages, [2, 2]);
}

#[test]
fn follower_of_the_list_that_has_missed_too_much_begins_anew() {
    let fleet = fleet(FleetLimits::default(), &["a"]);
    let before = fleet.changes(Position::default(), 9).position;
    for number in 0..2_000 {
        let id = id(&format!("b{number}"));
        fleet.hear(Heard::Thing { id, frame: THING.as_bytes() });
        fleet.hear(Heard::Thing { id, frame: b"" });
    }
    let changes = fleet.changes(before, 9);
    assert!(changes.is_whole && changes.changed.len() == 1 && changes.gone.is_empty(), "{changes:?}");
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

/// Returns the past values of a sensor with their ages.
fn past(fleet: &Fleet, of: &str, sensor: &str) -> Vec<(u64, Option<f64>)> {
    let mut from = 0;
    std::iter::from_fn(|| {
        let (number, past) = fleet.past(&id(of), sensor, from)?;
        from = number + 1;
        Some((past.age, past.value))
    })
    .collect()
}

fn describe_sensor(fleet: &Fleet, of: &str, title: &str) {
    let text = format!(
        r#"{{"title":"{title}","properties":{{"t":{{"instep:history":{{"points":3,"every":1000}}}},"u":{{}}}}}}"#
    );
    fleet.hear(Heard::Description { id: id(of), text: text.as_bytes() });
}

#[tokio::test(start_paused = true)]
async fn new_values_of_sensors_are_kept_for_charts() {
    let fleet = fleet(FleetLimits::default(), &["lamp"]);
    for name in ["t", "u"] {
        value(&fleet, "lamp", name, "1");
    }
    describe_sensor(&fleet, "lamp", "Lamp");
    assert_eq!(past(&fleet, "lamp", "t"), [], "the time of a stored value is unknown");
    for number in ["2", "null", "3.5", "-4e1"] {
        tokio::time::advance(Duration::from_secs(1)).await;
        value(&fleet, "lamp", "t", number);
        value(&fleet, "lamp", "u", number);
    }
    assert_eq!(past(&fleet, "lamp", "t"), [(2_000, None), (1_000, Some(3.5)), (0, Some(-40.0))]);
    for not_a_number in ["true", "\"5\"", "[]"] {
        value(&fleet, "lamp", "t", not_a_number);
    }
    assert_eq!(past(&fleet, "lamp", "t").last(), Some(&(0, Some(-40.0))));
    assert_eq!((past(&fleet, "lamp", "u"), past(&fleet, "none", "t")), (vec![], vec![]));

    // What a new connection repeats, or tells for the first time, may be old.
    fleet.close();
    fleet.hear(Heard::Opened);
    thing(&fleet, "lamp");
    tokio::time::advance(Duration::from_secs(1)).await;
    value(&fleet, "lamp", "t", "6");
    assert_eq!(past(&fleet, "lamp", "t").last(), Some(&(1_000, Some(-40.0))));
    value(&fleet, "lamp", "t", "7");
    assert_eq!(past(&fleet, "lamp", "t").last(), Some(&(0, Some(7.0))));

    // Other firmware has other sensors.
    describe_sensor(&fleet, "lamp", "Lamp 2");
    assert_eq!(past(&fleet, "lamp", "t"), []);
}

#[tokio::test(start_paused = true)]
async fn histories_are_bounded_and_leave_values_alone() {
    let limits = FleetLimits::default().with_history(150);
    let fleet = fleet(limits, &["a", "b", "c"]);
    for device in ["a", "b", "c"] {
        describe_sensor(&fleet, device, "Lamp");
        value(&fleet, device, "t", "1");
    }
    let has_history = |device| {
        value(&fleet, device, "t", "2");
        !past(&fleet, device, "t").is_empty()
    };
    let kept = ["a", "b", "c"].into_iter().filter(|device| has_history(device)).count();
    assert!((1..3).contains(&kept), "{kept} of 3 devices have a history");
    assert_eq!(frames(&fleet, "c"), [r#"{"label":"t","value":2}"#]);
    // The memory of a device that is gone is free again.
    fleet.hear(Heard::Thing { id: id("a"), frame: b"" });
    assert!(has_history("c"));
}
