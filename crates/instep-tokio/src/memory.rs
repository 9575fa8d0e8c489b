//! Memory of a server on Linux, reserved at the start.
//!
//! Pages are touched only where they are used.

use instep::driver::{Buffer, Follower, Memory, Recorder, SlotMemory};
use instep::thing::{HistoryPoint, Thing};
use instep::{App, Limits};
use instep_proto::delivery::{Feed, Ring, RingEntry, Table, TableEntry};
use instep_proto::frame::SERVER_HEADER_MAX;

/// Maximum concurrent requests to a Thing by plain HTTP.
pub(crate) const REQUESTS: usize = 16;

/// Allocates the memory of a device.
///
/// There are more slots than clients, because the slot of a closed client is free only once the application has
/// received its disconnect.
pub(crate) fn allocate(app: &App, limits: &Limits, spare: usize, followers: usize) -> Memory {
    let requests = if app.as_thing().is_some() { REQUESTS } else { 0 };
    Memory {
        backlog: app.has_backlog(),
        thing: app.as_thing(),
        history: leak(app.as_thing().map_or(0, Thing::history_points), HistoryPoint::NONE),
        recorders: leak(app.as_thing().map_or(0, Thing::history_count), Recorder::NEW),
        ..allocate_shown(app.topic_count(), limits, limits.clients + spare, requests, followers)
    }
}

/// Allocates the memory of a device that stands for one elsewhere, and so has no history of its own.
///
/// `slots` are those of clients, and `requests` those of requests by plain HTTP.
pub(crate) fn allocate_shown(
    topics: usize,
    limits: &Limits,
    slots: usize,
    requests: usize,
    followers: usize,
) -> Memory {
    let slots = slots + requests;
    let block = limits.frame + SERVER_HEADER_MAX;
    let slot =
        || SlotMemory::new(Buffer::grown(limits.message), Buffer::grown(limits.outbox), limits.replies);
    Memory {
        topics: leak(topics, TableEntry::default()),
        topic_storage: leak(block * (topics + 1), 0),
        events: leak(limits.events, RingEntry::default()),
        event_storage: leak(block * (limits.events + 1), 0),
        slots: (0..slots).map(|_| slot()).collect::<Vec<_>>().leak(),
        followers: (0..followers).map(|_| Follower::new(leak(slots, 0))).collect::<Vec<_>>().leak(),
        requests,
        backlog: false,
        thing: None,
        history: &mut [],
        recorders: &mut [],
        inbox_queue: leak(slots, 0),
        waiting_queue: leak(slots, 0),
    }
}

/// Allocates a feed with which a shard follows the device.
pub(crate) fn feed(topics: usize, limits: &Limits) -> Feed<'static> {
    let block = limits.frame + SERVER_HEADER_MAX;
    Feed::new(
        Table::new(leak(topics, TableEntry::default()), leak(block * (topics + 1), 0)),
        Ring::new(leak(limits.events, RingEntry::default()), leak(block * (limits.events + 1), 0)),
    )
}

/// Allocates `count` copies of `value` and leaks them.
///
/// Zeroed memory comes from the kernel, which commits no pages until they are written.
fn leak<T: Clone>(count: usize, value: T) -> &'static mut [T] {
    vec![value; count].leak()
}
