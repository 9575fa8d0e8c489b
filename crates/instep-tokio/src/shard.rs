//! Shard: a thread that serves its share of the clients.

use crate::admission::Eviction;
use crate::connection::Connection;
use crate::dispatch::{Accepted, ShardCommand};
use crate::memory;
use crate::metrics::{Lag, Question};
use crate::mount::{Mount, News};
use crate::server::Server;
use crate::shard_state::{Buffers, Feeds, NO_CONNECTION, ShardState};
use crate::thread::{self, Application, RunShard};
use instep::Instant;
use instep::driver::Client;
use instep_proto::frame::CloseCode;
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Maximum length of a read, in bytes.
const READ_MAX: usize = 65_536;
/// Minimum time between two checks of all deadlines.
const DEADLINE_RESOLUTION: Duration = Duration::from_millis(20);

/// State of a shard, and its connections.
struct Shard {
    state: ShardState,
    connections: RefCell<Slab<Box<Connection>>>,
    /// Time of the last check of all deadlines.
    deadlines_checked_at: Cell<tokio::time::Instant>,
}

/// What the device had for a shard.
struct Progress {
    /// Whether there is a new frame for all clients.
    published: bool,
    /// Whether the application has a message, and its wake-up was held.
    application_is_due: bool,
}

/// What a shard needs at its start.
struct Start {
    server: Server,
    follower: usize,
    epoch: tokio::time::Instant,
    commands: mpsc::UnboundedReceiver<ShardCommand>,
    questions: mpsc::Receiver<Question>,
    stopped: watch::Receiver<bool>,
    /// Dropped when the shard ends.
    ended: mpsc::Sender<()>,
}

/// Starts a shard, on the thread of the application or on one of its own. It drops `ended` when it ends.
pub(crate) fn spawn(
    server: Server,
    follower: usize,
    epoch: tokio::time::Instant,
    stopped: watch::Receiver<bool>,
    ended: mpsc::Sender<()>,
) -> std::io::Result<mpsc::UnboundedSender<ShardCommand>> {
    let (sender, commands) = mpsc::unbounded_channel();
    let questions = server.meters.shards[follower].listen();
    let start = Start { server, follower, epoch, commands, questions, stopped, ended };
    let run: RunShard = Box::new(move |application| Box::pin(Shard::run(start, application)));
    let run = match server.application {
        Some(thread) if follower == 0 => thread.start(run),
        _ => Some(run),
    };
    if let Some(run) = run {
        thread::spawn(follower, run)?;
    }
    Ok(sender)
}

impl Shard {
    /// Runs a shard until it is stopped and all of its clients are closed, and the application with it, if there is one.
    ///
    /// Must be called in a `LocalSet`.
    async fn run(start: Start, mut application: Option<Application>) {
        // Dropping `_ended` reports the end of this shard.
        let Start { server, follower, epoch, mut commands, mut questions, mut stopped, ended: _ended } =
            start;
        let limits = server.device.limits();
        let unsent = Connection::unsent_limit(&server);
        let buffers = Buffers {
            feeds: Feeds {
                plain: memory::feed(server.app.topic_count(), limits),
                compressed: (server.limits.inflaters > 0)
                    .then(|| memory::feed(server.app.topic_count(), limits)),
            },
            scratch: vec![0; unsent + server.longest_frame + 16],
            input: vec![0; Client::tail_max(limits) + READ_MAX],
            records: vec![0; READ_MAX],
        };
        let shard = Rc::new(Self {
            state: ShardState::new(server, follower, epoch, buffers),
            connections: RefCell::default(),
            deadlines_checked_at: Cell::new(tokio::time::Instant::now()),
        });
        // Serving is its own task, so that its progress does not poll the other branches each time. The task yields
        // explicitly, because tokio's budget would skip all connections of a batch after the first 128.
        if application.is_none() {
            tokio::task::spawn_local(tokio::task::unconstrained(shard.clone().serve()));
        }
        if server.devices.is_some() {
            tokio::task::spawn_local(tokio::task::unconstrained(shard.clone().serve_mounts()));
        }
        let (mut receiving, mut stopping) = (true, false);
        let mut called = Vec::new();
        loop {
            tokio::select! {
                command = commands.recv(), if receiving => match command {
                    Some(ShardCommand::Connection(accepted)) if !stopping => shard.begin(accepted),
                    Some(ShardCommand::Connection(_)) => {}
                    Some(ShardCommand::Evict(eviction)) => shard.evict(eviction),
                    // Accepting has ended, but clients still get their close frames.
                    None => receiving = false,
                },
                // Yields, because an application that publishes without a pause must not starve the other
                // branches.
                () = shard.work(application.as_mut(), &mut called) => tokio::task::yield_now().await,
                () = shard.deadline() => shard.wake_due(),
                () = shard.state.earlier.notified() => {}
                Some(answer) = questions.recv() => {
                    // The receiver may have timed out.
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

    /// Returns how many revisions the shard's clients are behind.
    fn lag(&self) -> Lag {
        let mut lag = Lag::default();
        let feed = &self.state.buffers.borrow().feeds.plain;
        for (_, connection) in self.connections.borrow().iter() {
            connection.lag(feed).into_iter().for_each(|revisions| lag.add(revisions));
        }
        lag
    }

    /// Takes over an accepted connection.
    fn begin(&self, accepted: Accepted) {
        let peer = accepted.peer;
        let mut connections = self.connections.borrow_mut();
        let entry = connections.vacant_entry();
        // The first call of `serve` registers the socket with the reactor.
        self.state.ready.wake(entry.key());
        match Connection::new(accepted, entry.key(), &self.state) {
            Ok(connection) => {
                entry.insert(Box::new(connection));
            }
            Err(error) => log::debug!("dropped a connection from {peer}: {error}"),
        }
    }

    /// Serves the connections that are ready, for ever.
    async fn serve(self: Rc<Self>) {
        let mut called = Vec::new();
        loop {
            self.state.ready.wait(&mut called).await;
            self.serve_called(&mut called);
            if !self.state.ready.is_empty() {
                // Connections that became ready meanwhile wait until the reactor has polled the others.
                tokio::task::yield_now().await;
            }
        }
    }

    /// Serves each of these connections, and removes those that are closed.
    fn serve_called(&self, called: &mut Vec<u32>) {
        let now = self.state.now();
        for key in called.drain(..) {
            let key = key as usize;
            let is_closed = self.connections.borrow().get(key).is_some_and(|connection| {
                let is_closed = connection.serve(&self.state, now);
                if is_closed {
                    connection.leave(&self.state);
                }
                is_closed
            });
            if is_closed {
                self.connections.borrow_mut().remove(key);
                // This may have been the last connection of a shard that stops.
                self.state.earlier.notify_one();
            }
        }
    }

    /// Serves the clients of devices behind the server, for ever.
    async fn serve_mounts(self: Rc<Self>) {
        let mut called = Vec::new();
        loop {
            self.state.ready_mounts.wait(&mut called).await;
            for key in called.drain(..) {
                let mount = self.state.mounts.borrow().get(key as usize).cloned();
                if let Some(mount) = mount {
                    self.serve_mount(&mount);
                }
            }
            // A device that publishes without a pause must not starve the other tasks.
            tokio::task::yield_now().await;
        }
    }

    /// Gives a turn to every client that something new of its device concerns.
    fn serve_mount(&self, mount: &Mount) {
        let now = self.state.now();
        let News { notified, published } = mount.follow(self.state.follower, now);
        let connections = self.connections.borrow();
        for connection in notified.into_iter().filter_map(|key| connections.get(key)) {
            connection.expect_reply();
            connection.turn(&self.state, now, 0);
        }
        let is_over = mount.shown.is_over();
        if !published && !is_over {
            return;
        }
        for connection in mount.connections().into_iter().filter_map(|key| connections.get(key)) {
            if is_over && connection.is_open() {
                connection.close(&self.state, CloseCode::GOING_AWAY, now);
            } else if connection.follows() {
                connection.turn(&self.state, now, 0);
            }
        }
    }

    /// Evicts a connection, unless its priority has risen.
    fn evict(&self, eviction: Eviction) {
        if let Some(connection) = self.connections.borrow().get(eviction.key) {
            connection.evict(&self.state, eviction.priority);
        }
    }

    /// Works until other tasks need a turn: follows the device, and with an application also runs it and serves connections.
    async fn work(&self, application: Option<&mut Application>, called: &mut Vec<u32>) {
        match application {
            Some(application) => poll_fn(|context| self.pass(context, application, called)).await,
            None => self.follow().await,
        }
    }

    /// Serves the connections that are ready, runs the application, and delivers what it published: one pass without wake-ups.
    ///
    /// `called` is kept between passes. Returns `Ready` if connections have become ready meanwhile, so that the reactor polls the others
    /// before the next pass.
    fn pass(
        &self,
        context: &mut Context<'_>,
        application: &mut Application,
        called: &mut Vec<u32>,
    ) -> Poll<()> {
        if called.is_empty() {
            // None is ready if something else woke this task, such as a timer of the application.
            let _ = self.state.ready.poll(context, called);
        }
        self.state.server.device.hold(self.state.follower);
        // Tokio's budget would skip all connections after the first 128. It counts for the application.
        let serving = tokio::task::unconstrained(async { self.serve_called(called) });
        let _ready = pin!(serving).poll(context);
        let mut notified = Vec::new();
        loop {
            application.poll(context);
            let Progress { published, application_is_due } = self.look(context, &mut notified);
            self.deliver(&mut notified, published);
            if !application_is_due {
                return self.state.ready.poll(context, called);
            }
        }
    }

    /// Waits until the device has a new frame or reply, and gives a turn to every client concerned.
    async fn follow(&self) {
        let mut notified = Vec::new();
        let published = poll_fn(|context| {
            let Progress { published, .. } = self.look(context, &mut notified);
            if published || !notified.is_empty() { Poll::Ready(published) } else { Poll::Pending }
        })
        .await;
        self.deliver(&mut notified, published);
    }

    /// Brings the feeds up to date, and registers for what comes next. Slots that need a turn are added to `notified`.
    fn look(&self, context: &Context<'_>, notified: &mut Vec<usize>) -> Progress {
        let device = self.state.server.device;
        let Feeds { plain, compressed } = &mut self.state.buffers.borrow_mut().feeds;
        let before = plain.revision();
        let (now, each) = (self.state.now(), |slot| notified.push(slot));
        let application_is_due =
            device.follow_and_register(now, self.state.follower, context.waker(), plain, each);
        let published = plain.revision() != before || self.state.caught_up.take();
        if let (Some(compressed), Some(deflate), true) =
            (compressed, &self.state.deflate, published && self.state.compressing.get() > 0)
        {
            compressed.follow_encoded(plain, |frame, block| deflate.encode(frame, block));
        }
        Progress { published, application_is_due }
    }

    /// Gives a turn to the clients of these slots, and to all clients if something was published.
    fn deliver(&self, notified: &mut Vec<usize>, published: bool) {
        let now = self.state.now();
        let connections = self.connections.borrow();
        for slot in notified.drain(..) {
            let key = self.state.by_slot.borrow().get(slot).copied().unwrap_or(NO_CONNECTION);
            if let Some(connection) = connections.get(key as usize) {
                connection.expect_reply();
                connection.turn(&self.state, now, 0);
            }
        }
        if published {
            for (_, connection) in connections.iter() {
                if connection.follows_server() {
                    connection.turn(&self.state, now, 0);
                }
            }
        }
    }

    /// Waits for the earliest deadline, at most once per [`DEADLINE_RESOLUTION`].
    async fn deadline(&self) {
        let due = self.state.deadlines.borrow().next();
        if due == Instant::NEVER {
            return std::future::pending().await;
        }
        let due = self.state.epoch + Duration::from_millis(due.as_millis());
        tokio::time::sleep_until(due.max(self.deadlines_checked_at.get() + DEADLINE_RESOLUTION)).await;
    }

    /// Gives a turn to every connection whose deadline has passed.
    fn wake_due(&self) {
        let now = self.state.now();
        self.deadlines_checked_at.set(tokio::time::Instant::now());
        let mut keys = Vec::new();
        self.state.deadlines.borrow_mut().fire(now, &mut keys);
        let connections = self.connections.borrow();
        for key in keys {
            if let Some(connection) = connections.get(key as usize) {
                connection.check_deadline(&self.state, now);
            }
        }
    }

    /// Closes every client with 1001.
    fn close_all(&self) {
        let now = self.state.now();
        for (_, connection) in self.connections.borrow().iter() {
            connection.close(&self.state, CloseCode::GOING_AWAY, now);
        }
    }
}
