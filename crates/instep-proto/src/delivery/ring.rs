//! Event ring: the last few frames that newer ones must not supersede.

use crate::frame::Encoded;
use core::ops::Range;

/// Entry of one event, without its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct RingEntry {
    block: usize,
    start: usize,
    end: usize,
    revision: u64,
}

/// Last events, in lent blocks: one for each event and a spare one.
#[derive(Debug)]
pub struct Ring<'s> {
    entries: &'s mut [RingEntry],
    storage: &'s mut [u8],
    block_length: usize,
    spare: usize,
    /// Number of the next event, from 0.
    next: u64,
}

impl<'s> Ring<'s> {
    /// Creates an empty ring of `entries.len()` events.
    ///
    /// `storage` is divided into one block more.
    pub fn new(entries: &'s mut [RingEntry], storage: &'s mut [u8]) -> Self {
        for (index, entry) in entries.iter_mut().enumerate() {
            *entry = RingEntry { block: index, ..RingEntry::default() };
        }
        let (block_length, spare) = (storage.len() / (entries.len() + 1), entries.len());
        Self { entries, storage, block_length, spare, next: 0 }
    }

    /// Forgets all events.
    #[cfg(feature = "gateway")]
    pub(crate) fn clear(&mut self) {
        self.next = 0;
    }

    /// Returns the maximum number of events.
    pub fn capacity(&self) -> usize {
        self.entries.len()
    }

    /// Returns the number of the next event.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Returns the number of the oldest event, or [`Ring::next`] if there is none.
    pub fn oldest(&self) -> u64 {
        self.next.saturating_sub(self.entries.len() as u64)
    }

    /// Returns the block into which the next event is encoded.
    pub fn spare(&mut self) -> &mut [u8] {
        let range = self.block(self.spare);
        &mut self.storage[range]
    }

    /// Stores the frame in [`Ring::spare`] as the newest event, in place of the oldest.
    ///
    /// # Panics
    /// If the capacity is 0.
    pub fn store(&mut self, revision: u64, frame: Encoded) {
        let index = self.index(self.next);
        let entry = &mut self.entries[index];
        core::mem::swap(&mut entry.block, &mut self.spare);
        (entry.start, entry.end, entry.revision) = (frame.start, frame.end, revision);
        self.next += 1;
    }

    /// Skips to the event `next`, because the events before it are lost.
    pub(crate) fn skip_to(&mut self, next: u64) {
        self.next = next;
    }

    /// Returns the revision and frame of an event.
    ///
    /// Returns `None` if it has left the ring, or is not published yet.
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
