//! Driver of one network interface: one future for all its connections.

use crate::clock::now;
use crate::connection::{Connection, Stage};
use crate::shared::Shared;
use crate::signals::{Signals, bit};
use crate::sizes::LISTENING;
use crate::syn_filter::Listeners;
#[cfg(feature = "update")]
use crate::update::report_served;
use core::convert::Infallible;
use core::future::{Future, poll_fn};
use core::mem;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use heapless::VecView;
use instep::Instant;
use instep::driver::EvictionPriority;

/// Time before a connection without a request may be evicted, in ms.
///
/// Its first request may be in flight.
const SILENT_MS: u64 = 100;
/// Time before a connection with a partial request may be evicted, in ms.
const PARTIAL_REQUEST_MS: u64 = 1_000;

/// Driver of one network interface, on one port.
pub struct Driver {
    /// Connections whose sockets have joined the network stack.
    connections: &'static mut VecView<Connection>,
    /// Further connections, for when too few sockets listen.
    reserve: &'static mut dyn Iterator<Item = Connection>,
    shared: Shared,
    /// Signals of the sockets, by the index of the connection.
    signals: &'static Signals,
    listeners: &'static Listeners,
    /// Waker of the last poll.
    waker: Option<Waker>,
    /// Time at which the task is woken, perhaps earlier than needed, never later.
    alarm: Instant,
    /// Whether the next poll must look at all connections.
    is_unsettled: bool,
}

impl Driver {
    pub(crate) fn new(
        shared: Shared,
        connections: &'static mut VecView<Connection>,
        reserve: &'static mut dyn Iterator<Item = Connection>,
        signals: &'static Signals,
        listeners: &'static Listeners,
    ) -> Self {
        Self {
            connections,
            reserve,
            shared,
            signals,
            listeners,
            waker: None,
            alarm: Instant::NEVER,
            is_unsettled: true,
        }
    }

    /// Serves the interface for ever.
    ///
    /// Call this in its own task, beside the task of the network stack. The application has a task of its own, perhaps on another
    /// executor or core.
    pub async fn run(&'static mut self) -> ! {
        let never: Infallible = poll_fn(|context| {
            self.poll(context, None);
            Poll::Pending
        })
        .await;
        match never {}
    }

    /// Serves the interface for ever, and runs the application in the same task.
    ///
    /// A message, what the application publishes after it, and the delivery are one pass then, which costs less than three
    /// wake-ups. Only one driver of a device can run the application; the other drivers [`run`](Self::run). The application must
    /// not block, and its timers and other futures may wait for anything. If it completes, the driver goes on.
    pub async fn run_with(&'static mut self, application: impl Future<Output = ()>) -> ! {
        let mut application = pin!(application);
        let mut has_ended = false;
        let never: Infallible = poll_fn(|context| {
            let mut run = |context: &mut Context<'_>| {
                // The application has the waker of the task, because embassy's timers accept no other one.
                has_ended = has_ended || application.as_mut().poll(context).is_ready();
            };
            self.poll(context, Some(&mut run));
            Poll::Pending
        })
        .await;
        match never {}
    }

    /// Serves the connections that have work, runs the application, and arranges the next wake-up.
    // Not inlined, because an application has one task per interface, and each would get a copy.
    #[inline(never)]
    fn poll(&mut self, context: &mut Context<'_>, mut application: Option<&mut dyn FnMut(&mut Context<'_>)>) {
        self.register(context);
        // This comes before the connections are served, because one that the peer has closed ends then.
        #[cfg(feature = "update")]
        if let Some(update) = self.shared.server.update {
            report_served(update, self.shared.follower, self.connections, context.waker());
        }
        if application.is_some() {
            self.shared.server.device.hold(self.shared.follower);
        }
        let now = now();
        let (mut due, mut application_is_due) = (0, true);
        loop {
            // Input comes first, so that the application has it, and its effects are delivered below.
            self.serve(context, now, due);
            if let Some(run) = application.as_mut().filter(|_| application_is_due) {
                run(context);
            }
            (application_is_due, due) = self.follow(context, now);
            if !application_is_due && due == 0 {
                break;
            }
        }
        if application.is_some() && self.alarm != Instant::NEVER {
            // A timer of the application may have taken the place of this alarm, because a task has one. If it did not, the later
            // time changes nothing, and takes the clock no search of its queue.
            wake_at(self.alarm.after(1), context.waker());
        }
    }

    /// Registers the waker of the task.
    fn register(&mut self, context: &Context<'_>) {
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            self.waker = Some(context.waker().clone());
            self.signals.task.register(context.waker());
            self.listeners.driver.register(context.waker());
            (self.alarm, self.is_unsettled) = (Instant::NEVER, true);
        }
    }

    /// Serves the connections that have work: those whose signal is set, and those whose bit in `due` is set.
    ///
    /// All connections are looked at only if one of them concerns the others: if it takes or returns a buffer for heads, listens, or
    /// has a deadline.
    fn serve(&mut self, context: &mut Context<'_>, now: Instant, due: u64) {
        let concerns_all =
            mem::take(&mut self.is_unsettled) || now >= self.alarm || self.listeners.is_stale();
        if concerns_all || !self.serve_due(now, due) {
            self.serve_all(context, now);
        }
    }

    /// Serves the connections that have work. Returns whether only their own clients are concerned.
    fn serve_due(&mut self, now: Instant, due: u64) -> bool {
        let mut is_settled = true;
        let mut waiting = self.signals.take() | due;
        for (index, connection) in self.connections.iter_mut().enumerate() {
            if waiting == 0 {
                break;
            }
            let is_waiting = waiting & 1 == 1;
            waiting >>= 1;
            if !is_waiting {
                continue;
            }
            let waker = self.signals.waker(index);
            let was_settled = connection.is_settled();
            connection.serve(&mut Context::from_waker(&waker), now, &mut self.shared);
            is_settled &= was_settled && connection.is_settled() && self.alarm <= connection.wake_at();
        }
        is_settled
    }

    /// Serves all connections that are not asleep, lets sockets join and listen, and sets the alarm.
    // Not inlined, because most passes need only `serve_due`.
    #[inline(never)]
    fn serve_all(&mut self, context: &mut Context<'_>, mut now: Instant) {
        loop {
            self.join();
            let signals = self.signals.take();
            let mut head_is_free = self.shared.has_head();
            for (index, connection) in self.connections.iter_mut().enumerate() {
                if signals & bit(index) == 0 && connection.is_asleep(now, head_is_free) {
                    continue;
                }
                let waker = self.signals.waker(index);
                connection.serve(&mut Context::from_waker(&waker), now, &mut self.shared);
                head_is_free = self.shared.has_head();
            }
            if self.join() {
                // A buffer for heads came back.
                continue;
            }
            if !self.rearrange(context, now) {
                return;
            }
            now = crate::clock::now();
        }
    }

    /// Lets a further socket join the network stack for each free buffer for heads that no connection can take.
    ///
    /// Returns whether one joined.
    ///
    /// The stack looks at all of its sockets for each frame, so sockets without a use cost time.
    fn join(&mut self) -> bool {
        let free =
            self.connections.iter().filter(|connection| matches!(connection.stage, Stage::Free)).count();
        let before = self.connections.len();
        for _ in free..self.shared.free_heads() {
            let Some(connection) = self.reserve.next() else { break };
            // There is room for all connections of the reserve.
            let _ = self.connections.push(connection);
        }
        self.connections.len() > before
    }

    /// Lets enough sockets listen, and sets the alarm. Returns whether it is due at once.
    fn rearrange(&mut self, context: &mut Context<'_>, now: Instant) -> bool {
        let due = self.keep_listening(now);
        let due =
            self.connections.iter().fold(due, |earliest, connection| earliest.min(connection.wake_at()));
        let head_is_free = self.shared.has_head();
        self.is_unsettled = self.connections.iter().any(|connection| connection.is_unsettled(head_is_free));
        self.listeners.set(self.connections.iter().filter(|connection| connection.listens()).count());
        let in_time = now < self.alarm && self.alarm <= due;
        if in_time {
            return false;
        }
        self.alarm = due;
        if due == Instant::NEVER {
            return false;
        }
        wake_at(due, context.waker());
        due <= crate::clock::now()
    }

    /// Follows the device's feed, and delivers what is new.
    ///
    /// Returns whether the application has a message, and the bits of the connections that need a turn.
    fn follow(&mut self, context: &mut Context<'_>, now: Instant) -> (bool, u64) {
        let Shared { server, follower, feed, .. } = &mut self.shared;
        let before = feed.revision();
        let (connections, mut due) = (&mut *self.connections, 0);
        let application_is_due =
            server.device.follow_and_register(now, *follower, context.waker(), feed, |slot| {
                for (index, connection) in connections.iter_mut().enumerate() {
                    if connection.expect_reply(slot) {
                        due |= bit(index);
                    }
                }
            });
        if feed.revision() != before {
            let newest = self.shared.feed.newest();
            for (index, connection) in self.connections.iter_mut().enumerate() {
                if !connection.awaits_frames() {
                    continue;
                }
                let waker = self.signals.waker(index);
                let context = &mut Context::from_waker(&waker);
                let deliver = |newest| connection.deliver(context, now, newest, &self.shared);
                if !newest.as_ref().is_some_and(deliver) {
                    connection.expect_frames();
                    due |= bit(index);
                }
            }
        }
        (application_is_due, due)
    }

    /// Evicts connections while too few sockets listen. Returns when to check next.
    ///
    /// The order is: idle keep-alive (at once), no request yet ([`SILENT_MS`]), partial request or unread
    /// response ([`PARTIAL_REQUEST_MS`]).
    fn keep_listening(&mut self, now: Instant) -> Instant {
        let listening = self.connections.iter().filter(|connection| connection.listens_soon()).count();
        if listening >= LISTENING {
            return Instant::NEVER;
        }
        if self.shared.has_head() {
            // A socket is missing, so the longest-draining connection that has received everything is reset.
            let closing = self.connections.iter_mut().enumerate();
            let closing = closing.filter(|(_, connection)| connection.is_closed_by_us());
            if let Some((index, oldest)) = closing.min_by_key(|(_, connection)| connection.wake_at()) {
                let waker = self.signals.waker(index);
                oldest.abandon(&mut Context::from_waker(&waker), now, &mut self.shared);
            }
            return Instant::NEVER;
        }
        let mut yielding: [Option<(EvictionPriority, usize)>; LISTENING] = [None; LISTENING];
        let mut due = Instant::NEVER;
        for (i, connection) in self.connections.iter().enumerate() {
            let Some(priority) = connection.eviction_priority() else { continue };
            let until = match priority {
                EvictionPriority::Idle(since) if connection.was_served() => since,
                EvictionPriority::Idle(since) => since.after(SILENT_MS),
                EvictionPriority::PartialRequest(since) => since.after(PARTIAL_REQUEST_MS),
                EvictionPriority::Unresponsive(_) | EvictionPriority::InUse => continue,
            };
            if until > now {
                due = due.min(until);
                continue;
            }
            let mut candidate = Some((priority, i));
            for place in yielding.iter_mut().take(LISTENING - listening) {
                let better = candidate.is_some_and(|new| place.is_none_or(|old| new.0 < old.0));
                if better {
                    mem::swap(place, &mut candidate);
                }
            }
        }
        for (_, i) in yielding.into_iter().flatten() {
            let waker = self.signals.waker(i);
            self.connections[i].evict(&mut Context::from_waker(&waker), now, &mut self.shared);
            // Another free socket can listen with the returned buffer in the next round.
            due = now;
        }
        due
    }
}

/// Wakes the waker of a task at this time, or at once if the time has passed.
///
/// A task has one alarm, and the earliest time counts.
fn wake_at(time: Instant, waker: &Waker) {
    // Rounded up, or the alarm would be early where a millisecond is no whole number of ticks.
    let rest = u64::from(!embassy_time::TICK_HZ.is_multiple_of(1_000));
    let ticks = embassy_time::Instant::from_millis(time.as_millis()).as_ticks();
    embassy_time_driver::schedule_wake(ticks + rest, waker);
}
