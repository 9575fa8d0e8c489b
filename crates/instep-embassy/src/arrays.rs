//! The arrays of a server's memory, whose lengths are known where it is declared.

use core::array::from_fn;
use instep::Limits;
use instep::driver::{Recorder, RingEntry, TableEntry};
use instep::thing::HistoryPoint;

/// The arrays of a server's memory, which [`resources!`](crate::resources) declares.
pub trait Arrays: 'static {
    /// The limits of the server.
    const LIMITS: Limits;
    /// Slots for requests by plain HTTP.
    const REQUESTS: usize;
    /// An entry for each topic.
    type Topics: Array<TableEntry>;
    /// Frames of the topics.
    type TopicBytes: Bytes;
    /// An entry for each event that is kept.
    type Events: Array<RingEntry>;
    /// Frames of the events.
    type EventBytes: Bytes;
    /// Values of sensors that are remembered.
    type History: Array<HistoryPoint>;
    /// A recorder for each sensor whose values are remembered.
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

/// An array of any length.
pub trait Array<T>: AsMut<[T]> + Send + 'static {
    /// Returns an array of values that `make` makes.
    fn filled(make: impl FnMut() -> T) -> Self;
}

impl<T: Send + 'static, const N: usize> Array<T> for [T; N] {
    fn filled(mut make: impl FnMut() -> T) -> Self {
        from_fn(|_| make())
    }
}

/// Zeroed bytes of any length.
pub trait Bytes: AsMut<[u8]> + Copy + Send + 'static {
    /// The bytes before they are used.
    const ZEROES: Self;
}

impl<const N: usize> Bytes for [u8; N] {
    const ZEROES: Self = [0; N];
}
