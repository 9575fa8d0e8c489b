//! What comes of a turn.

use super::Instant;

/// What a driver has to do after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Bytes of the input that were used. The driver presents the others again, unchanged, with what comes after
    /// them: no more than [`Client::tail_max`](super::Client::tail_max) where the client takes more input.
    pub used: usize,
    /// The client takes more input.
    pub wants_read: bool,
    /// The socket did not take everything: a turn is due when it takes more.
    pub wants_write: bool,
    /// Messages that were taken whole.
    pub messages: u32,
    /// A turn is due then, at the latest.
    pub wake_at: Instant,
    /// Nothing more will be written: shut down that direction, and go on reading.
    pub shut_down: bool,
    /// It is over: close the socket and drop the client.
    pub closed: bool,
}
