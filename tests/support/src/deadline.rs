//! Deadline of blocking operations.

use std::time::Duration;

/// Time limit for everything that should happen at once.
///
/// It is long, so that a busy machine fails no test; a passing test never waits for it.
pub const SOON: Duration = Duration::from_secs(10);
