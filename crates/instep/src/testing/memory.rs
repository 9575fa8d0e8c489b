//! Memory of a device under test, which is leaked.

use crate::app::App;
use crate::buffer::Buffer;
use crate::device::{Device, Follower, HistoryPoint, Memory, Recorder, SlotIndex, SlotMemory};
use crate::limits::Limits;
use crate::model::Thing;
use instep_proto::delivery::{Feed, Ring, RingEntry, Table, TableEntry};
use instep_proto::frame::SERVER_HEADER_MAX;

/// Maximum concurrent requests to a Thing by plain HTTP.
const REQUESTS: usize = 2;

/// Creates a device with one follower.
pub(super) fn device(app: &App, limits: Limits) -> Device {
    let topics = app.topic_count();
    let block = limits.frame + SERVER_HEADER_MAX;
    let requests = if app.as_thing().is_some() { REQUESTS } else { 0 };
    let places = limits.clients + requests;
    let slot =
        || SlotMemory::new(Buffer::grown(limits.message), Buffer::grown(limits.outbox), limits.replies);
    let memory = Memory {
        topics: leak(topics, TableEntry::default()),
        topic_storage: leak(block * (topics + 1), 0),
        events: leak(limits.events, RingEntry::default()),
        event_storage: leak(block * (limits.events + 1), 0),
        slots: (0..places).map(|_| slot()).collect::<Vec<_>>().leak(),
        followers: vec![Follower::new(leak(places, SlotIndex::FIRST))].leak(),
        requests,
        backlog: app.has_backlog(),
        thing: app.as_thing(),
        history: leak(app.as_thing().map_or(0, Thing::history_points), HistoryPoint::NONE),
        recorders: leak(app.as_thing().map_or(0, Thing::history_count), Recorder::NEW),
        inbox_queue: leak(places, SlotIndex::FIRST),
        waiting_queue: leak(places, SlotIndex::FIRST),
    };
    Device::new(memory, limits)
}

/// Creates the feed with which the connections follow the device.
pub(super) fn feed(app: &App, limits: &Limits) -> Feed<'static> {
    let (topics, block) = (app.topic_count(), limits.frame + SERVER_HEADER_MAX);
    Feed::new(
        Table::new(leak(topics, TableEntry::default()), leak(block * (topics + 1), 0)),
        Ring::new(leak(limits.events, RingEntry::default()), leak(block * (limits.events + 1), 0)),
    )
}

fn leak<T: Clone>(count: usize, value: T) -> &'static mut [T] {
    vec![value; count].leak()
}
