//! Counters of what needed no turn, in builds for tests.

use core::sync::atomic::{AtomicU32, Ordering};

/// What needed no turn, counted in builds for tests.
#[derive(Debug, Default)]
pub struct WithoutTurn {
    /// Number of messages.
    pub messages: Count,
    /// Number of frames.
    pub frames: Count,
}

/// Counter of one task, for which a chip needs no atomic addition.
#[derive(Debug, Default)]
pub struct Count(AtomicU32);

impl Count {
    pub(crate) fn count(&self, happened: bool) {
        self.0.store(self.total() + u32::from(happened), Ordering::Relaxed);
    }

    /// Returns the number so far.
    pub fn total(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

impl WithoutTurn {
    pub(crate) const fn new() -> Self {
        Self { messages: Count(AtomicU32::new(0)), frames: Count(AtomicU32::new(0)) }
    }
}
