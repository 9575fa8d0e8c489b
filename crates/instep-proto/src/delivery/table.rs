//! The retained table: for each topic the latest frame, and the revision at which it changed.

use crate::frame::Encoded;
use core::ops::Range;

/// What the table knows of one topic, apart from the bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableEntry {
    block: usize,
    start: usize,
    end: usize,
    /// 0: nothing has been published.
    revision: u64,
    /// Not of this topic: the topic that stands at this place in the order of revisions.
    in_order: usize,
}

/// The latest frame of each topic, in blocks lent by the owner: one for each topic and a spare one to
/// encode into, so that a failed encode leaves the old frame as it was.
#[derive(Debug)]
pub struct Table<'s> {
    entries: &'s mut [TableEntry],
    storage: &'s mut [u8],
    block_length: usize,
    spare: usize,
}

impl<'s> Table<'s> {
    /// An empty table of as many topics as there are `entries`. `storage` is divided into one block more.
    pub fn new(entries: &'s mut [TableEntry], storage: &'s mut [u8]) -> Self {
        for (index, entry) in entries.iter_mut().enumerate() {
            *entry = TableEntry { block: index, in_order: index, ..TableEntry::default() };
        }
        let (block_length, spare) = (storage.len() / (entries.len() + 1), entries.len());
        Self { entries, storage, block_length, spare }
    }

    /// How many topics there are.
    pub fn topics(&self) -> usize {
        self.entries.len()
    }

    /// The block to encode the next frame into.
    pub fn spare(&mut self) -> &mut [u8] {
        let range = self.block(self.spare);
        &mut self.storage[range]
    }

    /// Makes what was encoded into [`Table::spare`] the latest frame of `topic`, published at `revision`,
    /// which is newer than any before.
    ///
    /// # Panics
    /// If there is no such topic.
    pub fn store(&mut self, topic: usize, revision: u64, frame: Encoded) {
        let entry = &mut self.entries[topic];
        core::mem::swap(&mut entry.block, &mut self.spare);
        (entry.start, entry.end, entry.revision) = (frame.start, frame.end, revision);
        // The topic is the newest now: it moves to the end of the order.
        let last = self.entries.len() - 1;
        let place = (0..last).find(|place| self.entries[*place].in_order == topic).unwrap_or(last);
        for place in place..last {
            self.entries[place].in_order = self.entries[place + 1].in_order;
        }
        self.entries[last].in_order = topic;
    }

    /// The oldest frame that is newer than `revision`: topic, revision, frame.
    pub fn newer(&self, revision: u64) -> Option<(usize, u64, &[u8])> {
        let (mut low, mut high) = (0, self.entries.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.entries[self.entries[middle].in_order].revision > revision {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        let topic = self.entries.get(low)?.in_order;
        let entry = &self.entries[topic];
        let block = self.block(entry.block);
        Some((topic, entry.revision, &self.storage[block][entry.start..entry.end]))
    }

    /// The latest frame of `topic`; `None`: nothing has been published.
    pub fn latest(&self, topic: usize) -> Option<&[u8]> {
        let entry = self.entries.get(topic).filter(|entry| entry.revision > 0)?;
        let block = self.block(entry.block);
        Some(&self.storage[block][entry.start..entry.end])
    }

    /// The revision of the newest frame, 0 if there is none.
    pub fn newest(&self) -> u64 {
        self.entries.last().map_or(0, |last| self.entries[last.in_order].revision)
    }

    fn block(&self, index: usize) -> Range<usize> {
        index * self.block_length..(index + 1) * self.block_length
    }
}
