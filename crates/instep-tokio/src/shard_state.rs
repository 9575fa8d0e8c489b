//! State that the connections of a shard share.

use crate::clock;
use crate::date;
use crate::deadlines::{Deadlines, Tick};
use crate::deflate::Deflate;
use crate::devices::ShownDevice;
use crate::metrics::ShardMeter;
use crate::mount::Mount;
use crate::ready::Ready;
use crate::server::{NOT_HERE, Server};
use instep::Instant;
use instep::driver::{Compression, TurnContext};
use instep::update::FirmwareRoute;
use instep_proto::delivery::{Feed, SendWindow};
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::Notify;

/// Entry of [`ShardState::by_slot`] for a slot without a connection.
pub(crate) const NO_CONNECTION: u32 = u32::MAX;

/// State that the connections of a shard share.
pub(crate) struct ShardState {
    pub(crate) server: Server,
    pub(crate) follower: usize,
    pub(crate) epoch: tokio::time::Instant,
    pub(crate) buffers: RefCell<Buffers>,
    /// Key of the connection of each device slot, or [`NO_CONNECTION`].
    pub(crate) by_slot: RefCell<Vec<u32>>,
    /// When each connection needs a turn without an event.
    pub(crate) deadlines: RefCell<Deadlines>,
    /// Notified when the next deadline becomes earlier, or a connection has ended.
    pub(crate) earlier: Notify,
    /// Whether the feed got new frames before a request, for which open clients need a turn.
    pub(crate) caught_up: Cell<bool>,
    pub(crate) deflate: Option<Deflate>,
    /// Number of clients that follow the compressed feed.
    pub(crate) compressing: Cell<usize>,
    /// Devices behind the server that clients of this shard are connected to.
    pub(crate) mounts: RefCell<Slab<Rc<Mount>>>,
    /// Mounts whose devices have something new.
    pub(crate) ready_mounts: Ready,
    /// Connections to serve next.
    pub(crate) ready: Ready,
}

/// Buffers that are lent to one connection at a time.
pub(crate) struct Buffers {
    pub(crate) feeds: Feeds,
    pub(crate) scratch: Vec<u8>,
    /// Buffer for unconsumed input and the bytes read after it.
    pub(crate) input: Vec<u8>,
    /// Buffer for TLS records, of the length of a read.
    pub(crate) records: Vec<u8>,
}

/// Feeds that the clients of a shard follow.
pub(crate) struct Feeds {
    pub(crate) plain: Feed<'static>,
    /// Feed with long frames compressed, up to date while any client follows it.
    pub(crate) compressed: Option<Feed<'static>>,
}

impl ShardState {
    pub(crate) fn new(
        server: Server,
        follower: usize,
        epoch: tokio::time::Instant,
        buffers: Buffers,
    ) -> Self {
        Self {
            server,
            follower,
            epoch,
            buffers: RefCell::new(buffers),
            by_slot: RefCell::default(),
            deadlines: RefCell::new(Deadlines::new()),
            earlier: Notify::new(),
            caught_up: Cell::new(false),
            deflate: Some(server.limits.inflaters).filter(|limit| *limit > 0).map(Deflate::new),
            compressing: Cell::new(0),
            mounts: RefCell::default(),
            ready_mounts: Ready::new(),
            ready: Ready::new(),
        }
    }

    /// Returns the context of a client's turn, at the server itself or at a device behind it.
    pub(crate) fn turn_context<'a>(
        &'a self,
        feeds: &'a Feeds,
        mount: Option<(&'a Mount, &'a Feed<'static>)>,
        scratch: &'a mut [u8],
    ) -> TurnContext<'a> {
        let Server { app, access, log_in, update, device, .. } = self.server;
        let Feeds { plain, compressed } = feeds;
        let (app, device, feed, update) = match mount {
            Some((Mount { shown, .. }, feed)) => {
                (shown.app(), shown.device(), feed, &NOT_HERE as &dyn FirmwareRoute)
            }
            None => (app, device, plain, update),
        };
        // Compressing each frame for each device that is looked at would cost more than it saves.
        let compressed = compressed.as_ref().filter(|_| mount.is_none());
        TurnContext {
            app,
            access,
            log_in,
            board: None,
            update: Some(update),
            mounts: None,
            device,
            feed,
            compressed_feed: compressed.filter(|compressed| compressed.revision() == feed.revision()),
            compression: self.deflate.as_ref().map(|deflate| deflate as &dyn Compression),
            address_limit: None,
            date: Some(date::today()),
            follower: self.follower,
            allowance: u32::MAX,
            room: SendWindow::NONE,
            scratch,
        }
    }

    /// Calls a client outside of a turn of its connection.
    pub(crate) fn with_context<T>(
        &self,
        mount: Option<&Mount>,
        call: impl FnOnce(&mut TurnContext<'_>) -> T,
    ) -> T {
        let Buffers { feeds, scratch, .. } = &mut *self.buffers.borrow_mut();
        let mount = mount.and_then(|mount| Some((mount, mount.feed()?)));
        let mount = mount.as_ref().map(|(mount, feed)| (*mount, &**feed));
        call(&mut self.turn_context(feeds, mount, scratch))
    }

    /// Adds a connection to those of a device behind the server.
    ///
    /// Returns `None` if the device has no feed for this shard.
    pub(crate) fn enter(&self, shown: &Arc<dyn ShownDevice>, connection: usize) -> Option<Rc<Mount>> {
        let mut mounts = self.mounts.borrow_mut();
        let found = mounts.iter().find(|(_, mount)| mount.is_of(shown)).map(|(_, mount)| mount.clone());
        let mount = match found {
            Some(mount) => mount,
            None => {
                let entry = mounts.vacant_entry();
                let waker = self.ready_mounts.waker(entry.key());
                let mount = Mount::new(entry.key(), shown.clone(), waker, self.follower, self.now())?;
                entry.insert(mount).clone()
            }
        };
        mount.add(connection);
        Some(mount)
    }

    /// Removes a connection from those of a device behind the server.
    pub(crate) fn leave(&self, mount: &Mount, connection: usize) {
        if mount.remove(connection) {
            self.mounts.borrow_mut().try_remove(mount.key);
        }
    }

    /// Brings the feed up to date before a request.
    ///
    /// A publish wakes a shard only while it has clients.
    pub(crate) fn catch_up(&self) {
        let plain = &mut self.buffers.borrow_mut().feeds.plain;
        let before = plain.revision();
        self.server.device.catch_up(plain);
        if plain.revision() != before {
            self.caught_up.set(true);
            self.earlier.notify_one();
        }
    }

    /// Counts one more, or one less, client of the compressed feed.
    pub(crate) fn count_compressed(&self, more: bool) {
        let count = self.compressing.get();
        self.compressing.set(if more { count + 1 } else { count - 1 });
    }

    /// Counts one more, or one less, client of the server and of the devices behind it.
    pub(crate) fn count_open(&self, more: bool) {
        let open = &self.server.meters.open;
        if more {
            open.fetch_add(1, Ordering::Relaxed);
        } else {
            open.fetch_sub(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn now(&self) -> Instant {
        clock::now(self.epoch)
    }

    /// Returns the shard's counters.
    pub(crate) fn meter(&self) -> &'static ShardMeter {
        &self.server.meters.shards[self.follower]
    }

    /// Schedules a turn of a connection at its deadline. `scheduled` is the tick of its entry.
    pub(crate) fn schedule(&self, now: Instant, key: usize, deadline: Instant, scheduled: &Cell<Tick>) {
        let mut deadlines = self.deadlines.borrow_mut();
        let before = deadlines.next();
        scheduled.set(deadlines.schedule(now, key, deadline, scheduled.get()));
        if deadlines.next() < before {
            self.earlier.notify_one();
        }
    }

    /// Records the connection of a slot; `None` for a slot without one.
    pub(crate) fn assign(&self, slot: u32, key: Option<usize>) {
        let slot = slot as usize;
        let mut by_slot = self.by_slot.borrow_mut();
        if by_slot.len() <= slot {
            by_slot.resize(slot + 1, NO_CONNECTION);
        }
        by_slot[slot] = key.and_then(|key| u32::try_from(key).ok()).unwrap_or(NO_CONNECTION);
    }
}
