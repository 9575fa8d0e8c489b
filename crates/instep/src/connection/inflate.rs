//! An inflater while a client has it: for the length of one compressed message.

use crate::time::Instant;

/// The number of an inflater that is in use. It cannot be copied, so nobody can use it after giving it back.
#[derive(Debug, PartialEq, Eq)]
pub struct Inflater(pub u16);

/// What came of one call of [`Compression::inflate`](crate::driver::Compression::inflate).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inflated {
    /// Bytes of the input that were used.
    pub used: usize,
    /// Bytes of output.
    pub produced: usize,
    /// The last byte of the message has been produced.
    pub done: bool,
}

/// A compressed message that has begun.
#[derive(Debug)]
pub(super) struct Inflating {
    pub(super) inflater: Inflater,
    /// A piece of the message has been handed on.
    pub(super) begun: bool,
    /// When bytes of it came last: the lower half of the milliseconds, because every client has room for this.
    pub(super) since: u32,
}

impl Inflating {
    /// When patience ends, which is less than a month.
    pub(super) fn deadline(&self, now: Instant, patience: u64) -> Instant {
        let waited = u64::from(now.as_lower_millis().wrapping_sub(self.since));
        Instant::from_millis((now.as_millis() + patience).saturating_sub(waited))
    }

    /// Waits for so long again.
    pub(super) fn wait_again(&mut self, now: Instant) {
        self.since = now.as_lower_millis();
    }

    /// The inflater, which is to be given back.
    pub(super) fn into_inflater(self) -> Inflater {
        self.inflater
    }
}
