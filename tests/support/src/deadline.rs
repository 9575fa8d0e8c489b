//! The deadline of what blocks.

use std::time::Duration;

/// How long anything may take that should happen at once. Long, so that a busy machine fails no
/// test: a test that passes never waits for it.
pub const SOON: Duration = Duration::from_secs(10);
