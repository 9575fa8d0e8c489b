//! Time, as drivers tell it.

/// A moment, in milliseconds since any fixed one. Drivers say what time it is; nothing here reads a clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(u64);

impl Instant {
    /// Beyond every deadline.
    pub const NEVER: Self = Self(u64::MAX);

    /// So many milliseconds after the fixed moment.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the fixed moment.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The lower half of the milliseconds: enough to tell times apart that are less than a month from each other.
    pub(crate) const fn as_lower_millis(self) -> u32 {
        // What is cut off is the upper half.
        (self.0 & 0xffff_ffff) as u32
    }

    /// So many milliseconds later.
    // Not inlined: saturating is long on 32 bits, and it stands in many places.
    #[inline(never)]
    pub const fn after(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}
