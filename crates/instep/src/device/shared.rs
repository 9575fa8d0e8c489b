//! `Device`, whose state is behind one short lock.

use super::counters::Counts;
use super::error::SendError;
use super::history::Past;
use super::hold::Hold;
use super::lock::Lock;
use super::page_values::PageValueError;
use super::slot::ClientId;
use super::state::{Memory, State};
use crate::limits::Limits;
use crate::log::lines;
use crate::model::Topic;
use crate::time::Instant;
use core::fmt::{self, Display};
use core::mem;
#[cfg(feature = "std")]
use core::sync::atomic::AtomicU64;
use core::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use core::task::Waker;
#[cfg(feature = "update")]
use embassy_sync::{blocking_mutex::raw::CriticalSectionRawMutex, signal::Signal};
use instep_proto::delivery::{Feed, PublishError};
use instep_proto::frame::Payload;

/// State of the running image: not on trial.
#[cfg(feature = "update")]
pub(super) const SETTLED: u8 = 0;

/// Device that all clients follow.
///
/// The application publishes through it, and drivers connect clients to it.
///
/// Every call is short and synchronous, and can be made from any thread. Text is formatted directly into its frame while the device
/// is locked, so a [`Display`] implementation must not call the device.
pub struct Device {
    limits: Limits,
    /// The id of this start of the device, or 0 if it was not set.
    pub(super) start: AtomicU32,
    pub(super) backlog: bool,
    /// How the connection to a broker stands, as a [`Health`].
    health: AtomicU8,
    /// State of the running image ([`Device::confirm_when`]).
    #[cfg(feature = "update")]
    pub(super) image: AtomicU8,
    /// Signalled when another reason than the application's check has decided the trial.
    #[cfg(feature = "update")]
    pub(super) trial_ended: Signal<CriticalSectionRawMutex, ()>,
    /// The feed's revision, which shards compare without the lock.
    #[cfg(feature = "std")]
    revision: AtomicU64,
    state: Lock<State>,
}

/// Health of a device, as far as the health check says more than `ok`.
#[derive(Clone, Copy)]
enum Health {
    WithoutBroker,
    NotConnected,
    Connected,
}

impl Device {
    /// Creates a device in static memory.
    ///
    /// # Panics
    /// If a part of the memory is too short for the limits or the Thing, see [`Memory`], or if there are more slots than [`SlotIndex::COUNT_MAX`](crate::driver::SlotIndex::COUNT_MAX).
    pub fn new(memory: Memory, limits: Limits) -> Self {
        Self {
            limits,
            start: AtomicU32::new(0),
            backlog: memory.backlog,
            health: AtomicU8::new(Health::WithoutBroker as u8),
            #[cfg(feature = "update")]
            image: AtomicU8::new(SETTLED),
            #[cfg(feature = "update")]
            trial_ended: Signal::new(),
            #[cfg(feature = "std")]
            revision: AtomicU64::new(0),
            state: Lock::new(State::new(memory, &limits)),
        }
    }

    /// Publishes the latest message of `topic` to all clients.
    ///
    /// New clients receive it first. A slow client receives only the latest message. If the text cannot be published
    /// ([`Device::try_publish`]), the old message stays, and the reason is logged.
    pub fn publish(&self, topic: Topic, text: impl Display) {
        if let Err(error) = self.try_publish(topic, text) {
            lines::not_published(format_args!("Not published: {error}"));
        }
    }

    /// Publishes as [`Device::publish`] does, but returns the error.
    ///
    /// # Errors
    /// If there is no such topic, or the text is longer than [`Limits::frame`]. The old message stays.
    pub fn try_publish(&self, topic: Topic, text: impl Display) -> Result<(), PublishError> {
        self.with(|state| state.publish(topic.0, Payload::Text(&text)))
    }

    /// Sends an event to all connected clients, in order.
    ///
    /// An event is never replaced by a newer one. A client misses events only if it falls behind by more than
    /// [`Limits::events`]. If the text cannot be sent ([`Device::try_emit`]), the reason is logged.
    pub fn emit(&self, text: impl Display) {
        if let Err(error) = self.try_emit(text) {
            lines::not_published(format_args!("Not sent: {error}"));
        }
    }

    /// Sends an event as [`Device::emit`] does, but returns the error.
    ///
    /// # Errors
    /// If the text is longer than [`Limits::frame`], or this device keeps no events.
    pub fn try_emit(&self, text: impl Display) -> Result<(), PublishError> {
        self.with(|state| state.emit(Payload::Text(&text)))
    }

    /// Sends `text` to one client, after everything that was published before.
    ///
    /// # Errors
    /// If the client is gone, its outbox is full, or the text is longer than [`Limits::frame`].
    pub fn send(&self, client: ClientId, text: impl Display) -> Result<(), SendError> {
        self.with(|state| state.send(client, Payload::Text(&text)))
    }

    /// Sends bytes to one client, after everything that was published before.
    ///
    /// # Errors
    /// As [`Device::send`].
    pub fn send_binary(&self, client: ClientId, bytes: &[u8]) -> Result<(), SendError> {
        self.with(|state| state.send(client, Payload::Binary(bytes)))
    }

    /// Sets the value for `%NAME%` in page templates. Open pages do not receive it.
    ///
    /// `name` must be 1 to 32 ASCII letters, digits or underscores. `value` must have at most 64 bytes, and is escaped for HTML.
    /// If the value cannot be set ([`Device::try_set_page_value`]), the reason is logged.
    pub fn set_page_value(&self, name: &'static str, value: &str) {
        if let Err(error) = self.try_set_page_value(name, value) {
            lines::error(format_args!("The page value {name} is not set: {error}"));
        }
    }

    /// Sets a page value as [`Device::set_page_value`] does, but returns the error.
    ///
    /// # Errors
    /// If the name or the value is invalid, or there are 8 other values already.
    pub fn try_set_page_value(&self, name: &'static str, value: &str) -> Result<(), PageValueError> {
        // Nobody waits for a page value, so no waker is called.
        self.state.with(|state| state.page_values.set(name, value))
    }

    /// Returns the number of connected clients.
    pub fn clients(&self) -> usize {
        self.with(|state| state.taken)
    }

    /// Returns the counters since the start of the device.
    pub fn counts(&self) -> Counts {
        self.with(|state| {
            let mut counts = state.counts;
            (counts.clients, counts.revision) = (state.taken as u64, state.feed.revision());
            counts
        })
    }

    /// Returns the limits of the device.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Registers the waker of the driver with the index `follower`.
    ///
    /// The waker is called when the driver has work. For drivers.
    pub fn register(&self, follower: usize, waker: &Waker) {
        self.with(|state| state.followers[follower].register(waker));
    }

    /// Brings `feed` up to date, and calls `each` with slots that need a turn.
    ///
    /// For drivers. `follower` is the index of the driver. A slot needs a turn if its client has a reply, has room in the inbox, or
    /// has a revoked credential. Clients that are behind the feed need a turn, too, but `each` is not called for them. Values that sensors
    /// published since the last call are recorded with the time `now`.
    pub fn follow(&self, now: Instant, follower: usize, feed: &mut Feed<'_>, each: impl FnMut(usize)) {
        self.with(|state| state.follow(now, follower, feed, each));
    }

    /// Brings `feed` up to date before a request, for a driver that publishes do not always wake
    /// ([`Follower::follow_for_clients_only`](crate::driver::Follower::follow_for_clients_only)).
    ///
    /// Takes no lock if nothing is new. If the feed changes, the driver gives its open clients a turn.
    #[cfg(feature = "std")]
    pub fn catch_up(&self, feed: &mut Feed<'_>) {
        if self.revision.load(Ordering::Acquire) != feed.revision() {
            self.with(|state| feed.follow(&state.feed));
        }
    }

    /// Holds the wake-ups of the application and of the driver with the index `follower`.
    ///
    /// For a driver that polls the application in its own task: it calls this first, and then
    /// [`Device::follow_and_register`] until the application has no message, which ends the hold.
    pub fn hold(&self, follower: usize) {
        self.state.with(|state| state.held = Some(Hold { follower, application_is_due: false }));
    }

    /// Follows as [`Device::follow`] does, and registers the driver's waker, under one lock.
    ///
    /// The driver is woken by the next change. Returns whether the application has a message and its wake-up was held
    /// ([`Device::hold`]), so that the driver must poll it.
    pub fn follow_and_register(
        &self,
        now: Instant,
        follower: usize,
        waker: &Waker,
        feed: &mut Feed<'_>,
        each: impl FnMut(usize),
    ) -> bool {
        self.with(|state| {
            state.followers[follower].register(waker);
            state.follow(now, follower, feed, each);
            let Some(held) = state.held.as_mut().filter(|held| held.follower == follower) else {
                return false;
            };
            let application_is_due = mem::take(&mut held.application_is_due);
            if !application_is_due {
                state.held = None;
            }
            application_is_due
        })
    }

    /// Notes the present value of a sensor for its history, if it has one.
    ///
    /// NaN stands for an unavailable value.
    pub(crate) fn remember(&self, name: &str, value: f64) {
        #[expect(clippy::cast_possible_truncation, reason = "a chart needs no more precision")]
        let value = value as f32;
        self.with(|state| state.histories.remember(name, value));
    }

    /// Returns the past value of that number, or the oldest one kept after it.
    ///
    /// The value comes with its number.
    pub(crate) fn past(&self, interaction: usize, from: u32, now: Instant) -> Option<(u32, Past)> {
        #[cfg(feature = "gateway")]
        if let Some(elsewhere) = self.with(|state| state.past.clone()) {
            return elsewhere.past(interaction, from);
        }
        self.with(|state| state.histories.past(interaction, from, now))
    }

    /// Notes how the connection to the broker stands, for the health check.
    pub fn note_broker(&self, is_connected: bool) {
        let health = if is_connected { Health::Connected } else { Health::NotConnected };
        self.health.store(health as u8, Ordering::Relaxed);
    }

    /// Returns the details of the health check.
    pub(crate) fn health(&self) -> &'static str {
        match self.health.load(Ordering::Relaxed) {
            health if health == Health::Connected as u8 => "ok\nbroker: connected\n",
            health if health == Health::NotConnected as u8 => "ok\nbroker: not connected\n",
            _ => "ok\n",
        }
    }

    pub(super) fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        let (result, has_wakers) = self.state.with(|state| {
            let result = act(state);
            #[cfg(feature = "std")]
            self.revision.store(state.feed.revision(), Ordering::Release);
            (result, !state.wakes.is_empty())
        });
        if has_wakers {
            self.wake();
        }
        result
    }

    /// Calls the wakers after the lock is released, because the woken tasks take it first.
    // Not inlined, because each use of the lock would get a copy.
    #[inline(never)]
    fn wake(&self) {
        let wakers = self.state.with(|state| mem::take(&mut state.wakes));
        wakers.call();
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").field("limits", &self.limits).finish_non_exhaustive()
    }
}
