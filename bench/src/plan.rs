//! What is measured, how often and for how long.

use std::time::Duration;

/// Bytes of the messages that are echoed.
pub const ECHO_SIZES: [usize; 4] = [16, 125, 1024, 16_384];
/// How many of them a client sends at once.
pub const ECHO_DEPTHS: [usize; 2] = [1, 16];
/// How many subscribers a publish goes to.
pub const SUBSCRIBERS: [usize; 3] = [100, 1000, 5000];

/// How thorough a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Repeats of a row of echo or fan-out.
    pub repeats: usize,
    /// How long each repeat of a row of echo is measured.
    pub echo_time: Duration,
    /// How long each repeat of a row of fan-out is measured.
    pub fan_out_time: Duration,
    /// Repeats of the row of memory.
    pub idle_repeats: usize,
    /// Its clients.
    pub idle_clients: usize,
    /// Publishes of instep while a subscriber stalls.
    pub publishes: u32,
    /// Those of the others: it is only their ratio that counts.
    pub peer_publishes: u32,
    /// Repeats of instep with a stalled subscriber and without, in turn.
    pub stall_repeats: usize,
    /// Publishes of the run in which the stalled subscriber is dropped, which takes more than 10 s.
    pub drop_publishes: u32,
}

impl Plan {
    /// What docs/reference/benchmarks.md is made from.
    pub const FULL: Self = Self {
        repeats: 9,
        echo_time: Duration::from_millis(400),
        fan_out_time: Duration::from_millis(800),
        idle_repeats: 3,
        idle_clients: 10_000,
        publishes: 1_000_000,
        peer_publishes: 160_000,
        stall_repeats: 3,
        drop_publishes: 1_000_000,
    };
    /// A first look.
    pub const QUICK: Self = Self {
        repeats: 3,
        echo_time: Duration::from_millis(120),
        fan_out_time: Duration::from_millis(200),
        idle_repeats: 1,
        idle_clients: 10_000,
        publishes: 300_000,
        peer_publishes: 60_000,
        stall_repeats: 2,
        drop_publishes: 300_000,
    };
}
