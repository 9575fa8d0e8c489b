//! Driver of one network interface: one future for all its connections.

use crate::clock::now;
use crate::connection::Connection;
use crate::shared::Shared;
use crate::sizes::LISTENING;
use crate::syn_filter::Listeners;
#[cfg(feature = "update")]
use crate::update::report_served;
use core::convert::Infallible;
use core::future::{Future as _, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use embassy_time::Timer;
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
    connections: &'static mut [Connection],
    shared: Shared,
    listeners: &'static Listeners,
    /// Waker of the last poll.
    waker: Option<Waker>,
    timer: Timer,
    /// Time at which the timer wakes, perhaps earlier than needed, never later.
    alarm: Instant,
}

impl Driver {
    pub(crate) fn new(
        shared: Shared,
        connections: &'static mut [Connection],
        listeners: &'static Listeners,
    ) -> Self {
        Self {
            connections,
            shared,
            listeners,
            waker: None,
            timer: Timer::after_ticks(0),
            alarm: Instant::NEVER,
        }
    }

    /// Serves the interface for ever.
    ///
    /// Call this in its own task, beside the task of the network stack.
    pub async fn run(&'static mut self) -> ! {
        let never: Infallible = poll_fn(|context| {
            self.poll(context);
            Poll::Pending
        })
        .await;
        match never {}
    }

    /// Serves the ready connections, and arranges the next wake-up.
    // Not inlined, because an application has one task per interface, and each would get a copy.
    #[inline(never)]
    fn poll(&mut self, context: &mut Context<'_>) {
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            self.waker = Some(context.waker().clone());
            self.connections.iter_mut().for_each(|connection| connection.waits_in = None);
            self.alarm = Instant::NEVER;
        }
        // This comes before the connections are served, because one that the peer has closed ends then.
        #[cfg(feature = "update")]
        if let Some(update) = self.shared.server.update {
            report_served(update, self.shared.follower, self.connections, context.waker());
        }
        loop {
            let now = now();
            self.follow(context, now);
            let mut head_is_free = self.shared.has_head();
            for connection in self.connections.iter_mut() {
                if !connection.is_asleep(now, head_is_free) {
                    connection.serve(context, now, &mut self.shared);
                    head_is_free = self.shared.has_head();
                }
            }
            let due = self.keep_listening(context, now);
            let due =
                self.connections.iter().fold(due, |earliest, connection| earliest.min(connection.wake_at()));
            let listening = self.connections.iter().filter(|connection| connection.listens()).count();
            self.listeners.set(listening, context.waker());
            let in_time = now < self.alarm && self.alarm <= due;
            if in_time {
                return;
            }
            self.alarm = due;
            if due == Instant::NEVER {
                return;
            }
            self.timer = Timer::at(embassy_time::Instant::from_millis(due.as_millis()));
            if Pin::new(&mut self.timer).poll(context).is_pending() {
                return;
            }
        }
    }

    /// Follows the device's feed, and marks the connections that it concerns.
    fn follow(&mut self, context: &mut Context<'_>, now: Instant) {
        let Shared { server, follower, feed, .. } = &mut self.shared;
        let before = feed.revision();
        server.device.register(*follower, context.waker());
        server.device.follow(now, *follower, feed, |slot| {
            self.connections.iter_mut().for_each(|connection| connection.expect_reply(slot));
        });
        if feed.revision() != before {
            self.connections.iter_mut().for_each(Connection::expect_frames);
        }
    }

    /// Evicts connections while too few sockets listen. Returns when to check next.
    ///
    /// The order is: idle keep-alive (at once), no request yet ([`SILENT_MS`]), partial request or unread
    /// response ([`PARTIAL_REQUEST_MS`]).
    fn keep_listening(&mut self, context: &mut Context<'_>, now: Instant) -> Instant {
        let listening = self.connections.iter().filter(|connection| connection.listens_soon()).count();
        if listening >= LISTENING {
            return Instant::NEVER;
        }
        if self.shared.has_head() {
            // A socket is missing, so the longest-draining connection that has received everything is reset.
            let closing = self.connections.iter_mut().filter(|connection| connection.is_closed_by_us());
            if let Some(oldest) = closing.min_by_key(|connection| connection.wake_at()) {
                oldest.abandon(context, now, &mut self.shared);
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
                    core::mem::swap(place, &mut candidate);
                }
            }
        }
        for (_, i) in yielding.into_iter().flatten() {
            self.connections[i].evict(context, now, &mut self.shared);
            // Another free socket can listen with the returned buffer in the next round.
            due = now;
        }
        due
    }
}
