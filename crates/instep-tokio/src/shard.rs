//! A shard: a thread that serves its share of the clients.

use crate::admission::Asked;
use crate::connection::Connection;
use crate::deflate::Deflate;
use crate::dispatch::{Accepted, Dealt};
use crate::metrics::{Lag, Question, ShardMeter};
use crate::ready::Ready;
use crate::server::Server;
use crate::{clock, memory};
use instep::{Client, Compression, Instant, Surroundings};
use instep_proto::delivery::{Feed, Room};
use instep_proto::frame::CloseCode;
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};

/// How much is read from a socket at once.
const INPUT: usize = 65_536;
/// In place of a connection's key.
const NOBODY: u32 = u32::MAX;
/// Deadlines are looked at no more often than this.
const TICK: Duration = Duration::from_millis(20);

/// What the connections of a shard share.
pub(crate) struct Shard {
    pub(crate) server: Server,
    pub(crate) follower: usize,
    epoch: tokio::time::Instant,
    pub(crate) buffers: RefCell<Buffers>,
    connections: RefCell<Slab<Rc<Connection>>>,
    /// For each slot of the device, whose it is.
    by_slot: RefCell<Vec<u32>>,
    next_wake: Cell<Instant>,
    /// When deadlines were looked at last.
    looked: Cell<tokio::time::Instant>,
    earlier: Notify,
    deflate: Option<Deflate>,
    /// How many clients follow the compressed feed.
    compressing: Cell<usize>,
    /// The connections that are to be served.
    ready: Arc<Ready>,
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
    plain: Feed<'static>,
    /// The same frames, the long ones compressed: up to date while there is anybody whom it concerns.
    compressed: Option<Feed<'static>>,
}

/// Starts the thread of a shard. When it ends, `ended` is dropped.
pub(crate) fn spawn(
    server: Server,
    follower: usize,
    epoch: tokio::time::Instant,
    stopped: watch::Receiver<bool>,
    ended: mpsc::Sender<()>,
) -> std::io::Result<mpsc::UnboundedSender<Dealt>> {
    let (deal, dealt) = mpsc::unbounded_channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let questions = server.meters.shards[follower].listen();
    let run = move || {
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, Shard::run(server, follower, epoch, dealt, questions, stopped));
        // Tells that it has ended.
        drop(ended);
    };
    std::thread::Builder::new().name(format!("shard {follower}")).spawn(run)?;
    Ok(deal)
}

impl Shard {
    async fn run(
        server: Server,
        follower: usize,
        epoch: tokio::time::Instant,
        mut dealt: mpsc::UnboundedReceiver<Dealt>,
        mut questions: mpsc::Receiver<Question>,
        mut stopped: watch::Receiver<bool>,
    ) {
        let limits = server.device.limits();
        let unsent = Connection::unsent_limit(limits);
        let buffers = Buffers {
            feeds: Feeds {
                plain: memory::feed(server.app, limits),
                compressed: (server.limits.inflaters > 0).then(|| memory::feed(server.app, limits)),
            },
            scratch: vec![0; unsent + limits.frame + 16],
            input: vec![0; Client::tail_max(limits) + INPUT],
            records: vec![0; INPUT],
        };
        let shard = Rc::new(Self {
            server,
            follower,
            epoch,
            buffers: RefCell::new(buffers),
            connections: RefCell::default(),
            by_slot: RefCell::default(),
            next_wake: Cell::new(Instant::NEVER),
            looked: Cell::new(tokio::time::Instant::now()),
            earlier: Notify::new(),
            deflate: Some(server.limits.inflaters).filter(|limit| *limit > 0).map(Deflate::new),
            compressing: Cell::new(0),
            ready: Arc::default(),
        });
        // A task of its own: what it does must not make the other branches look each time.
        // It gives way to others by itself: tokio's own budget would pass over all connections of a batch but the first 128.
        tokio::task::spawn_local(tokio::task::unconstrained(shard.clone().serve()));
        let (mut dealing, mut stopping) = (true, false);
        loop {
            tokio::select! {
                dealt = dealt.recv(), if dealing => match dealt {
                    Some(Dealt::Connection(accepted)) if !stopping => shard.begin(accepted),
                    Some(Dealt::Connection(_)) => {}
                    Some(Dealt::Leave(asked)) => shard.ask_to_leave(asked),
                    // Nobody accepts any more: the end is near, but clients are to be told.
                    None => dealing = false,
                },
                // Who publishes without a pause must not keep the others from their turn.
                () = shard.follow() => tokio::task::yield_now().await,
                () = shard.deadline() => shard.wake_due(),
                () = shard.earlier.notified() => {}
                Some(answer) = questions.recv() => {
                    // Who asked may have given up.
                    let _ = answer.send(shard.lag());
                }
                _ = stopped.changed(), if !stopping => {
                    stopping = true;
                    shard.close_all();
                }
            }
            if stopping && shard.connections.borrow().is_empty() {
                return;
            }
        }
    }

    /// What a client needs for a turn.
    pub(crate) fn surroundings<'a>(&'a self, feeds: &'a Feeds, scratch: &'a mut [u8]) -> Surroundings<'a> {
        let Server { app, access, log_in, device, .. } = self.server;
        let Feeds { plain, compressed } = feeds;
        Surroundings {
            app,
            access,
            log_in,
            board: None,
            device,
            feed: plain,
            compressed_feed: compressed.as_ref().filter(|feed| feed.revision() == plain.revision()),
            compression: self.deflate.as_ref().map(|deflate| deflate as &dyn Compression),
            address_limit: None,
            follower: self.follower,
            allowance: u32::MAX,
            room: Room::NONE,
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

    /// How far its clients are behind.
    fn lag(&self) -> Lag {
        let mut lag = Lag::default();
        let feed = &self.buffers.borrow().feeds.plain;
        for (_, connection) in self.connections.borrow().iter() {
            connection.lag(feed).into_iter().for_each(|revisions| lag.add(revisions));
        }
        lag
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

    fn begin(&self, accepted: Accepted) {
        let peer = accepted.peer;
        let mut connections = self.connections.borrow_mut();
        let entry = connections.vacant_entry();
        let waker = self.ready.waker(entry.key());
        // It registers with the reactor when it is served for the first time.
        waker.wake_by_ref();
        match Connection::new(accepted, entry.key(), self, waker) {
            Ok(connection) => {
                entry.insert(Rc::new(connection));
            }
            Err(error) => log::debug!("A connection from {peer} ended at once: {error}"),
        }
    }

    /// Serves the connections that are ready, for ever.
    async fn serve(self: Rc<Self>) {
        let mut called = Vec::new();
        loop {
            self.ready.wait(&mut called).await;
            let now = self.now();
            for called in called.drain(..) {
                let connection = self.connections.borrow().get(called.key).cloned();
                if connection.is_some_and(|connection| connection.serve(&self, now)) {
                    self.connections.borrow_mut().remove(called.key);
                    // It may have been the last one.
                    self.earlier.notify_one();
                }
            }
            if !self.ready.is_empty() {
                // What came meanwhile waits until the reactor has been asked for others.
                tokio::task::yield_now().await;
            }
        }
    }

    /// The connection gives up its place for another one, unless it stands better by now.
    fn ask_to_leave(&self, asked: Asked) {
        if let Some(connection) = self.connections.borrow().get(asked.key) {
            connection.leave(self, asked.standing);
        }
    }

    /// Waits until the device has something new, and gives a turn to every client that it concerns.
    async fn follow(&self) {
        let mut attention = Vec::new();
        let published = std::future::poll_fn(|context| {
            let device = self.server.device;
            device.register(self.follower, context.waker());
            let Feeds { plain, compressed } = &mut self.buffers.borrow_mut().feeds;
            let before = plain.revision();
            device.follow(self.now(), self.follower, plain, |slot| attention.push(slot));
            let published = plain.revision() != before;
            if let (Some(compressed), Some(deflate), true) =
                (compressed, &self.deflate, published && self.compressing.get() > 0)
            {
                compressed.follow_encoded(plain, |frame, block| deflate.encode(frame, block));
            }
            if published || !attention.is_empty() {
                std::task::Poll::Ready(published)
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
        let now = self.now();
        let connections = self.connections.borrow();
        for slot in attention {
            let key = self.by_slot.borrow().get(slot).copied().unwrap_or(NOBODY);
            if let Some(connection) = connections.get(key as usize) {
                connection.expect_reply();
                connection.turn(self, now, 0);
            }
        }
        if published {
            for (_, connection) in connections.iter() {
                if connection.follows() {
                    connection.turn(self, now, 0);
                }
            }
        }
    }

    async fn deadline(&self) {
        let due = self.next_wake.get();
        if due == Instant::NEVER {
            return std::future::pending().await;
        }
        let due = self.epoch + Duration::from_millis(due.as_millis());
        tokio::time::sleep_until(due.max(self.looked.get() + TICK)).await;
    }

    /// Gives a turn to every connection that is due, and finds out when the next one is.
    fn wake_due(&self) {
        let now = self.now();
        self.looked.set(tokio::time::Instant::now());
        let mut next = Instant::NEVER;
        for (_, connection) in self.connections.borrow().iter() {
            if connection.wake_at() <= now {
                connection.turn(self, now, 0);
            }
            next = next.min(connection.wake_at());
        }
        self.next_wake.set(next);
    }

    fn close_all(&self) {
        let now = self.now();
        for (_, connection) in self.connections.borrow().iter() {
            connection.close(self, CloseCode::GOING_AWAY, now);
        }
    }
}
