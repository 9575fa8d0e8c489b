//! Arrays of a server's memory, with lengths from its declaration.

use core::array::from_fn;
use instep::Limits;
use instep::driver::{Recorder, RingEntry, TableEntry};
use instep::thing::HistoryPoint;

/// Arrays of a server's memory, which [`resources!`](crate::resources) declares.
pub trait Arrays: 'static {
    /// The limits of the server.
    const LIMITS: Limits;
    /// Number of slots for requests by plain HTTP.
    const REQUESTS: usize;
    /// An entry for each topic.
    type Topics: Array<TableEntry>;
    /// Frames of the topics.
    type TopicBytes: Bytes;
    /// An entry for each event that is kept.
    type Events: Array<RingEntry>;
    /// Frames of the events.
    type EventBytes: Bytes;
    /// Values in the histories of sensors.
    type History: Array<HistoryPoint>;
    /// A recorder for each sensor with a history.
    type Recorders: Array<Recorder>;
    /// A message of one client.
    type Message: Bytes;
    /// The replies for one client.
    type Outbox: Bytes;
    /// The head of one request.
    type Head: Bytes;
    /// Unsent output of one client that answers requests.
    type Unsent: Bytes;
    /// Input on its way from a socket to its client.
    type Input: Bytes;
    /// Gathered output of one turn.
    type Scratch: Bytes;
    /// The receive buffer of one socket.
    type Receive: Bytes;
    /// The send buffer of one socket.
    type Send: Bytes;
}

/// Array of any length.
pub trait Array<T>: AsMut<[T]> + Send + 'static {
    /// Returns an array whose values come from `make`.
    fn filled(make: impl FnMut() -> T) -> Self;
}

impl<T: Send + 'static, const N: usize> Array<T> for [T; N] {
    fn filled(mut make: impl FnMut() -> T) -> Self {
        from_fn(|_| make())
    }
}

/// Zeroed bytes of any length.
pub trait Bytes: AsMut<[u8]> + Copy + Send + 'static {
    /// Zeroes, the initial content.
    const ZEROES: Self;
}

impl<const N: usize> Bytes for [u8; N] {
    const ZEROES: Self = [0; N];
}
