//! Timestamps of a connection, from which its deadlines are computed.

use crate::time::Instant;

/// Timestamps of a connection.
#[derive(Debug)]
pub(super) struct Timing {
    /// The beginning of the current phase.
    ///
    /// For HTTP it is the time of the accept, of the last response, or of the first byte of a head. For draining it is the begin.
    /// For a WebSocket or a stream it is the last sign of the client, or the last ping.
    pub(super) since: Instant,
    /// The time of the last accepted byte while output waits, or [`Instant::NEVER`].
    pub(super) stalled: Instant,
}

impl Timing {
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, stalled: Instant::NEVER }
    }

    /// Notes that the socket has accepted no output since then.
    pub(super) fn blocked_since(&mut self, since: Instant) {
        self.stalled = self.stalled.min(since);
    }

    /// Returns since when the socket has accepted no output, if output waits.
    pub(super) fn stalled_since(&self) -> Option<Instant> {
        (self.stalled != Instant::NEVER).then_some(self.stalled)
    }

    /// Notes whether the socket accepted any output, and whether it is blocked.
    pub(super) fn wrote(&mut self, now: Instant, accepted: bool, blocked: bool) {
        if !blocked {
            self.stalled = Instant::NEVER;
        } else if accepted || self.stalled == Instant::NEVER {
            self.stalled = now;
        }
    }

    /// Notes that the peer acknowledged earlier output.
    ///
    /// Returns whether the socket was blocked.
    pub(super) fn accepted(&mut self, now: Instant) -> bool {
        let stalled = self.stalled != Instant::NEVER;
        if stalled {
            self.stalled = now;
        }
        stalled
    }

    /// Begins a phase.
    pub(super) fn begin(&mut self, now: Instant) {
        self.since = now;
    }
}
