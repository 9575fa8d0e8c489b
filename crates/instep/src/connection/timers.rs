//! The timers of a client, and the times from which they run.

use crate::time::Instant;

/// A deadline of a client. None is stored: each is computed from the state of the client and from [`Timing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// The socket accepted no byte of pending output: the client is dropped.
    WriteStall,
    /// A compressed message makes no progress: the client is closed if others wait for its inflater.
    HalfMessage,
    /// The client waits for an inflater: the next turn looks for one.
    InflaterRetry,
    /// Nothing was sent for a while: a keep-alive message, or a comment in a stream of events.
    Keepalive,
    /// The session that let the client in expires: the client is closed.
    Session,
    /// The client is silent: a ping, or its end after too many of them.
    Ping,
    /// The peer does not close after us: the connection is closed.
    Linger,
    /// The password of a request is being checked, or waits for that: the next turn looks.
    PasswordRetry,
    /// The password of a request was not checked in time: 503.
    PasswordTimeout,
    /// The application does not answer a request in time: 503.
    Invocation,
    /// The head of a request is not complete in time: 408 if it has begun; else the connection ends.
    Head,
}

impl Timer {
    /// Returns whether the timer is handled after the input of a turn was taken: what came in that turn came in time.
    pub(super) fn is_of_request(self) -> bool {
        matches!(self, Self::PasswordTimeout | Self::Invocation | Self::Head)
    }
}

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
