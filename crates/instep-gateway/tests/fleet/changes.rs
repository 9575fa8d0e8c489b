//! Changes of the list of devices.

use super::*;
use instep_gateway::{Changes, Position};

#[test]
fn list_is_followed_by_revision() {
    let fleet = fleet(FleetLimits::default(), &["a", "b", "c"]);
    let names = |changes: &Changes| -> Vec<String> {
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
