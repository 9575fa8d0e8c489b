//! The event ring: the last few frames that must not be replaced by newer ones.

use crate::frame::Encoded;
use core::ops::Range;

/// What the ring knows of one event, apart from the bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct RingEntry {
    block: usize,
    start: usize,
    end: usize,
    revision: u64,
}

/// The last events, in blocks lent by the owner: one for each event that is kept and a spare one.
#[derive(Debug)]
pub struct Ring<'s> {
    entries: &'s mut [RingEntry],
    storage: &'s mut [u8],
    block_length: usize,
    spare: usize,
    /// The number of the event that comes next. The first is 0.
    next: u64,
}

impl<'s> Ring<'s> {
    /// An empty ring of as many events as there are `entries`. `storage` is divided into one block more.
    pub fn new(entries: &'s mut [RingEntry], storage: &'s mut [u8]) -> Self {
        for (index, entry) in entries.iter_mut().enumerate() {
            *entry = RingEntry { block: index, ..RingEntry::default() };
        }
        let (block_length, spare) = (storage.len() / (entries.len() + 1), entries.len());
        Self { entries, storage, block_length, spare, next: 0 }
    }

    /// How many events are kept.
    pub fn capacity(&self) -> usize {
        self.entries.len()
    }

    /// The number of the event that comes next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The number of the oldest event that is still there, or [`Ring::next`] if there is none.
    pub fn oldest(&self) -> u64 {
        self.next.saturating_sub(self.entries.len() as u64)
    }

    /// The block to encode the next event into.
    pub fn spare(&mut self) -> &mut [u8] {
        let range = self.block(self.spare);
        &mut self.storage[range]
    }

    /// Makes what was encoded into [`Ring::spare`] the newest event, in place of the oldest.
    ///
    /// # Panics
    /// If the ring keeps no events.
    pub fn store(&mut self, revision: u64, frame: Encoded) {
        let index = self.index(self.next);
        let entry = &mut self.entries[index];
        core::mem::swap(&mut entry.block, &mut self.spare);
        (entry.start, entry.end, entry.revision) = (frame.start, frame.end, revision);
        self.next += 1;
    }

    /// Passes over events, as a follower does that has missed them.
    pub(crate) fn skip_to(&mut self, next: u64) {
        self.next = next;
    }

    /// The event of that number: revision, frame. `None` if it is not there any more, or not yet.
    pub fn event(&self, number: u64) -> Option<(u64, &[u8])> {
        if number < self.oldest() || number >= self.next {
            return None;
        }
        let entry = &self.entries[self.index(number)];
        let block = self.block(entry.block);
        Some((entry.revision, &self.storage[block][entry.start..entry.end]))
    }

    fn index(&self, number: u64) -> usize {
        usize::try_from(number % self.entries.len() as u64).unwrap_or(0)
    }

    fn block(&self, index: usize) -> Range<usize> {
        index * self.block_length..(index + 1) * self.block_length
    }
}
