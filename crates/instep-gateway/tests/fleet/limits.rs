//! What is left out, because it is garbage or too much.

use super::*;
use std::time::Duration;

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
