//! Places of the slots and of `otadata` in the flash.

use crate::Refusal;

/// Size of a sector, the smallest part of the flash that is erased, in bytes.
pub const SECTOR_SIZE: usize = 4096;
/// Size of a sector, in bytes, for offsets.
pub(crate) const SECTOR: u32 = 4096;
const _: () = assert!(SECTOR as usize == SECTOR_SIZE);

/// Slot of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// Partition `ota_0`.
    Ota0,
    /// Partition `ota_1`.
    Ota1,
}

impl Slot {
    /// Both slots, in their order.
    pub const ALL: [Self; 2] = [Self::Ota0, Self::Ota1];

    /// Returns the other slot.
    pub const fn other(self) -> Self {
        match self {
            Self::Ota0 => Self::Ota1,
            Self::Ota1 => Self::Ota0,
        }
    }

    /// Returns the number of the slot, 0 or 1.
    pub const fn index(self) -> usize {
        match self {
            Self::Ota0 => 0,
            Self::Ota1 => 1,
        }
    }

    /// Returns the name of the slot's partition.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ota0 => "ota_0",
            Self::Ota1 => "ota_1",
        }
    }
}

/// A part of the flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Offset in the flash, in bytes.
    pub offset: u32,
    /// Size, in bytes.
    pub size: u32,
}

impl Partition {
    /// Returns whether these are whole sectors, at least `sectors` of them.
    const fn has_sectors(self, sectors: u32) -> bool {
        self.offset.is_multiple_of(SECTOR)
            && self.size.is_multiple_of(SECTOR)
            && self.size >= sectors * SECTOR
            && self.offset.checked_add(self.size).is_some()
    }
}

/// Places of the slots and of `otadata`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    otadata: Partition,
    slots: [Partition; 2],
}

impl Layout {
    /// Creates a layout from the partitions `otadata`, `ota_0` and `ota_1`.
    ///
    /// # Errors
    /// [`Refusal::NoSecondSlot`] if a partition is not whole sectors, or too small.
    pub const fn new(otadata: Partition, slots: [Partition; 2]) -> Result<Self, Refusal> {
        if !otadata.has_sectors(2) || !slots[0].has_sectors(1) || !slots[1].has_sectors(1) {
            return Err(Refusal::NoSecondSlot);
        }
        Ok(Self { otadata, slots })
    }

    /// Returns the partition of a slot.
    pub const fn slot(&self, slot: Slot) -> Partition {
        self.slots[slot.index()]
    }

    /// Returns the partition `otadata`.
    pub const fn otadata(&self) -> Partition {
        self.otadata
    }

    /// Returns the end of the last partition, in bytes.
    pub(crate) fn end(&self) -> u32 {
        let [first, second] = self.slots;
        [self.otadata, first, second].iter().map(|part| part.offset + part.size).max().unwrap_or_default()
    }
}
