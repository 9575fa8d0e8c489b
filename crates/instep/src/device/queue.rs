//! Queue of slots in static memory.

use super::slot_index::SlotIndex;

/// Queue of slot numbers.
///
/// A flag of each slot shows whether the slot is in the queue, so no slot is in it twice. So a queue with one entry for each slot
/// cannot overflow.
#[derive(Debug)]
pub(crate) struct SlotQueue {
    storage: &'static mut [SlotIndex],
    first: usize,
    length: usize,
}

impl SlotQueue {
    pub(crate) fn new(storage: &'static mut [SlotIndex]) -> Self {
        Self { storage, first: 0, length: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(crate) fn capacity(&self) -> usize {
        self.storage.len()
    }

    pub(crate) fn push(&mut self, slot: SlotIndex) {
        debug_assert!(self.length < self.storage.len(), "the queue is full, so a slot is in it twice");
        let index = (self.first + self.length) % self.storage.len();
        self.storage[index] = slot;
        self.length += 1;
    }

    pub(crate) fn pop(&mut self) -> Option<SlotIndex> {
        if self.length == 0 {
            return None;
        }
        let slot = self.storage[self.first];
        self.first = (self.first + 1) % self.storage.len();
        self.length -= 1;
        Some(slot)
    }

    /// Removes a slot from any position.
    pub(crate) fn remove(&mut self, slot: SlotIndex) {
        for _ in 0..self.length {
            if let Some(first) = self.pop().filter(|first| *first != slot) {
                self.push(first);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_is_first_in_first_out_after_removal() {
        let slots = [4, 5, 6, 7].map(|index| SlotIndex::new(index).unwrap());
        let mut queue = SlotQueue::new(std::vec![SlotIndex::FIRST; 3].leak());
        for slot in &slots[..3] {
            queue.push(*slot);
        }
        queue.remove(slots[1]);
        queue.push(slots[3]);
        let popped = [queue.pop(), queue.pop(), queue.pop(), queue.pop()];
        assert_eq!(popped, [Some(slots[0]), Some(slots[2]), Some(slots[3]), None]);
    }
}
