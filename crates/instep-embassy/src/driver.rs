//! One network interface, and all its connections: one future, which holds nothing but a reference.

use crate::clock::now;
use crate::connection::Connection;
use crate::shared::Shared;
use crate::sizes::LISTENING;
use crate::syn_filter::Listeners;
use core::convert::Infallible;
use core::future::{Future as _, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use embassy_time::Timer;
use instep::Instant;
use instep::driver::EvictionPriority;

/// How long a connection may be silent when its socket is needed, in milliseconds: its first request may be on its way.
const SILENT_MS: u64 = 100;
/// How long a request may then be unfinished.
const PARTIAL_REQUEST_MS: u64 = 1_000;

/// Serves the clients of one network interface on one port.
pub struct Driver {
    connections: &'static mut [Connection],
    shared: Shared,
    listeners: &'static Listeners,
    /// Who was to be woken last.
    waker: Option<Waker>,
    timer: Timer,
    /// When that wakes: perhaps before it is needed, never after.
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

    /// Serves, for ever. To be called in a task of its own, beside the one that runs the network stack.
    pub async fn run(&'static mut self) -> ! {
        let never: Infallible = poll_fn(|context| {
            self.poll(context);
            Poll::Pending
        })
        .await;
        match never {}
    }

    /// Serves the connections that are ready, and arranges to be woken.
    // Not inlined: an application has one task per interface, and each would hold a copy.
    #[inline(never)]
    fn poll(&mut self, context: &mut Context<'_>) {
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            self.waker = Some(context.waker().clone());
            self.connections.iter_mut().for_each(Connection::forget_waker);
            self.alarm = Instant::NEVER;
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

    /// Takes over what the device has new, and takes note of whom it concerns.
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

    /// Lets those yield who keep a socket from listening and do not use it, while too few listen. Says when to look
    /// again.
    fn keep_listening(&mut self, context: &mut Context<'_>, now: Instant) -> Instant {
        let listening = self.connections.iter().filter(|connection| connection.listens_soon()).count();
        if listening >= LISTENING {
            return Instant::NEVER;
        }
        if self.shared.has_head() {
            // What is missing is a socket: whoever has had everything is not waited for any longer.
            let closing = self.connections.iter_mut().filter(|connection| connection.is_closed_by_us());
            if let Some(oldest) = closing.min_by_key(|connection| connection.wake_at()) {
                oldest.abandon(context, now, &mut self.shared);
            }
            return Instant::NEVER;
        }
        let mut yielding: [Option<(EvictionPriority, usize)>; LISTENING] = [None; LISTENING];
        let mut due = Instant::NEVER;
        for (number, connection) in self.connections.iter().enumerate() {
            let Some(standing) = connection.eviction_priority() else { continue };
            let until = match standing {
                EvictionPriority::Idle(since) if connection.was_served() => since,
                EvictionPriority::Idle(since) => since.after(SILENT_MS),
                EvictionPriority::PartialRequest(since) => since.after(PARTIAL_REQUEST_MS),
                EvictionPriority::Unresponsive(_) | EvictionPriority::InUse => continue,
            };
            if until > now {
                due = due.min(until);
                continue;
            }
            let mut candidate = Some((standing, number));
            for place in yielding.iter_mut().take(LISTENING - listening) {
                let better = match (*place, candidate) {
                    (Some(old), Some(new)) => new.0 < old.0,
                    (None, Some(_)) => true,
                    (_, None) => false,
                };
                if better {
                    core::mem::swap(place, &mut candidate);
                }
            }
        }
        for (_, number) in yielding.into_iter().flatten() {
            self.connections[number].evict(context, now, &mut self.shared);
            // Whoever is free listens in its place.
            due = now;
        }
        due
    }
}
