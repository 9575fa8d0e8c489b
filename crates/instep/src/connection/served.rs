//! What a connection shows of served requests, for the trial of a new image.

use super::client::{Client, State};
use crate::service::Pending;
use crate::time::Instant;

impl Client {
    /// Returns whether the socket has accepted a whole response, or the opening of a WebSocket or of a stream.
    #[doc(hidden)]
    pub fn has_answered(&self) -> bool {
        let has_unsent = self.has_unsent();
        match self.state {
            State::Http => self.http().is_some_and(|http| {
                http.served && http.reply.is_none() && http.pending == Pending::Nothing && !has_unsent
            }),
            State::Open(_) | State::Events(_) => !has_unsent,
            State::Lingering(_) => true,
            State::Taking(_) | State::Ending | State::Closed => false,
        }
    }

    /// Returns when the present request began, if no byte of its response is written.
    #[doc(hidden)]
    pub fn unanswered_since(&self) -> Option<Instant> {
        let http = self.http()?;
        let asks = http.head_begun || http.pending != Pending::Nothing;
        let is_answered = http.reply.is_some() || self.has_unsent();
        (asks && !is_answered).then_some(self.timing.since)
    }
}
