//! A feed that is used again for another device.

#![cfg(feature = "gateway")]

use instep_proto::delivery::{Cursor, Feed, Ring, RingEntry, Table, TableEntry};
use instep_proto::frame::Payload;

const BLOCK: usize = 32;

fn feed() -> Feed<'static> {
    let table = Table::new(vec![TableEntry::default(); 2].leak(), vec![0; 3 * BLOCK].leak());
    Feed::new(table, Ring::new(vec![RingEntry::default(); 2].leak(), vec![0; 3 * BLOCK].leak()))
}

#[test]
fn cleared_feed_follows_from_its_first_revision() {
    let (mut leader, mut follower) = (feed(), feed());
    for number in 0..5 {
        leader.publish(0, Payload::Text(&number)).unwrap();
    }
    follower.follow(&leader);
    leader.clear();
    follower.clear();
    assert!(Cursor::new(&follower).next(&follower).is_none());
    leader.publish(1, Payload::Text(&"new")).unwrap();
    follower.follow(&leader);
    assert_eq!((follower.table().latest(0), follower.table().latest(1)), (None, Some(&b"\x81\x03new"[..])));
    assert!(Cursor::new(&follower).next(&follower).is_some_and(|next| next.frame == b"\x81\x03new"));
}
