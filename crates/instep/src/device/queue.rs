//! Queue of slot numbers in static memory.

/// Queue of slot numbers.
///
/// A flag of each slot shows whether the slot is in the queue, so no slot is in it twice. So a queue with one entry for each slot
/// cannot overflow.
#[derive(Debug)]
pub(crate) struct SlotQueue {
    storage: &'static mut [u16],
    first: usize,
    length: usize,
}

impl SlotQueue {
    pub(crate) fn new(storage: &'static mut [u16]) -> Self {
        Self { storage, first: 0, length: 0 }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.storage.len()
    }

    pub(crate) fn push(&mut self, slot: u16) {
        debug_assert!(self.length < self.storage.len(), "the queue is full, so a slot is in it twice");
        let index = (self.first + self.length) % self.storage.len();
        self.storage[index] = slot;
        self.length += 1;
    }

    pub(crate) fn pop(&mut self) -> Option<u16> {
        if self.length == 0 {
            return None;
        }
        let slot = self.storage[self.first];
        self.first = (self.first + 1) % self.storage.len();
        self.length -= 1;
        Some(slot)
    }

    /// Removes a slot from any position.
    pub(crate) fn remove(&mut self, slot: u16) {
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
        let mut queue = SlotQueue::new(std::vec![0; 3].leak());
        for slot in [4, 5, 6] {
            queue.push(slot);
        }
        queue.remove(5);
        queue.push(7);
        assert_eq!([queue.pop(), queue.pop(), queue.pop(), queue.pop()], [Some(4), Some(6), Some(7), None]);
    }
}
