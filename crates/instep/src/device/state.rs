//! The state of the device, which is behind its lock.

use super::counters::Counts;
use super::error::SendError;
use super::free_slots::FreeSlots;
use super::history::{Histories, HistoryPoint, Recorder};
use super::hold::Hold;
use super::keep::Keeping;
use super::open_request::OpenRequest;
use super::page_values::PageValues;
use super::queue::SlotQueue;
use super::slot::{ClientId, InboxState, Slot};
use super::slot_index::SlotIndex;
use super::wakers::{WakerSet, register};
use crate::limits::Limits;
use crate::log::Refusals;
use crate::model::Thing;
use crate::time::Instant;
use core::task::Waker;
use instep_proto::delivery::{Feed, PublishError, Ring, RingEntry, Table, TableEntry};
use instep_proto::frame::{Payload, SERVER_HEADER_MAX};

/// Memory of a device, which never grows.
#[derive(Debug)]
pub struct Memory {
    /// One entry for each topic.
    pub topics: &'static mut [TableEntry],
    /// One block more than there are topics. A block has [`Limits::frame`] + [`SERVER_HEADER_MAX`] bytes.
    pub topic_storage: &'static mut [u8],
    /// One entry for each event that is kept, see [`Limits::events`].
    pub events: &'static mut [RingEntry],
    /// One block more than there are events.
    pub event_storage: &'static mut [u8],
    /// One slot for each client, and after them one for each of [`Memory::requests`].
    pub slots: &'static mut [Slot],
    /// One entry for each driver.
    ///
    /// A driver is a shard on Linux, or serves one network interface on a microcontroller.
    pub followers: &'static mut [Follower],
    /// The number of slots for HTTP requests to a Thing, which are the last ones. 0 if there is no Thing.
    pub requests: usize,
    /// Whether events of the Thing are numbered ([`App::has_backlog`](crate::App::has_backlog)).
    pub backlog: bool,
    /// The Thing whose sensors have histories.
    pub thing: Option<&'static Thing>,
    /// One point for each of [`Thing::history_points`].
    pub history: &'static mut [HistoryPoint],
    /// One recorder for each of [`Thing::history_count`].
    pub recorders: &'static mut [Recorder],
    /// One index for each slot.
    pub inbox_queue: &'static mut [SlotIndex],
    /// One index for each slot.
    pub waiting_queue: &'static mut [SlotIndex],
}

/// State that the device has for one driver, such as a shard: its waker and its clients.
#[derive(Debug)]
pub struct Follower {
    waker: Option<Waker>,
    pub(crate) ready: SlotQueue,
    /// The number of the driver's clients.
    pub(crate) taken: usize,
    /// The maximum number of the driver's clients.
    pub(crate) clients: usize,
    /// Whether publishes wake the driver only while it has clients.
    pub(super) for_clients_only: bool,
}

impl Follower {
    /// Creates the state for one driver. `queue` must have one number for each slot.
    pub fn new(queue: &'static mut [SlotIndex]) -> Self {
        Self {
            waker: None,
            ready: SlotQueue::new(queue),
            taken: 0,
            clients: usize::MAX,
            for_clients_only: false,
        }
    }

    /// Sets the maximum number of the driver's clients.
    ///
    /// Without this maximum, only [`Limits::clients`] counts.
    pub fn with_clients(self, clients: usize) -> Self {
        Self { clients, ..self }
    }

    /// Lets publishes wake the driver only while it has clients.
    ///
    /// Such a driver calls [`Device::catch_up`](crate::Device::catch_up) before each request. At least one driver must be woken by
    /// all publishes if sensors have a history, which gets its times from drivers.
    #[cfg(feature = "std")]
    pub fn follow_for_clients_only(&mut self) {
        self.for_clients_only = true;
    }

    pub(crate) fn register(&mut self, waker: &Waker) {
        register(&mut self.waker, waker);
    }

    pub(super) fn wake(&mut self, wakes: &mut WakerSet) {
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
    /// Past values of the device for which this one stands.
    #[cfg(feature = "gateway")]
    pub(super) past: Option<alloc::sync::Arc<dyn super::past_values::PastValues>>,
    /// The store for persistent properties, once their values are restored.
    pub(super) keeping: Option<Keeping>,
    /// The last request, whose answer may be due.
    pub(super) open_request: OpenRequest,
    pub(crate) counts: Counts,
    pub(crate) log_limit: Refusals,
    /// The number of connected clients.
    pub(crate) taken: usize,
    /// The number of the client that connected last.
    pub(crate) last_number: u32,
    /// The number of slots for HTTP requests, which are the last ones.
    pub(crate) requests: usize,
    /// The number of the last HTTP request.
    pub(crate) last_request: u32,
    pub(super) free: FreeSlots,
    pub(crate) inbox_taken: bool,
    pub(crate) inbox_waker: Option<Waker>,
    /// The driver that polls the application in its own task, while it runs.
    pub(crate) held: Option<Hold>,
    /// The wakers to be called after the lock is released.
    pub(crate) wakes: WakerSet,
    inbox: SlotQueue,
    /// The number of used places in the inbox, by messages and by reservations.
    pub(crate) inbox_used: usize,
    /// The slots that wait for a place in the inbox, in the order of their arrival.
    pub(crate) waiting: SlotQueue,
}

impl State {
    #[expect(clippy::needless_pass_by_value, reason = "it is lent for good")]
    pub(crate) fn new(memory: Memory, limits: &Limits) -> Self {
        let block = limits.frame + SERVER_HEADER_MAX;
        let slots = memory.slots.len();
        let has_blocks = |storage: &[u8], count: usize| storage.len() >= block * (count + 1);
        assert!(has_blocks(memory.topic_storage, memory.topics.len()), "topic_storage is too short");
        assert!(has_blocks(memory.event_storage, memory.events.len()), "event_storage is too short");
        let has_room = |slot: &Slot| slot.replies.has_room(limits.reply());
        assert!(memory.slots.iter().all(has_room), "an outbox is too short for one frame");
        assert!(slots <= SlotIndex::COUNT_MAX, "there are more slots than an index can name");
        assert!(memory.requests <= slots, "there are fewer slots than requests");
        let queues = [memory.inbox_queue.len(), memory.waiting_queue.len()].into_iter();
        let mut queues = queues.chain(memory.followers.iter().map(|follower| follower.ready.capacity()));
        assert!(queues.all(|length| length >= slots), "a queue is too short");
        let table = Table::new(memory.topics, memory.topic_storage);
        let ring = Ring::new(memory.events, memory.event_storage);
        let free = FreeSlots::new(memory.slots, slots - memory.requests);
        Self {
            feed: Feed::new(table, ring),
            slots: memory.slots,
            followers: memory.followers,
            page_values: PageValues::default(),
            histories: Histories::new(memory.thing, memory.history, memory.recorders),
            #[cfg(feature = "gateway")]
            past: None,
            keeping: None,
            open_request: OpenRequest::default(),
            counts: Counts::default(),
            log_limit: Refusals::default(),
            taken: 0,
            last_number: 0,
            requests: memory.requests,
            last_request: 0,
            free,
            inbox_taken: false,
            inbox_waker: None,
            held: None,
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

    pub(crate) fn emit(&mut self, payload: Payload<'_>) -> Result<(), PublishError> {
        self.feed.event(payload)?;
        self.counts.events += 1;
        self.wake_followers();
        Ok(())
    }

    pub(crate) fn send(&mut self, client: ClientId, payload: Payload<'_>) -> Result<(), SendError> {
        let slot = &mut self.slots[client.slot.get()];
        if slot.number != client.number || slot.closed {
            return Err(SendError::Gone);
        }
        let pushed = self.feed.encode(payload, |revision, frame| slot.replies.push(revision, frame));
        pushed.map_err(SendError::TooLong)?.map_err(|_| SendError::Full)?;
        self.mark_ready(client.slot);
        Ok(())
    }

    /// Brings a driver's feed up to date, and calls `each` with slots that need a turn.
    pub(crate) fn follow(
        &mut self,
        now: Instant,
        follower: usize,
        feed: &mut Feed<'_>,
        mut each: impl FnMut(usize),
    ) {
        self.histories.record(now);
        feed.follow(&self.feed);
        while let Some(slot) = self.followers[follower].ready.pop() {
            let slot = slot.get();
            self.slots[slot].is_ready = false;
            each(slot);
        }
    }

    /// Marks a slot whose client needs a turn, and wakes its driver.
    pub(crate) fn mark_ready(&mut self, slot: SlotIndex) {
        let place = &mut self.slots[slot.get()];
        let index = usize::from(place.follower);
        let follower = &mut self.followers[index];
        if !core::mem::replace(&mut place.is_ready, true) {
            follower.ready.push(slot);
        }
        if self.held.as_ref().is_none_or(|held| held.follower != index) {
            follower.wake(&mut self.wakes);
        }
    }

    /// Queues a slot that has an item for the application.
    pub(crate) fn enqueue_inbox(&mut self, slot: SlotIndex) {
        if !core::mem::replace(&mut self.slots[slot.get()].in_queue, true) {
            self.inbox.push(slot);
        }
        let Some(waker) = &self.inbox_waker else { return };
        // An application that waits with another waker, or in another task, is woken.
        let followers = &self.followers;
        let is_own = |held: &&mut Hold| {
            followers[held.follower].waker.as_ref().is_some_and(|own| own.will_wake(waker))
        };
        if let Some(held) = self.held.as_mut().filter(is_own) {
            held.application_is_due = true;
        } else if let Some(waker) = self.inbox_waker.take() {
            self.wakes.add(waker);
        }
    }

    /// Returns whether a slot may have an item for the application.
    pub(crate) fn has_inbox_item(&self) -> bool {
        !self.inbox.is_empty()
    }

    /// Takes the next slot with an item for the application.
    ///
    /// A message whose reply has no room is skipped. That can happen, because the application may have answered the message before
    /// after this one was accepted.
    pub(crate) fn pop_inbox(&mut self, limits: &Limits) -> Option<SlotIndex> {
        loop {
            let slot = self.inbox.pop()?;
            let place = &mut self.slots[slot.get()];
            place.in_queue = false;
            let InboxState::Queued(kind) = place.inbox else { return Some(slot) };
            if place.opened || place.replies.has_room(limits.reply()) {
                return Some(slot);
            }
            // Its place in the inbox is more useful to other clients.
            place.inbox = InboxState::AwaitingReplyRoom(kind);
            self.inbox_used -= 1;
            self.reserve_free_slots(limits.inbox);
        }
    }

    /// Queues a message that waited for room for its reply, if there is room.
    pub(crate) fn resume_awaiting(&mut self, slot: SlotIndex, limits: &Limits) {
        let place = &mut self.slots[slot.get()];
        if let InboxState::AwaitingReplyRoom(kind) = place.inbox
            && place.replies.has_room(limits.reply())
        {
            place.inbox = InboxState::Queued(kind);
            // The inbox may have more messages than places for a while.
            self.inbox_used += 1;
            self.enqueue_inbox(slot);
        }
    }

    /// Reserves free places in the inbox for waiting clients, in FIFO order.
    ///
    /// Each of these clients gets a turn. Later arrivals queue behind them.
    pub(crate) fn reserve_free_slots(&mut self, inbox: usize) {
        while self.inbox_used < inbox
            && let Some(slot) = self.waiting.pop()
        {
            self.slots[slot.get()].inbox = InboxState::Reserved;
            self.inbox_used += 1;
            self.mark_ready(slot);
        }
    }

    /// Passes the reserved place of a slot to the longest-waiting client.
    pub(crate) fn yield_reservation(&mut self, slot: SlotIndex, inbox: usize) {
        let place = &mut self.slots[slot.get()];
        if place.inbox == InboxState::Reserved {
            place.inbox = InboxState::Idle;
            self.inbox_used -= 1;
            self.reserve_free_slots(inbox);
        }
    }

    /// Forgets everything but the numbers of clients and requests, which identify one forever.
    #[cfg(feature = "gateway")]
    pub(super) fn recycle(&mut self) {
        self.feed.clear();
        while self.inbox.pop().is_some() {}
        while self.waiting.pop().is_some() {}
        for follower in self.followers.iter_mut() {
            (follower.waker, follower.taken) = (None, 0);
            while follower.ready.pop().is_some() {}
        }
        for slot in self.slots.iter_mut() {
            slot.inbox = InboxState::Idle;
            slot.free();
            (slot.in_queue, slot.is_ready) = (false, false);
        }
        self.free = FreeSlots::new(self.slots, self.slots.len() - self.requests);
        self.page_values = PageValues::default();
        (self.held, self.past) = (None, None);
        (self.taken, self.inbox_used, self.inbox_taken, self.inbox_waker) = (0, 0, false, None);
        self.counts = Counts::default();
    }

    pub(super) fn wake_followers(&mut self) {
        let held = self.held.as_ref().map(|held| held.follower);
        for (index, follower) in self.followers.iter_mut().enumerate() {
            let is_concerned = follower.taken > 0 || !follower.for_clients_only;
            if is_concerned && held != Some(index) {
                follower.wake(&mut self.wakes);
            }
        }
    }
}
