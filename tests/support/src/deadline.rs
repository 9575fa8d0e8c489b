//! Deadline of blocking operations, and waiting for a condition.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// Time limit for everything that should happen at once.
///
/// It is long, so that a busy machine fails no test; a passing test never waits for it.
pub const SOON: Duration = Duration::from_secs(10);

/// Longest pause between two looks at a condition.
const PAUSE_MAX: Duration = Duration::from_millis(20);

/// Waits until a condition is true.
///
/// # Panics
/// If it is not within that time, with the sentence of `otherwise`.
#[track_caller]
pub fn wait_until<D: Display>(
    within: Duration,
    mut condition: impl FnMut() -> bool,
    otherwise: impl FnOnce() -> D,
) {
    wait_for(within, || condition().then_some(()), otherwise);
}

/// Waits until there is a value, and returns it.
///
/// # Panics
/// If there is none within that time, with the sentence of `otherwise`.
#[track_caller]
pub fn wait_for<T, D: Display>(
    within: Duration,
    mut value: impl FnMut() -> Option<T>,
    otherwise: impl FnOnce() -> D,
) -> T {
    let begin = Instant::now();
    let mut pause = Duration::from_micros(50);
    loop {
        if let Some(value) = value() {
            return value;
        }
        assert!(begin.elapsed() < within, "not within {within:?}: {}", otherwise());
        std::thread::sleep(pause);
        pause = (2 * pause).min(PAUSE_MAX);
    }
}
