//! A shard: a thread that serves its share of the clients.

use crate::admission::Eviction;
use crate::connection::Connection;
use crate::dispatch::{Accepted, ShardCommand};
use crate::memory;
use crate::metrics::{Lag, Question};
use crate::ready::Ready;
use crate::server::Server;
use crate::shard_state::{Buffers, Feeds, NOBODY, ShardState};
use instep::Instant;
use instep::driver::Client;
use instep_proto::frame::CloseCode;
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// How much is read from a socket at once.
const READ_BYTES: usize = 65_536;
/// Deadlines are looked at no more often than this.
const DEADLINE_RESOLUTION: Duration = Duration::from_millis(20);

/// The state of a shard, and its connections.
struct Shard {
    state: ShardState,
    connections: RefCell<Slab<Rc<Connection>>>,
    /// When deadlines were looked at last.
    deadlines_checked_at: Cell<tokio::time::Instant>,
    /// The connections that are to be served.
    ready: Arc<Ready>,
}

/// Starts the thread of a shard. When it ends, `ended` is dropped.
pub(crate) fn spawn(
    server: Server,
    follower: usize,
    epoch: tokio::time::Instant,
    stopped: watch::Receiver<bool>,
    ended: mpsc::Sender<()>,
) -> std::io::Result<mpsc::UnboundedSender<ShardCommand>> {
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
        mut dealt: mpsc::UnboundedReceiver<ShardCommand>,
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
            input: vec![0; Client::tail_max(limits) + READ_BYTES],
            records: vec![0; READ_BYTES],
        };
        let shard = Rc::new(Self {
            state: ShardState::new(server, follower, epoch, buffers),
            connections: RefCell::default(),
            deadlines_checked_at: Cell::new(tokio::time::Instant::now()),
            ready: Arc::default(),
        });
        // A task of its own: what it does must not make the other branches look each time.
        // It gives way to others by itself: tokio's own budget would pass over all connections of a batch but the first 128.
        tokio::task::spawn_local(tokio::task::unconstrained(shard.clone().serve()));
        let (mut dealing, mut stopping) = (true, false);
        loop {
            tokio::select! {
                dealt = dealt.recv(), if dealing => match dealt {
                    Some(ShardCommand::Connection(accepted)) if !stopping => shard.begin(accepted),
                    Some(ShardCommand::Connection(_)) => {}
                    Some(ShardCommand::Evict(asked)) => shard.evict(asked),
                    // Nobody accepts any more: the end is near, but clients are to be told.
                    None => dealing = false,
                },
                // Who publishes without a pause must not keep the others from their turn.
                () = shard.follow() => tokio::task::yield_now().await,
                () = shard.deadline() => shard.wake_due(),
                () = shard.state.earlier.notified() => {}
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

    /// How far its clients are behind.
    fn lag(&self) -> Lag {
        let mut lag = Lag::default();
        let feed = &self.state.buffers.borrow().feeds.plain;
        for (_, connection) in self.connections.borrow().iter() {
            connection.lag(feed).into_iter().for_each(|revisions| lag.add(revisions));
        }
        lag
    }

    fn begin(&self, accepted: Accepted) {
        let peer = accepted.peer;
        let mut connections = self.connections.borrow_mut();
        let entry = connections.vacant_entry();
        let waker = self.ready.waker(entry.key());
        // It registers with the reactor when it is served for the first time.
        waker.wake_by_ref();
        match Connection::new(accepted, entry.key(), &self.state, waker) {
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
            let now = self.state.now();
            for called in called.drain(..) {
                let connection = self.connections.borrow().get(called.key).cloned();
                if connection.is_some_and(|connection| connection.serve(&self.state, now)) {
                    self.connections.borrow_mut().remove(called.key);
                    // It may have been the last one.
                    self.state.earlier.notify_one();
                }
            }
            if !self.ready.is_empty() {
                // What came meanwhile waits until the reactor has been asked for others.
                tokio::task::yield_now().await;
            }
        }
    }

    /// The connection gives up its place for another one, unless it stands better by now.
    fn evict(&self, asked: Eviction) {
        if let Some(connection) = self.connections.borrow().get(asked.key) {
            connection.evict(&self.state, asked.priority);
        }
    }

    /// Waits until the device has something new, and gives a turn to every client that it concerns.
    async fn follow(&self) {
        let mut attention = Vec::new();
        let published = std::future::poll_fn(|context| {
            let device = self.state.server.device;
            device.register(self.state.follower, context.waker());
            let Feeds { plain, compressed } = &mut self.state.buffers.borrow_mut().feeds;
            let before = plain.revision();
            device.follow(self.state.now(), self.state.follower, plain, |slot| attention.push(slot));
            let published = plain.revision() != before;
            if let (Some(compressed), Some(deflate), true) =
                (compressed, &self.state.deflate, published && self.state.compressing.get() > 0)
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
        let now = self.state.now();
        let connections = self.connections.borrow();
        for slot in attention {
            let key = self.state.by_slot.borrow().get(slot).copied().unwrap_or(NOBODY);
            if let Some(connection) = connections.get(key as usize) {
                connection.expect_reply();
                connection.turn(&self.state, now, 0);
            }
        }
        if published {
            for (_, connection) in connections.iter() {
                if connection.follows() {
                    connection.turn(&self.state, now, 0);
                }
            }
        }
    }

    async fn deadline(&self) {
        let due = self.state.next_wake.get();
        if due == Instant::NEVER {
            return std::future::pending().await;
        }
        let due = self.state.epoch + Duration::from_millis(due.as_millis());
        tokio::time::sleep_until(due.max(self.deadlines_checked_at.get() + DEADLINE_RESOLUTION)).await;
    }

    /// Gives a turn to every connection that is due, and finds out when the next one is.
    fn wake_due(&self) {
        let now = self.state.now();
        self.deadlines_checked_at.set(tokio::time::Instant::now());
        let mut next = Instant::NEVER;
        for (_, connection) in self.connections.borrow().iter() {
            if connection.wake_at() <= now && !connection.reads_first() {
                connection.turn(&self.state, now, 0);
            }
            next = next.min(connection.wake_at());
        }
        self.state.next_wake.set(next);
    }

    fn close_all(&self) {
        let now = self.state.now();
        for (_, connection) in self.connections.borrow().iter() {
            connection.close(&self.state, CloseCode::GOING_AWAY, now);
        }
    }
}
