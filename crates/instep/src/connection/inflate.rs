//! Inflaters, which a client borrows for one compressed message.

use crate::time::Instant;

/// Number of a borrowed inflater.
///
/// The number cannot be copied, so a client cannot use it after it has returned the inflater.
#[derive(Debug, PartialEq, Eq)]
pub struct Inflater(pub u16);

/// Result of one call of [`Compression::inflate`](crate::driver::Compression::inflate).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inflated {
    /// The number of input bytes that were used.
    pub used: usize,
    /// The number of output bytes.
    pub produced: usize,
    /// Whether the last byte of the message has been produced.
    pub done: bool,
}

/// Decompression of a message that has begun.
#[derive(Debug)]
pub(super) struct Inflating {
    pub(super) inflater: Inflater,
    /// Whether a piece of the message has been passed on.
    pub(super) begun: bool,
    /// The time of the last input, as the lower 32 bits of its milliseconds.
    ///
    /// The time has only 32 bits, because every client stores one.
    pub(super) since: u32,
}

impl Inflating {
    /// Returns the time at which `timeout`, in ms, has passed without input.
    ///
    /// The timeout must be below 24 days.
    pub(super) fn deadline(&self, now: Instant, timeout: u64) -> Instant {
        let waited = u64::from(now.as_lower_millis().wrapping_sub(self.since));
        Instant::from_millis((now.as_millis() + timeout).saturating_sub(waited))
    }
}
