//! Index of a slot.

#[cfg(target_pointer_width = "64")]
type Number = u32;
#[cfg(not(target_pointer_width = "64"))]
type Number = u16;

/// Index of a slot.
///
/// It has 32 bits where pointers have 64, so a server has as many clients as its memory allows. It has 16 bits on
/// microcontrollers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotIndex(Number);

impl SlotIndex {
    /// The first slot.
    pub const FIRST: Self = Self(0);

    /// Maximum number of slots.
    pub const COUNT_MAX: usize = Number::MAX as usize;

    /// Returns the index of a slot. Returns `None` if it has too many bits.
    pub(crate) fn new(index: usize) -> Option<Self> {
        Number::try_from(index).ok().map(Self)
    }

    /// Returns the position among the slots.
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}
