//! A device behind the server, as one shard follows it for its clients.

use crate::devices::{Devices, Found, ShownDevice};
use instep::driver::{Entry, Feed, Mounts, Stage};
use instep::{Device, Instant};
use std::cell::{Cell, Ref, RefCell};
use std::num::NonZeroU32;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;

/// Device behind the server that clients of this shard are connected to.
pub(crate) struct Mount {
    /// Key of the mount within its shard.
    pub(crate) key: usize,
    pub(crate) shown: Arc<dyn ShownDevice>,
    /// Present until the mount is dropped.
    feed: RefCell<Option<Feed<'static>>>,
    /// Key of the connection of each slot.
    slots: RefCell<Vec<(u32, usize)>>,
    /// Keys of the connections.
    connections: RefCell<Vec<usize>>,
    /// Puts the mount on the shard's list of mounts with news.
    waker: Waker,
}

/// What the device had for its clients.
#[derive(Default)]
pub(crate) struct News {
    /// Connections whose slots need a turn.
    pub(crate) notified: Vec<usize>,
    /// Whether there is a new frame for all connections.
    pub(crate) published: bool,
}

impl Mount {
    /// Begins to follow a device. Returns `None` if it has no feed to lend.
    pub(crate) fn new(
        key: usize,
        shown: Arc<dyn ShownDevice>,
        waker: Waker,
        follower: usize,
        now: Instant,
    ) -> Option<Rc<Self>> {
        let feed = RefCell::new(Some(shown.take_feed()?));
        let (slots, connections) = (RefCell::default(), RefCell::default());
        let mount = Rc::new(Self { key, shown, feed, slots, connections, waker });
        mount.follow(follower, now);
        Some(mount)
    }

    /// Returns whether this is the mount of that device.
    pub(crate) fn is_of(&self, shown: &Arc<dyn ShownDevice>) -> bool {
        std::ptr::addr_eq(Arc::as_ptr(&self.shown), Arc::as_ptr(shown))
    }

    pub(crate) fn feed(&self) -> Option<Ref<'_, Feed<'static>>> {
        Ref::filter_map(self.feed.borrow(), Option::as_ref).ok()
    }

    /// Adds a connection.
    pub(crate) fn add(&self, connection: usize) {
        self.connections.borrow_mut().push(connection);
    }

    /// Removes a connection. Returns whether it was the last one.
    pub(crate) fn remove(&self, connection: usize) -> bool {
        let mut connections = self.connections.borrow_mut();
        if let Some(index) = connections.iter().position(|key| *key == connection) {
            connections.swap_remove(index);
        }
        connections.is_empty()
    }

    /// Returns the keys of the connections, which may change while these get their turns.
    pub(crate) fn connections(&self) -> Vec<usize> {
        self.connections.borrow().clone()
    }

    /// Records the connection of a slot; `None` for a slot without one.
    pub(crate) fn assign(&self, slot: u32, key: Option<usize>) {
        let mut slots = self.slots.borrow_mut();
        let place = slots.binary_search_by_key(&slot, |(slot, _)| *slot);
        match (place, key) {
            (Ok(index), Some(key)) => slots[index].1 = key,
            (Ok(index), None) => drop(slots.remove(index)),
            (Err(index), Some(key)) => slots.insert(index, (slot, key)),
            (Err(_), None) => {}
        }
    }

    /// Brings the feed up to date, and returns what the clients need a turn for.
    pub(crate) fn follow(&self, follower: usize, now: Instant) -> News {
        let mut news = News::default();
        let device = self.shown.device();
        device.register(follower, &self.waker);
        let mut feed = self.feed.borrow_mut();
        let Some(feed) = feed.as_mut() else { return news };
        let before = feed.revision();
        let slots = self.slots.borrow();
        device.follow(now, follower, feed, |slot| {
            let found = slots.binary_search_by_key(&slot, |(slot, _)| *slot as usize);
            news.notified.extend(found.ok().map(|index| slots[index].1));
        });
        news.published = feed.revision() != before;
        news
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if let Some(feed) = self.feed.take() {
            self.shown.return_feed(feed);
        }
    }
}

/// The devices of the server, as a turn of one connection sees them.
#[derive(Debug)]
pub(crate) struct Switch<'a> {
    pub(crate) devices: &'static dyn Devices,
    /// The server's own device.
    pub(crate) own: &'static Device,
    /// The number of clients of all devices, and its maximum.
    pub(crate) open: &'static AtomicUsize,
    pub(crate) places: usize,
    /// Whether the client has taken a place in this turn.
    pub(crate) has_place: Cell<bool>,
    /// The device in whose context the turn is, and its part of the path.
    pub(crate) current: Option<(&'a Arc<dyn ShownDevice>, &'a str)>,
    /// The context of the next request.
    pub(crate) next: RefCell<Option<Next>>,
}

/// Returns whether a path is that of a device, or below it.
fn is_below(path: &str, own: &str) -> bool {
    path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Context of a request.
#[derive(Debug)]
pub(crate) enum Next {
    Server,
    Device(Arc<dyn ShownDevice>, Box<str>),
}

impl Mounts for Switch<'_> {
    fn enter(&self, path: &str, stage: Stage) -> Entry {
        if let (Stage::Waiting, Some((_, own))) = (stage, self.current) {
            return Entry::Here(own.len());
        }
        if stage == Stage::Unknown {
            // No memory is taken for a sender that may be anybody.
            return match self.current {
                None => Entry::Here(0),
                Some((shown, own)) if is_below(path, own) && !shown.is_over() => Entry::Here(own.len()),
                Some(_) => {
                    self.next.replace(Some(Next::Server));
                    Entry::Elsewhere
                }
            };
        }
        let next = match (self.devices.find(path), self.current) {
            (Found::Server, None) => return Entry::Here(0),
            (Found::Absent(absence), None) => return Entry::Absent(absence),
            (Found::Server | Found::Absent(_), Some(_)) => Next::Server,
            (Found::Device { length, device }, Some((current, _)))
                if std::ptr::addr_eq(Arc::as_ptr(current), Arc::as_ptr(&device)) =>
            {
                return Entry::Here(length);
            }
            (Found::Device { length, device }, _) => {
                Next::Device(device, path.get(..length).unwrap_or_default().into())
            }
        };
        self.next.replace(Some(next));
        Entry::Elsewhere
    }

    fn places_taken(&self) -> Option<usize> {
        (self.open.load(Ordering::Relaxed) >= self.places).then_some(self.places)
    }

    fn take_place(&self) -> Result<(), usize> {
        let more = |open: usize| Some(open + 1).filter(|open| *open <= self.places);
        self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).map_err(|_| self.places)?;
        self.has_place.set(true);
        Ok(())
    }

    fn leave_place(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        self.has_place.set(false);
    }

    fn session_in_use(&self, session: NonZeroU32) -> bool {
        let mut is_used = self.own.uses_session(session);
        self.devices.each(&mut |device| is_used |= device.uses_session(session));
        is_used
    }

    fn revoke(&self, session: Option<NonZeroU32>) {
        self.own.revoke_session(session);
        self.devices.each(&mut |device| device.revoke_session(session));
    }
}
