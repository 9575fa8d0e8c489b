//! The timers of a client, and the times from which they run.

use crate::time::Instant;

/// Timer of a client, in the order in which expired timers are handled.
///
/// No deadline is stored. Each is computed from the state of the client and from [`Timing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
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
    /// A password is being checked or waits for its check, or content waits for room or for its answer: the next turn polls.
    Poll,
    /// The password of a request was not checked in time: 503.
    PasswordTimeout,
    /// The application does not answer a request in time: 503.
    Invocation,
    /// The head of a request is not complete in time: 408 if the head has begun, and otherwise the end of the connection.
    Head,
}

impl Timer {
    /// Returns whether the timer runs after the turn has read its input.
    ///
    /// Input of that turn counts as in time.
    pub(super) fn is_of_request(self) -> bool {
        matches!(self, Self::PasswordTimeout | Self::Invocation | Self::Head)
    }
}

/// Timestamps of a connection.
#[derive(Debug)]
pub(super) struct Timing {
    /// The beginning of the current phase.
    ///
    /// For HTTP this is the time of the accept, of the last response, or of the first byte of a head. For draining this is its start.
    /// For a WebSocket or a stream this is the time of the last input, or of the last ping.
    pub(super) since: Instant,
    /// The time of the last accepted byte while output waits, or [`Instant::NEVER`].
    pub(super) stalled: Instant,
    /// No timer of the connection is due before this time, which the last turn computed.
    pub(super) earliest: Instant,
}

impl Timing {
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, stalled: Instant::NEVER, earliest: now }
    }

    /// Notes that the socket has accepted no output since then.
    pub(super) fn blocked_since(&mut self, since: Instant) {
        self.stalled = self.stalled.min(since);
        self.earliest = since;
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
