//! Retained table: the latest frame of each topic, and its revision.

use crate::frame::Encoded;
use core::ops::Range;

/// Entry of one topic, without its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableEntry {
    block: usize,
    start: usize,
    end: usize,
    /// Revision of the latest frame; 0 if none was published.
    revision: u64,
    /// Topic at this position in the order of revisions, usually not the entry's own.
    in_order: usize,
}

/// Latest frame of each topic, in lent blocks: one for each topic and a spare one.
///
/// A frame is encoded into the spare block, so a failed encoding leaves the old frame intact.
#[derive(Debug)]
pub struct Table<'s> {
    entries: &'s mut [TableEntry],
    storage: &'s mut [u8],
    block_length: usize,
    spare: usize,
    /// Revision of the newest frame; 0 if none was published.
    newest: u64,
    /// Revision of the newest frame of any other topic; 0 if there is none.
    second: u64,
}

impl<'s> Table<'s> {
    /// Creates an empty table of `entries.len()` topics.
    ///
    /// `storage` is divided into one block more.
    pub fn new(entries: &'s mut [TableEntry], storage: &'s mut [u8]) -> Self {
        for (index, entry) in entries.iter_mut().enumerate() {
            *entry = TableEntry { block: index, in_order: index, ..TableEntry::default() };
        }
        let (block_length, spare) = (storage.len() / (entries.len() + 1), entries.len());
        Self { entries, storage, block_length, spare, newest: 0, second: 0 }
    }

    /// Forgets all frames.
    #[cfg(feature = "gateway")]
    pub(crate) fn clear(&mut self) {
        for (index, entry) in self.entries.iter_mut().enumerate() {
            *entry = TableEntry { block: index, in_order: index, ..TableEntry::default() };
        }
        (self.spare, self.newest, self.second) = (self.entries.len(), 0, 0);
    }

    /// Returns the number of topics.
    pub fn topics(&self) -> usize {
        self.entries.len()
    }

    /// Returns the block into which the next frame is encoded.
    pub fn spare(&mut self) -> &mut [u8] {
        let range = self.block(self.spare);
        &mut self.storage[range]
    }

    /// Stores the frame in [`Table::spare`] as the latest of `topic`.
    ///
    /// `revision` must be newer than all before.
    ///
    /// # Panics
    /// If the topic does not exist.
    pub fn store(&mut self, topic: usize, revision: u64, frame: Encoded) {
        let entry = &mut self.entries[topic];
        core::mem::swap(&mut entry.block, &mut self.spare);
        (entry.start, entry.end, entry.revision) = (frame.start, frame.end, revision);
        let second = core::mem::replace(&mut self.newest, revision);
        // The topic moves to the end of the order, because it is the newest now. Often it was the newest before.
        let last = self.entries.len() - 1;
        if self.entries[last].in_order == topic {
            return;
        }
        self.second = second;
        // Often it changed lately.
        let index = (0..last).rev().find(|i| self.entries[*i].in_order == topic).unwrap_or(last);
        for i in index..last {
            self.entries[i].in_order = self.entries[i + 1].in_order;
        }
        self.entries[last].in_order = topic;
    }

    /// Returns topic, revision and frame of the oldest frame newer than `revision`.
    pub fn newer(&self, revision: u64) -> Option<(usize, u64, &[u8])> {
        if self.newest <= revision {
            return None;
        }
        // Often only the newest topic is newer.
        let mut oldest = self.entries.len().checked_sub(1)?;
        if self.second > revision {
            oldest = self.entries.partition_point(|entry| self.entries[entry.in_order].revision <= revision);
        }
        let topic = self.entries.get(oldest)?.in_order;
        let entry = &self.entries[topic];
        let block = self.block(entry.block);
        Some((topic, entry.revision, &self.storage[block][entry.start..entry.end]))
    }

    /// Returns revision and frame of the newest topic, and the revision of the second newest one, which is 0 if there is none.
    pub(super) fn newest_frame(&self) -> Option<(u64, &[u8], u64)> {
        let topic = self.entries.last()?.in_order;
        Some((self.newest, self.latest(topic)?, self.second))
    }

    /// Returns the latest frame of `topic`; `None` if none was published.
    pub fn latest(&self, topic: usize) -> Option<&[u8]> {
        let entry = self.entries.get(topic).filter(|entry| entry.revision > 0)?;
        let block = self.block(entry.block);
        Some(&self.storage[block][entry.start..entry.end])
    }

    /// Returns the revision of the newest frame; 0 if none was published.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    fn block(&self, index: usize) -> Range<usize> {
        index * self.block_length..(index + 1) * self.block_length
    }
}
