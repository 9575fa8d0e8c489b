//! What a driver goes by when there are more connections than places: which one could give up its own.

use super::client::{Client, State};
use super::http_state::HttpState;
use crate::service::Pending;
use crate::time::Instant;
use instep_proto::delivery::Storage as _;

/// What giving up a connection would cost. Who costs least comes first, and of those who has cost it longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvictionPriority {
    /// Nothing is in progress since then: nothing has been sent yet, or the last request is answered.
    Idle(Instant),
    /// A request began then and is not complete: whoever is well sends it at once.
    PartialRequest(Instant),
    /// An open WebSocket that was pinged then, and left the ping before that one without an answer.
    Unresponsive(Instant),
    /// A request is being answered, or a WebSocket is well: it is not given up.
    InUse,
}

impl Client {
    /// What giving up this connection would cost now. It changes only in a turn.
    pub fn eviction_priority(&self) -> EvictionPriority {
        let since = self.timing.since;
        let writes = self.http_state.as_ref().is_some_and(|exchange| !exchange.unsent.bytes().is_empty());
        match (&self.state, self.http_state.as_deref()) {
            // The first ping was due after one such time, the second after two.
            (State::Open(_), _) if self.pings >= 2 => EvictionPriority::Unresponsive(since),
            _ if writes => EvictionPriority::InUse,
            (State::Http, Some(HttpState { pending: Pending::Invocation(_), .. })) => EvictionPriority::InUse,
            (
                State::Http,
                Some(HttpState { reply: None, body_remaining: unread, pending: waits, head_begun, .. }),
            ) => {
                let begun = *head_begun || !unread.is_nothing() || *waits != Pending::Nothing;
                if begun { EvictionPriority::PartialRequest(since) } else { EvictionPriority::Idle(since) }
            }
            (State::Lingering(_), _) => EvictionPriority::Idle(since),
            _ => EvictionPriority::InUse,
        }
    }

    /// Whether a request of it has been answered.
    #[doc(hidden)]
    pub fn was_served(&self) -> bool {
        self.http_state.as_ref().is_some_and(|exchange| exchange.served)
    }

    /// Since when its socket has taken nothing of what it is to take, if there is anything.
    #[doc(hidden)]
    pub fn stalled_since(&self) -> Option<Instant> {
        self.timing.stalled_since()
    }

    /// Says in the log that a client that does not answer was given up for another one.
    pub fn log_given_up(&self) {
        if let State::Open(open) = &self.state {
            let client = open.slot.client;
            log::warn!(client = client.number; "[{client}] Dropped: it does not answer, and its place is needed");
        }
    }
}
