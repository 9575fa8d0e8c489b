//! Lengths of the parts of a server's memory, for given limits and applications.

use instep::driver::{CLIENT_HEADER_MAX, Client, SERVER_HEADER_MAX};
use instep::{App, Limits};

/// Number of sockets of each interface that listen or answer requests, beside the sockets of clients.
pub const ACCEPTING: usize = 6;

/// Minimum number of listening sockets.
///
/// While fewer sockets listen, idle and incomplete connections are evicted.
pub const LISTENING: usize = 2;

/// Default length of a socket's receive buffer and of its send buffer, in bytes.
///
/// Bytes in the send buffer cannot be replaced by newer state.
pub const SOCKET_BUFFER: usize = 1536;

/// Maximum bytes of requests that are read from a socket at once.
pub const INPUT: usize = 256;
/// Minimum free space of a socket to read a control frame, in bytes, so that its response fits.
pub const CONTROL_ROOM: usize = 512;
/// Number of slots of the device beside the slots of connected clients.
///
/// The slot of a closed client becomes free only when the application has received the disconnect.
pub const SPARE_SLOTS: usize = 4;
/// Number of followers of the device beside the network interfaces: the client of a broker.
pub const BROKERS: usize = if cfg!(feature = "mqtt") { 1 } else { 0 };
/// Maximum output that may wait for a client beside one frame, in bytes.
///
/// This is for control frames and the response to a handshake.
const CONTROL_RESERVE: usize = 512;

/// Returns the length of blocks for `count` frames, and of one to encode into, in bytes.
pub const fn blocks(limits: &Limits, count: usize) -> usize {
    (limits.frame + SERVER_HEADER_MAX) * (count + 1)
}

/// Needs of applications beside the limits: of each, the maximum over all applications.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// Number of topics.
    pub topics: usize,
    /// Number of slots for requests by plain HTTP, which only a Thing receives.
    pub requests: usize,
    /// Number of values in the histories of sensors.
    pub history: usize,
    /// Number of sensors with a history.
    pub recorders: usize,
}

impl Needs {
    /// Returns the needs of an application with `topics` topics and without a Thing.
    pub const fn topics(topics: usize) -> Self {
        Self { topics, requests: 0, history: 0, recorders: 0 }
    }

    /// Returns the needs of any one of the applications.
    pub const fn of(apps: &[&App]) -> Self {
        let (mut needs, mut i) = (Self::topics(0), 0);
        while i < apps.len() {
            needs.topics = greater(needs.topics, apps[i].topic_count());
            if let Some(thing) = apps[i].as_thing() {
                needs.requests = 2;
                needs.history = greater(needs.history, thing.history_points());
                needs.recorders = greater(needs.recorders, thing.history_count());
            }
            i += 1;
        }
        needs
    }
}

const fn greater(one: usize, other: usize) -> usize {
    if one > other { one } else { other }
}

/// Returns the length of the buffer for input of one message, in bytes.
pub const fn input(limits: &Limits) -> usize {
    limits.message + CLIENT_HEADER_MAX
}

/// Returns the minimum length of a send buffer, in bytes.
///
/// Every frame must fit, and every response to a control frame.
pub const fn send_min(limits: &Limits) -> usize {
    greater(limits.frame + SERVER_HEADER_MAX, CONTROL_ROOM)
}

/// Returns the maximum unsent output of a connection that answers requests, in bytes.
pub const fn unsent(limits: &Limits) -> usize {
    limits.frame + CONTROL_RESERVE
}

/// Returns the length of the buffer in which output is gathered, in bytes.
pub const fn scratch(limits: &Limits) -> usize {
    unsent(limits) + limits.frame + SERVER_HEADER_MAX
}

/// Returns the length of the buffer for a request's head and the input after it, in bytes.
pub const fn head(limits: &Limits) -> usize {
    Client::tail_max(limits) + INPUT
}
