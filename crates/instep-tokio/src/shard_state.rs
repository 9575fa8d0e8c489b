//! What the connections of a shard share.

use crate::clock;
use crate::date;
use crate::deflate::Deflate;
use crate::metrics::ShardMeter;
use crate::server::Server;
use instep::Instant;
use instep::driver::{Compression, TurnContext};
use instep_proto::delivery::{Feed, SendWindow};
use std::cell::{Cell, RefCell};
use tokio::sync::Notify;

/// In place of a connection's key.
pub(crate) const NOBODY: u32 = u32::MAX;

/// What the connections of a shard share.
pub(crate) struct ShardState {
    pub(crate) server: Server,
    pub(crate) follower: usize,
    pub(crate) epoch: tokio::time::Instant,
    pub(crate) buffers: RefCell<Buffers>,
    /// For each slot of the device, whose it is.
    pub(crate) by_slot: RefCell<Vec<u32>>,
    pub(crate) next_wake: Cell<Instant>,
    pub(crate) earlier: Notify,
    pub(crate) deflate: Option<Deflate>,
    /// How many clients follow the compressed feed.
    pub(crate) compressing: Cell<usize>,
}

/// What is lent to one connection after the other.
pub(crate) struct Buffers {
    pub(crate) feeds: Feeds,
    pub(crate) scratch: Vec<u8>,
    /// Room for what waits of earlier input, and for what is read.
    pub(crate) input: Vec<u8>,
    /// What is or was encrypted; as long as the input.
    pub(crate) records: Vec<u8>,
}

/// What the clients of a shard follow.
pub(crate) struct Feeds {
    pub(crate) plain: Feed<'static>,
    /// The same frames, the long ones compressed: up to date while there is anybody whom it concerns.
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
            next_wake: Cell::new(Instant::NEVER),
            earlier: Notify::new(),
            deflate: Some(server.limits.inflaters).filter(|limit| *limit > 0).map(Deflate::new),
            compressing: Cell::new(0),
        }
    }

    /// What a client needs for a turn.
    pub(crate) fn turn_context<'a>(&'a self, feeds: &'a Feeds, scratch: &'a mut [u8]) -> TurnContext<'a> {
        let Server { app, access, log_in, device, .. } = self.server;
        let Feeds { plain, compressed } = feeds;
        TurnContext {
            app,
            access,
            log_in,
            board: None,
            device,
            feed: plain,
            compressed_feed: compressed.as_ref().filter(|feed| feed.revision() == plain.revision()),
            compression: self.deflate.as_ref().map(|deflate| deflate as &dyn Compression),
            address_limit: None,
            date: Some(date::today()),
            follower: self.follower,
            allowance: u32::MAX,
            room: SendWindow::NONE,
            scratch,
        }
    }

    /// Takes note of one more, or one less, client that follows the compressed feed.
    pub(crate) fn count_compressed(&self, more: bool) {
        let count = self.compressing.get();
        self.compressing.set(if more { count + 1 } else { count - 1 });
    }

    pub(crate) fn now(&self) -> Instant {
        clock::now(self.epoch)
    }

    /// Where it counts.
    pub(crate) fn meter(&self) -> &'static ShardMeter {
        &self.server.meters.shards[self.follower]
    }

    /// Takes note of when a connection is due.
    pub(crate) fn due(&self, at: Instant) {
        if at < self.next_wake.get() {
            self.next_wake.set(at);
            self.earlier.notify_one();
        }
    }

    /// Takes note of whose slot it is, or that it is nobody's any more.
    pub(crate) fn assign(&self, slot: u16, key: Option<usize>) {
        let slot = usize::from(slot);
        let mut by_slot = self.by_slot.borrow_mut();
        if by_slot.len() <= slot {
            by_slot.resize(slot + 1, NOBODY);
        }
        by_slot[slot] = key.and_then(|key| u32::try_from(key).ok()).unwrap_or(NOBODY);
    }
}
