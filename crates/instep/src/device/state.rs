//! What is behind the device's lock.

use super::counters::Counts;
use super::error::SendError;
use super::history::{Histories, HistoryPoint, Recorder};
use super::keep::Keeping;
use super::page_values::PageValues;
use super::queue::SlotQueue;
use super::slot::{ClientId, InboxState, Slot};
use super::wakers::WakerSet;
use crate::limits::Limits;
use crate::log::Refusals;
use crate::model::Thing;
use core::task::Waker;
use instep_proto::delivery::{Feed, PublishError, Ring, RingEntry, Table, TableEntry};
use instep_proto::frame::{Payload, SERVER_HEADER_MAX};

/// The memory of a device, lent for good: nothing of it grows.
#[derive(Debug)]
pub struct Memory {
    /// One for each topic.
    pub topics: &'static mut [TableEntry],
    /// One block more than there are topics; a block is [`Limits::frame`] + [`SERVER_HEADER_MAX`] bytes.
    pub topic_storage: &'static mut [u8],
    /// One for each event that is kept.
    pub events: &'static mut [RingEntry],
    /// One block more than there are events.
    pub event_storage: &'static mut [u8],
    /// One for each client, and behind them [`Memory::requests`].
    pub slots: &'static mut [Slot],
    /// One for each driver that follows: a shard on Linux, a network interface on a device.
    pub followers: &'static mut [Follower],
    /// How many of the slots, the last ones, are for requests to a Thing by plain HTTP, and not for clients. 0: there is no
    /// Thing.
    pub requests: usize,
    /// Events of the Thing are numbered ([`App::has_backlog`](crate::App::has_backlog)).
    pub backlog: bool,
    /// Whose sensors are remembered.
    pub thing: Option<&'static Thing>,
    /// As many as [`Thing::history_points`] says.
    pub history: &'static mut [HistoryPoint],
    /// As many as [`Thing::history_count`] says.
    pub recorders: &'static mut [Recorder],
    /// As long as there are slots.
    pub inbox_queue: &'static mut [u16],
    /// As long as there are slots.
    pub waiting_queue: &'static mut [u16],
}

/// What the device knows of a driver that follows it.
#[derive(Debug)]
pub struct Follower {
    waker: Option<Waker>,
    pub(crate) ready: SlotQueue,
    /// Clients that it has.
    pub(crate) taken: usize,
    /// Clients that it has room for.
    pub(crate) clients: usize,
}

impl Follower {
    /// A follower; `queue` is as long as there are slots.
    pub fn new(queue: &'static mut [u16]) -> Self {
        Self { waker: None, ready: SlotQueue::new(queue), taken: 0, clients: usize::MAX }
    }

    /// The same with room for so many clients of its own. Without this, only [`Limits::clients`] counts.
    pub fn with_clients(self, clients: usize) -> Self {
        Self { clients, ..self }
    }

    pub(crate) fn register(&mut self, waker: &Waker) {
        match &mut self.waker {
            Some(old) => old.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }

    pub(crate) fn pop_ready(&mut self) -> Option<u16> {
        self.ready.pop()
    }

    fn wake(&mut self, wakes: &mut WakerSet) {
        if let Some(waker) = self.waker.take() {
            wakes.add(waker);
        }
    }
}

pub(crate) struct State {
    pub(crate) feed: Feed<'static>,
    pub(crate) slots: &'static mut [Slot],
    pub(crate) followers: &'static mut [Follower],
    pub(crate) page_values: PageValues,
    pub(crate) histories: Histories,
    /// Where properties are kept, as soon as what was kept has been restored.
    pub(super) keeping: Option<Keeping>,
    pub(crate) counts: Counts,
    pub(crate) log_limit: Refusals,
    /// Clients that are connected.
    pub(crate) taken: usize,
    /// The number of the client that connected last.
    pub(crate) last_number: u32,
    /// How many slots, the last ones, are for requests by plain HTTP.
    pub(crate) requests: usize,
    /// The number of the last of them.
    pub(crate) last_request: u32,
    /// Where to look for a free slot first.
    pub(crate) search_from: usize,
    pub(crate) inbox_taken: bool,
    pub(crate) inbox_waker: Option<Waker>,
    /// Who is to be woken when the lock is free again.
    pub(crate) wakes: WakerSet,
    inbox: SlotQueue,
    /// Places in the inbox that are taken: by messages, and for those for whom one is kept.
    pub(crate) inbox_used: usize,
    /// Slots that were refused because the inbox was full, in the order in which they came.
    pub(crate) waiting: SlotQueue,
}

impl State {
    #[expect(clippy::needless_pass_by_value, reason = "it is lent for good")]
    pub(crate) fn new(memory: Memory, limits: &Limits) -> Self {
        let block = limits.frame + SERVER_HEADER_MAX;
        let slots = memory.slots.len();
        assert!(
            memory.topic_storage.len() >= block * (memory.topics.len() + 1),
            "topic_storage is too short"
        );
        assert!(
            memory.event_storage.len() >= block * (memory.events.len() + 1),
            "event_storage is too short"
        );
        assert!(
            memory.slots.iter().all(|slot| slot.replies.has_room(limits.reply())),
            "an outbox is too short for one frame"
        );
        assert!(u16::try_from(slots).is_ok(), "there are at most 65,535 slots");
        assert!(memory.requests <= slots, "there are fewer slots than requests");
        assert!(
            memory.inbox_queue.len() >= slots && memory.waiting_queue.len() >= slots,
            "a queue is too short"
        );
        assert!(
            memory.followers.iter().all(|follower| follower.ready.capacity() >= slots),
            "a queue is too short"
        );
        let table = Table::new(memory.topics, memory.topic_storage);
        let ring = Ring::new(memory.events, memory.event_storage);
        Self {
            feed: Feed::new(table, ring),
            slots: memory.slots,
            followers: memory.followers,
            page_values: PageValues::default(),
            histories: Histories::new(memory.thing, memory.history, memory.recorders),
            keeping: None,
            counts: Counts::default(),
            log_limit: Refusals::default(),
            taken: 0,
            last_number: 0,
            requests: memory.requests,
            last_request: 0,
            search_from: 0,
            inbox_taken: false,
            inbox_waker: None,
            wakes: WakerSet::default(),
            inbox: SlotQueue::new(memory.inbox_queue),
            inbox_used: 0,
            waiting: SlotQueue::new(memory.waiting_queue),
        }
    }

    pub(crate) fn publish(&mut self, topic: usize, payload: Payload<'_>) -> Result<(), PublishError> {
        self.feed.publish(topic, payload)?;
        self.counts.publishes += 1;
        self.wake_followers();
        Ok(())
    }

    /// The number of the event that comes next, from 0 on.
    pub(crate) fn next_event(&self) -> u64 {
        self.feed.ring().next()
    }

    pub(crate) fn event(&mut self, payload: Payload<'_>) -> Result<(), PublishError> {
        self.feed.event(payload)?;
        self.counts.events += 1;
        self.wake_followers();
        Ok(())
    }

    pub(crate) fn send(&mut self, client: ClientId, payload: Payload<'_>) -> Result<(), SendError> {
        let slot = &mut self.slots[usize::from(client.slot)];
        if slot.number != client.number || slot.closed {
            return Err(SendError::Gone);
        }
        let pushed = self.feed.encode(payload, |revision, frame| slot.replies.push(revision, frame));
        pushed.map_err(SendError::TooLong)?.map_err(|_| SendError::Full)?;
        self.mark_ready(client.slot);
        Ok(())
    }

    /// The slot's client is to have a turn.
    pub(crate) fn mark_ready(&mut self, slot: u16) {
        let place = &mut self.slots[usize::from(slot)];
        let follower = &mut self.followers[usize::from(place.follower)];
        if !core::mem::replace(&mut place.is_ready, true) {
            follower.ready.push(slot);
        }
        follower.wake(&mut self.wakes);
    }

    /// The application is to be told of the slot.
    pub(crate) fn enqueue_inbox(&mut self, slot: u16) {
        if !core::mem::replace(&mut self.slots[usize::from(slot)].in_queue, true) {
            self.inbox.push(slot);
        }
        if let Some(waker) = self.inbox_waker.take() {
            self.wakes.add(waker);
        }
    }

    /// The next slot of which the application is to be told. A message whose reply has no room is passed over: the
    /// application may have answered the one before it after this one was taken.
    pub(crate) fn pop_inbox(&mut self, limits: &Limits) -> Option<u16> {
        loop {
            let slot = self.inbox.pop()?;
            let place = &mut self.slots[usize::from(slot)];
            place.in_queue = false;
            let InboxState::Queued(kind) = place.inbox else { return Some(slot) };
            if place.opened || place.replies.has_room(limits.reply()) {
                return Some(slot);
            }
            // Its place is of more use to others.
            place.inbox = InboxState::AwaitingReplyRoom(kind);
            self.inbox_used -= 1;
            self.reserve_free_slots(limits.inbox);
        }
    }

    /// A reply is gone: if a message waits for its room, the application is to be told of it.
    pub(crate) fn resume_awaiting(&mut self, slot: u16, limits: &Limits) {
        let place = &mut self.slots[usize::from(slot)];
        if let InboxState::AwaitingReplyRoom(kind) = place.inbox
            && place.replies.has_room(limits.reply())
        {
            place.inbox = InboxState::Queued(kind);
            // There may be more of them than the inbox has places, for a while.
            self.inbox_used += 1;
            self.enqueue_inbox(slot);
        }
    }

    /// Keeps the places that are free for those who wait longest, and gives them a turn. Whoever comes meanwhile,
    /// however often, queues behind them.
    pub(crate) fn reserve_free_slots(&mut self, inbox: usize) {
        while self.inbox_used < inbox
            && let Some(slot) = self.waiting.pop()
        {
            self.slots[usize::from(slot)].inbox = InboxState::Reserved;
            self.inbox_used += 1;
            self.mark_ready(slot);
        }
    }

    /// Passes the place that is kept for a slot, if there is one, to whoever waits longest.
    pub(crate) fn yield_reservation(&mut self, slot: u16, inbox: usize) {
        let place = &mut self.slots[usize::from(slot)];
        if place.inbox == InboxState::Reserved {
            place.inbox = InboxState::Idle;
            self.inbox_used -= 1;
            self.reserve_free_slots(inbox);
        }
    }

    fn wake_followers(&mut self) {
        for follower in self.followers.iter_mut() {
            follower.wake(&mut self.wakes);
        }
    }
}
