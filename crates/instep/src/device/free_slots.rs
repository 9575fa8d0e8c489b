//! Slots that are free for clients.

use super::slot::Slot;
use super::slot_index::SlotIndex;
use core::num::NonZeroU32;

/// Slots that are free for clients, in the order in which they became free.
///
/// Each free slot has the index of the next one, so this takes no memory of its own, and no search.
#[derive(Debug)]
pub(super) struct FreeSlots {
    first: SlotIndex,
    last: SlotIndex,
    count: usize,
    /// The number of slots for clients, which are the first ones.
    for_clients: usize,
}

impl FreeSlots {
    /// Links all slots for clients, which must be free.
    pub(super) fn new(slots: &mut [Slot], for_clients: usize) -> Self {
        let mut free = Self { first: SlotIndex::FIRST, last: SlotIndex::FIRST, count: 0, for_clients };
        for index in (0..for_clients).filter_map(SlotIndex::new) {
            free.put(slots, index);
        }
        free
    }

    /// Takes the slot that has been free for longest.
    pub(super) fn take(&mut self, slots: &[Slot]) -> Option<SlotIndex> {
        self.count = self.count.checked_sub(1)?;
        let first = self.first;
        self.first = next(&slots[first.get()]).unwrap_or_default();
        Some(first)
    }

    /// Adds a slot that became free, unless it is for HTTP requests.
    pub(super) fn put(&mut self, slots: &mut [Slot], index: SlotIndex) {
        if index.get() >= self.for_clients {
            return;
        }
        if self.count == 0 {
            self.first = index;
        } else {
            slots[self.last.get()].session = link(index);
        }
        self.last = index;
        self.count += 1;
    }
}

/// Returns the link to a slot.
fn link(to: SlotIndex) -> Option<NonZeroU32> {
    NonZeroU32::new(u32::try_from(to.get()).ok()?.checked_add(1)?)
}

/// Returns the free slot to which a free slot links.
fn next(slot: &Slot) -> Option<SlotIndex> {
    SlotIndex::new(usize::try_from(slot.session?.get() - 1).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::Buffer;
    use std::vec::Vec;

    #[test]
    fn longest_free_slot_is_taken_first_and_those_for_requests_never() {
        let index = |index| SlotIndex::new(index).unwrap();
        let slot = || Slot::new(Buffer::lent(&mut []), Buffer::lent(&mut []), 0);
        let mut slots: Vec<_> = (0..4).map(|_| slot()).collect();
        let mut free = FreeSlots::new(&mut slots, 3);
        let take = |free: &mut FreeSlots, slots: &[Slot]| free.take(slots).map(SlotIndex::get);
        assert_eq!((take(&mut free, &slots), take(&mut free, &slots)), (Some(0), Some(1)));
        free.put(&mut slots, index(1));
        free.put(&mut slots, index(3));
        assert_eq!((take(&mut free, &slots), take(&mut free, &slots)), (Some(2), Some(1)));
        assert_eq!(take(&mut free, &slots), None);
        free.put(&mut slots, index(2));
        free.put(&mut slots, index(0));
        assert_eq!((take(&mut free, &slots), take(&mut free, &slots)), (Some(2), Some(0)));
        assert_eq!(take(&mut free, &slots), None);
    }
}
