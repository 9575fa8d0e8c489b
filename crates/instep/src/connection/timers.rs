//! When what happened to a connection.

use crate::time::Instant;

/// When what happened to a client last.
#[derive(Debug)]
pub(super) struct Timing {
    /// When this state began: the connection, or the last answer; the first byte of a head; lingering. Of who follows: when
    /// it was heard last, or pinged since.
    pub(super) since: Instant,
    /// When the socket last took a byte, while it does not take all; else never.
    pub(super) stalled: Instant,
}

impl Timing {
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, stalled: Instant::NEVER }
    }

    /// The socket has taken nothing since then, of what it is to take.
    pub(super) fn blocked_since(&mut self, since: Instant) {
        self.stalled = self.stalled.min(since);
    }

    /// Since when the socket has taken nothing of what it is to take, if there is anything.
    pub(super) fn stalled_since(&self) -> Option<Instant> {
        (self.stalled != Instant::NEVER).then_some(self.stalled)
    }

    /// Whether the socket took anything, and whether it did not take all.
    pub(super) fn wrote(&mut self, now: Instant, accepted: bool, blocked: bool) {
        if !blocked {
            self.stalled = Instant::NEVER;
        } else if accepted || self.stalled == Instant::NEVER {
            self.stalled = now;
        }
    }

    /// The peer takes what was written before. Says whether that is of interest.
    pub(super) fn accepted(&mut self, now: Instant) -> bool {
        let stalled = self.stalled != Instant::NEVER;
        if stalled {
            self.stalled = now;
        }
        stalled
    }

    /// A state begins.
    pub(super) fn begin(&mut self, now: Instant) {
        self.since = now;
    }
}
