//! The memory of a server on Linux: set aside at the start, and touched only where it is used.

use instep::driver::{Buffer, Follower, Memory, Recorder, SlotMemory};
use instep::thing::{HistoryPoint, Thing};
use instep::{App, Limits};
use instep_proto::delivery::{Feed, Ring, RingEntry, Table, TableEntry};
use instep_proto::frame::SERVER_HEADER_MAX;

/// Requests to a Thing by plain HTTP that the application may be asked at once.
const REQUESTS: usize = 16;

/// The memory of a device. There are a few more slots than clients, because the slot of a client that is gone
/// is free only once the application has been told.
pub(crate) fn allocate(app: &App, limits: &Limits, spare: usize, followers: usize) -> Memory {
    let requests = if app.as_thing().is_some() { REQUESTS } else { 0 };
    let slots = limits.clients + spare + requests;
    let block = limits.frame + SERVER_HEADER_MAX;
    let slot =
        || SlotMemory::new(Buffer::grown(limits.message), Buffer::grown(limits.outbox), limits.replies);
    Memory {
        topics: leak(app.topic_count(), TableEntry::default()),
        topic_storage: leak(block * (app.topic_count() + 1), 0),
        events: leak(limits.events, RingEntry::default()),
        event_storage: leak(block * (limits.events + 1), 0),
        slots: (0..slots).map(|_| slot()).collect::<Vec<_>>().leak(),
        followers: (0..followers).map(|_| Follower::new(leak(slots, 0))).collect::<Vec<_>>().leak(),
        requests,
        backlog: app.has_backlog(),
        thing: app.as_thing(),
        history: leak(app.as_thing().map_or(0, Thing::history_points), HistoryPoint::NONE),
        recorders: leak(app.as_thing().map_or(0, Thing::history_count), Recorder::NEW),
        inbox_queue: leak(slots, 0),
        waiting_queue: leak(slots, 0),
    }
}

/// A feed for a shard to follow the device with.
pub(crate) fn feed(app: &App, limits: &Limits) -> Feed<'static> {
    let block = limits.frame + SERVER_HEADER_MAX;
    let topics = app.topic_count();
    Feed::new(
        Table::new(leak(topics, TableEntry::default()), leak(block * (topics + 1), 0)),
        Ring::new(leak(limits.events, RingEntry::default()), leak(block * (limits.events + 1), 0)),
    )
}

/// Zeroed bytes come from the kernel, which gives no memory for what is never written.
fn leak<T: Clone>(count: usize, value: T) -> &'static mut [T] {
    vec![value; count].leak()
}
