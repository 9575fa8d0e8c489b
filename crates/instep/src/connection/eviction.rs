//! Eviction of connections, when there are more connections than sockets or slots.

use super::client::{Client, State};
use super::http_state::HttpState;
use crate::service::Pending;
use crate::time::Instant;
use log::Level;

/// Eviction priority of a connection.
///
/// Variants are ordered first-to-evict, and within a variant the connection with the oldest time comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvictionPriority {
    /// Idle since then, without a request yet or with the last one answered.
    Idle(Instant),
    /// A request began then and is incomplete. A well-behaved client sends it at once.
    PartialRequest(Instant),
    /// A WebSocket was pinged then, and did not answer the ping before.
    Unresponsive(Instant),
    /// A request is being answered, or a WebSocket is responsive. Such a connection is not evicted.
    InUse,
}

impl Client {
    /// Returns the eviction priority, which changes only in a turn.
    pub fn eviction_priority(&self) -> EvictionPriority {
        let since = self.timing.since;
        let has_unsent = self.has_unsent();
        match (&self.state, self.memory.http()) {
            // With two pings, the first one has been unanswered for a whole interval.
            (State::Open(_), _) if self.pings >= 2 => EvictionPriority::Unresponsive(since),
            _ if has_unsent => EvictionPriority::InUse,
            (State::Http, Some(HttpState { pending: Pending::Invocation(_), .. })) => EvictionPriority::InUse,
            (
                State::Http,
                Some(HttpState { reply: None, body_remaining: unread, pending, head_begun, .. }),
            ) => {
                let begun = *head_begun || !unread.is_nothing() || *pending != Pending::Nothing;
                if begun { EvictionPriority::PartialRequest(since) } else { EvictionPriority::Idle(since) }
            }
            (State::Lingering(_), _) => EvictionPriority::Idle(since),
            _ => EvictionPriority::InUse,
        }
    }

    /// Returns whether a request of this connection has been answered.
    #[doc(hidden)]
    pub fn was_served(&self) -> bool {
        self.memory.http().is_some_and(|http| http.served)
    }

    /// Returns since when the socket has accepted no output, if output waits.
    #[doc(hidden)]
    pub fn stalled_since(&self) -> Option<Instant> {
        self.timing.stalled_since()
    }

    /// Logs that an unresponsive client was evicted for a new connection.
    pub fn log_given_up(&self) {
        if let State::Open(open) = &self.state {
            let client = open.slot.client;
            client.log(
                Level::Warn,
                format_args!("Evicted: it does not answer, and a new connection needs its place"),
            );
        }
    }
}
