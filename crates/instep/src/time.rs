//! Time, which drivers pass as an argument.

/// Point in time, in milliseconds since any fixed one, such as the start.
///
/// Drivers pass the current time to each call, because this crate reads no clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(u64);

impl Instant {
    /// The time of a deadline that never comes.
    pub const NEVER: Self = Self(u64::MAX);

    /// Creates the point that many milliseconds after the fixed one.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Returns the milliseconds since the fixed point.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Returns the lower 32 bits of the milliseconds.
    ///
    /// These bits distinguish times that are less than 24 days apart.
    pub(crate) const fn as_lower_millis(self) -> u32 {
        // The mask makes the cast lossless.
        (self.0 & 0xffff_ffff) as u32
    }

    /// Returns the point that is later by this number of milliseconds.
    ///
    /// Returns [`Instant::NEVER`] on overflow. It is not inlined, because a saturating 64-bit addition is long on a
    /// 32-bit chip and has many callers.
    #[inline(never)]
    pub const fn after(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}
