//! How long the parts of a server's memory are, for given limits and applications.

use instep::driver::{CLIENT_HEADER_MAX, Client, SERVER_HEADER_MAX};
use instep::{App, Limits};

/// Sockets of each interface that listen or answer requests, beside those of its clients.
pub const ACCEPTING: usize = 6;

/// While fewer sockets than this listen, whoever keeps one without using it yields.
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

/// Topics of that of the applications that has most.
pub const fn topics(apps: &[&App]) -> usize {
    let (mut most, mut at) = (0, 0);
    while at < apps.len() {
        most = greater(most, apps[at].topic_count());
        at += 1;
    }
    most
}

/// Requests by plain HTTP that a Thing may be asked at once, if any of the applications is one.
pub const fn requests(apps: &[&App]) -> usize {
    let mut at = 0;
    while at < apps.len() {
        if apps[at].as_thing().is_some() {
            return 2;
        }
        at += 1;
    }
    0
}

/// How many values the sensors of that of the applications remember that remembers most.
pub const fn history_points(apps: &[&App]) -> usize {
    let (mut most, mut at) = (0, 0);
    while at < apps.len() {
        if let Some(thing) = apps[at].as_thing() {
            most = greater(most, thing.history_points());
        }
        at += 1;
    }
    most
}

/// How many sensors remember anything in that of the applications that has most of them.
pub const fn history_count(apps: &[&App]) -> usize {
    let (mut most, mut at) = (0, 0);
    while at < apps.len() {
        if let Some(thing) = apps[at].as_thing() {
            most = greater(most, thing.history_count());
        }
        at += 1;
    }
    most
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
