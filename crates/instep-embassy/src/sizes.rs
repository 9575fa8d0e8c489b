//! How long the parts of a server's memory are, for given limits and applications.

use instep::driver::{CLIENT_HEADER_MAX, Client, SERVER_HEADER_MAX};
use instep::{App, Limits};

/// Sockets of each interface that listen or answer requests, beside those of its clients.
pub const ACCEPTING: usize = 6;

/// While fewer sockets than this listen, connections that are idle or incomplete are evicted.
pub const LISTENING: usize = 2;

/// Bytes of each socket's receive buffer, and of its send buffer, where a board says nothing else. What is in the latter
/// cannot be replaced by newer state.
pub const SOCKET_BUFFER: usize = 1536;

/// Bytes of requests that are read from a socket at once.
pub const INPUT: usize = 256;
/// Room in a socket with which a control frame is answered, whatever else a turn has to say.
pub const CONTROL_ROOM: usize = 512;
/// Slots of the device beside those of its clients: one is free only once the application has been told that its
/// client is gone.
pub const SPARE_SLOTS: usize = 4;
/// What may wait for a client beside one frame: control frames, and the answer to a handshake.
const BESIDE_A_FRAME: usize = 512;

/// Blocks for `count` frames, and one to encode into.
pub const fn blocks(limits: &Limits, count: usize) -> usize {
    (limits.frame + SERVER_HEADER_MAX) * (count + 1)
}

/// What applications need of a device beside its limits: of each the most that one of them needs.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// Topics.
    pub topics: usize,
    /// Slots for requests by plain HTTP, which only a Thing is sent.
    pub requests: usize,
    /// Values of sensors that are remembered.
    pub history: usize,
    /// Sensors whose values are remembered.
    pub recorders: usize,
}

impl Needs {
    /// The needs of applications without a Thing.
    pub const fn topics(topics: usize) -> Self {
        Self { topics, requests: 0, history: 0, recorders: 0 }
    }

    /// The needs of that one of the applications that is served.
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

/// Input on its way from a socket to its client: a whole message.
pub const fn input(limits: &Limits) -> usize {
    limits.message + CLIENT_HEADER_MAX
}

/// Bytes of a send buffer, at least: every frame has to have room, and every control frame's answer.
pub const fn send_min(limits: &Limits) -> usize {
    greater(limits.frame + SERVER_HEADER_MAX, CONTROL_ROOM)
}

/// What may wait for a client that answers requests.
pub const fn unsent(limits: &Limits) -> usize {
    limits.frame + BESIDE_A_FRAME
}

/// Where output is gathered.
pub const fn scratch(limits: &Limits) -> usize {
    unsent(limits) + limits.frame + SERVER_HEADER_MAX
}

/// A request's head, and what is read behind it.
pub const fn head(limits: &Limits) -> usize {
    Client::tail_max(limits) + INPUT
}
