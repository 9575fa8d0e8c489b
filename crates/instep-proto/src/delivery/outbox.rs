//! Outbox: replies to one client, each with the revision that it follows.

/// Length of a record's header (revision and frame length), in bytes.
const RECORD_HEADER: usize = 12;

/// Resizable byte storage: lent memory on a device, a vector on Linux.
pub trait Storage {
    /// Returns the bytes.
    fn bytes(&self) -> &[u8];
    /// Returns the bytes, mutably.
    fn bytes_mut(&mut self) -> &mut [u8];
    /// Changes the length; new bytes are unspecified.
    ///
    /// Returns `false` without a change if `length` exceeds the capacity.
    #[must_use]
    fn resize(&mut self, length: usize) -> bool;
    /// Returns the maximum length, in bytes.
    fn capacity(&self) -> usize;
}

/// Storage in lent memory.
#[derive(Debug)]
pub struct FixedBuffer<'s> {
    memory: &'s mut [u8],
    length: usize,
}

impl<'s> FixedBuffer<'s> {
    /// Creates empty storage with the capacity of `memory`.
    pub fn new(memory: &'s mut [u8]) -> Self {
        Self { memory, length: 0 }
    }
}

impl Storage for FixedBuffer<'_> {
    #[inline]
    fn bytes(&self) -> &[u8] {
        &self.memory[..self.length]
    }

    #[inline]
    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.memory[..self.length]
    }

    fn resize(&mut self, length: usize) -> bool {
        let fits = length <= self.memory.len();
        if fits {
            self.length = length;
        }
        fits
    }

    fn capacity(&self) -> usize {
        self.memory.len()
    }
}

/// Error of a full outbox, whose client does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Outbox of one client.
#[derive(Debug)]
pub struct Outbox<S> {
    storage: S,
    // There is an outbox for each client, so its fields are small.
    count: u16,
    limit: u16,
}

impl<S: Storage> Outbox<S> {
    /// Creates an empty outbox for at most `limit` replies, and never more than 65,535.
    pub fn new(storage: S, limit: usize) -> Self {
        Self { storage, count: 0, limit: u16::try_from(limit).unwrap_or(u16::MAX) }
    }

    /// Returns whether the outbox has no reply.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns whether one more reply fits, with a frame of `frame` bytes.
    pub fn has_room(&self, frame: usize) -> bool {
        let used = self.storage.bytes().len();
        self.count < self.limit && self.storage.capacity() - used >= RECORD_HEADER + frame
    }

    /// Appends a frame that must follow everything published up to `revision`.
    ///
    /// # Errors
    /// [`Full`] if it does not fit; the outbox is unchanged.
    pub fn push(&mut self, revision: u64, frame: &[u8]) -> Result<(), Full> {
        let start = self.storage.bytes().len();
        let length = u32::try_from(frame.len()).map_err(|_| Full)?;
        if self.count == self.limit || !self.storage.resize(start + RECORD_HEADER + frame.len()) {
            return Err(Full);
        }
        let record = &mut self.storage.bytes_mut()[start..];
        record[..8].copy_from_slice(&revision.to_le_bytes());
        record[8..RECORD_HEADER].copy_from_slice(&length.to_le_bytes());
        record[RECORD_HEADER..].copy_from_slice(frame);
        self.count += 1;
        Ok(())
    }

    /// Returns the oldest reply: the revision that it follows, and its frame.
    pub fn first(&self) -> Option<(u64, &[u8])> {
        let (revision, rest) = self.storage.bytes().split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        Some((u64::from_le_bytes(*revision), rest.get(..length)?))
    }

    /// Removes the oldest reply.
    pub fn remove_first(&mut self) {
        let Some((_, frame)) = self.first() else { return };
        let used = RECORD_HEADER + frame.len();
        let rest = self.storage.bytes().len() - used;
        self.storage.bytes_mut().copy_within(used.., 0);
        // Shrinking always succeeds.
        let _ = self.storage.resize(rest);
        self.count -= 1;
    }

    /// Removes all replies.
    pub fn clear(&mut self) {
        let _ = self.storage.resize(0);
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_leave_first_in_first_out_within_limits() {
        let mut memory = [0; 40];
        let mut outbox = Outbox::new(FixedBuffer::new(&mut memory), 2);
        assert_eq!(outbox.first(), None);
        outbox.push(7, b"one").unwrap();
        outbox.push(8, b"twotwo").unwrap();
        assert_eq!(outbox.push(9, b""), Err(Full), "limit of replies");
        assert!(!outbox.has_room(0));
        assert_eq!(outbox.first(), Some((7, &b"one"[..])));
        outbox.remove_first();
        assert_eq!(outbox.push(9, b"twelve bytes"), Err(Full), "limit of bytes");
        assert!(outbox.has_room(10) && !outbox.has_room(11));
        outbox.push(9, b"3").unwrap();
        assert_eq!(outbox.first(), Some((8, &b"twotwo"[..])));
        outbox.remove_first();
        outbox.remove_first();
        assert!(outbox.is_empty());
        outbox.remove_first();
        assert_eq!(outbox.first(), None);
    }
}
