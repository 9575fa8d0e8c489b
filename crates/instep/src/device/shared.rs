//! The device, whose state is behind one short lock.

use super::counters::Counts;
use super::error::SendError;
use super::history::Past;
use super::page_values::PageValueError;
use super::slot::ClientId;
use super::state::{Memory, State};
use crate::limits::Limits;
use crate::log::NOT_PUBLISHED;
use crate::model::Topic;
use crate::time::Instant;
use core::cell::RefCell;
use core::fmt::{self, Display};
use core::sync::atomic::AtomicU32;
use core::task::Waker;
use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use instep_proto::delivery::{Feed, PublishError};
use instep_proto::frame::Payload;

/// The device that all clients follow. The application publishes through it; drivers connect clients to it.
///
/// Every call is short and synchronous, and may be made from any thread. Text is displayed straight into its
/// frame while the device is locked: a [`Display`] of your own must not call the device.
pub struct Device {
    limits: Limits,
    /// Which start of the device this is; 0: nobody said.
    pub(super) start: AtomicU32,
    pub(super) backlog: bool,
    state: Mutex<CriticalSectionRawMutex, RefCell<State>>,
}

impl Device {
    /// A device in lent memory.
    ///
    /// # Panics
    /// If the memory does not fit the limits: blocks too short for [`Limits::frame`], an outbox that could
    /// not hold one frame, or more than 65,535 slots.
    pub fn new(memory: Memory, limits: Limits) -> Self {
        Self {
            limits,
            start: AtomicU32::new(0),
            backlog: memory.backlog,
            state: Mutex::new(RefCell::new(State::new(memory, &limits))),
        }
    }

    /// Makes `text` the latest message of `topic`: every client gets it, and whoever connects later gets it
    /// first. A client that is slow gets the latest only.
    ///
    /// If it cannot be published (see [`Device::try_publish`]), the old message stays and the log says why.
    pub fn publish(&self, topic: Topic, text: impl Display) {
        if let Err(error) = self.try_publish(topic, text) {
            log::error!(target: NOT_PUBLISHED, "Not published: {error}");
        }
    }

    /// As [`Device::publish`], for who wants to know.
    ///
    /// # Errors
    /// If there is no such topic, or the text is longer than [`Limits::frame`]. The old message stays.
    pub fn try_publish(&self, topic: Topic, text: impl Display) -> Result<(), PublishError> {
        self.with(|state| state.publish(topic.0, Payload::Text(&text)))
    }

    /// Sends `text` to every client that is connected now, once, in order, and never replaced by a newer one.
    /// Only a client that falls behind by more than [`Limits::events`] misses any.
    ///
    /// If it cannot be sent (see [`Device::try_emit`]), the log says why.
    pub fn emit(&self, text: impl Display) {
        if let Err(error) = self.try_emit(text) {
            log::error!(target: NOT_PUBLISHED, "Not sent: {error}");
        }
    }

    /// As [`Device::emit`], for who wants to know.
    ///
    /// # Errors
    /// If the text is longer than [`Limits::frame`], or this device keeps no events.
    pub fn try_emit(&self, text: impl Display) -> Result<(), PublishError> {
        self.with(|state| state.emit(Payload::Text(&text)))
    }

    /// Sends `text` to one client, after all that was published before.
    ///
    /// # Errors
    /// If the client is gone, its outbox is full, or the text is longer than [`Limits::frame`].
    pub fn send(&self, client: ClientId, text: impl Display) -> Result<(), SendError> {
        self.with(|state| state.send(client, Payload::Text(&text)))
    }

    /// Sends bytes to one client, after all that was published before.
    ///
    /// # Errors
    /// As [`Device::send`].
    pub fn send_binary(&self, client: ClientId, bytes: &[u8]) -> Result<(), SendError> {
        self.with(|state| state.send(client, Payload::Binary(bytes)))
    }

    /// Sets the value that stands for `%NAME%` in pages that are templates. It is never sent to clients by
    /// itself. `name` has 1 to 32 letters, digits or underscores; `value` at most 64 bytes, and whatever it
    /// holds cannot become markup.
    ///
    /// If it cannot be set (see [`Device::try_set_page_value`]), the log says why.
    pub fn set_page_value(&self, name: &'static str, value: &str) {
        if let Err(error) = self.try_set_page_value(name, value) {
            log::error!("The page value {name} is not set: {error}");
        }
    }

    /// As [`Device::set_page_value`], for who wants to know.
    ///
    /// # Errors
    /// If the name or the value is not as described there, or there are 8 values already.
    pub fn try_set_page_value(&self, name: &'static str, value: &str) -> Result<(), PageValueError> {
        self.with(|state| state.page_values.set(name, value))
    }

    /// How many clients are connected.
    pub fn clients(&self) -> usize {
        self.with(|state| state.taken)
    }

    /// What happened since the device started.
    pub fn counts(&self) -> Counts {
        self.with(|state| {
            let mut counts = state.counts;
            (counts.clients, counts.revision) = (state.taken as u64, state.feed.revision());
            counts
        })
    }

    /// The limits of this device.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// For a driver: asks to be woken when the follower has something to do.
    pub fn register(&self, follower: usize, waker: &Waker) {
        self.with(|state| state.followers[follower].register(waker));
    }

    /// For a driver: brings `feed` up to date, and hands to `each` the slots of this follower's clients that
    /// are to have a turn whatever the feed says: there is a reply, or room in the inbox. What sensors said since anybody
    /// called this, they said `now`.
    pub fn follow(&self, now: Instant, follower: usize, feed: &mut Feed<'_>, mut each: impl FnMut(usize)) {
        self.with(|state| {
            state.histories.record(now);
            feed.follow(&state.feed);
            while let Some(slot) = state.followers[follower].pop_ready() {
                let slot = usize::from(slot);
                state.slots[slot].is_ready = false;
                each(slot);
            }
        });
    }

    /// The sensor of that name has this value now; NaN: it is unavailable. What has no history is not remembered.
    pub(crate) fn remember(&self, name: &str, value: f64) {
        #[expect(clippy::cast_possible_truncation, reason = "a chart shows no more")]
        let value = value as f32;
        self.with(|state| state.histories.remember(name, value));
    }

    /// The value of that number, from 0, that the sensor had, or the oldest one after it that is still there.
    pub(crate) fn past(&self, interaction: usize, from: u32, now: Instant) -> Option<(u32, Past)> {
        self.with(|state| state.histories.past(interaction, from, now))
    }

    pub(super) fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        let (result, wakes) = self.state.lock(|state| {
            let state = &mut *state.borrow_mut();
            (act(state), state.wakes.take())
        });
        if let Some(wakes) = wakes {
            wakes.call();
        }
        result
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").field("limits", &self.limits).finish_non_exhaustive()
    }
}
