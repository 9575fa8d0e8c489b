//! Numbers for tests that try a bit of everything.

/// The same numbers each time: good enough to choose what happens next.
pub(crate) struct Dice(u32);

impl Dice {
    pub(crate) fn new(seed: u32) -> Self {
        Self(seed)
    }

    pub(crate) fn roll(&mut self, sides: u32) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from((self.0 >> 8) % sides).unwrap()
    }
}
