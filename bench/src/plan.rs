//! Rows, repeats and times of a run.

use std::time::Duration;

/// Lengths of echoed messages, in bytes.
pub const ECHO_SIZES: [usize; 4] = [16, 125, 1024, 16_384];
/// Messages that a client sends at once.
pub const ECHO_DEPTHS: [usize; 2] = [1, 16];
/// Numbers of subscribers of a publish.
pub const SUBSCRIBERS: [usize; 3] = [100, 1000, 5000];

/// Subscribers of the rows of latency, and the share of publishes that is made with so many.
pub const LATENCY: [(usize, u32); 3] = [(1, 1), (16, 4), (1000, 20)];

/// Clients of the row of memory.
pub const IDLE_CLIENTS: usize = 10_000;

/// Extent of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Repeats of a row of echo or fan-out.
    pub repeats: usize,
    /// Time of each repeat of a row of echo.
    pub echo_time: Duration,
    /// Time of each repeat of a row of fan-out.
    pub fan_out_time: Duration,
    /// Publishes of each repeat of a row of latency with one subscriber.
    pub latency_publishes: u32,
    /// Repeats of the row of memory.
    pub idle_repeats: usize,
    /// Publishes of instep while a subscriber stalls.
    pub publishes: u32,
    /// Publishes of the others, fewer because only their ratio counts.
    pub peer_publishes: u32,
    /// Repeats of instep with a stalled subscriber and without, in turn.
    pub stall_repeats: usize,
    /// Publishes of the run in which the stalled
    /// subscriber is dropped, which takes more than 10 s.
    pub drop_publishes: u32,
}

impl Plan {
    /// The run for docs/reference/benchmarks.md.
    pub const FULL: Self = Self {
        repeats: 9,
        echo_time: Duration::from_millis(400),
        fan_out_time: Duration::from_millis(800),
        latency_publishes: 20_000,
        idle_repeats: 3,
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
        latency_publishes: 6_000,
        idle_repeats: 1,
        publishes: 300_000,
        peer_publishes: 60_000,
        stall_repeats: 2,
        drop_publishes: 300_000,
    };
}
