//! Past values of sensors, for charts.

use super::*;
use std::time::Duration;

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
