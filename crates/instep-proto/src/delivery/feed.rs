//! Table and ring under one revision: what a device publishes, and what everybody follows.

use super::{Ring, Table};
use crate::frame::{Encoded, Payload, TooLong, encode_frame};

/// Why something could not be published. What was there before stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublishError {
    /// There is no topic of that number.
    UnknownTopic {
        /// The topic.
        topic: usize,
        /// How many there are.
        topics: usize,
    },
    /// The message is too long.
    TooLong(TooLong),
    /// The application declared that it has no events.
    NoEvents,
}

impl From<TooLong> for PublishError {
    fn from(error: TooLong) -> Self {
        Self::TooLong(error)
    }
}

impl core::fmt::Display for PublishError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::UnknownTopic { topic, topics } => {
                write!(f, "there is no topic {topic}: the application declares {topics}")
            }
            Self::TooLong(error) => error.fmt(f),
            Self::NoEvents => f.write_str("the event ring has no room for any event"),
        }
    }
}

impl core::error::Error for PublishError {}

/// The retained table and the event ring, under one count of revisions.
#[derive(Debug)]
pub struct Feed<'s> {
    table: Table<'s>,
    ring: Ring<'s>,
    revision: u64,
}

impl<'s> Feed<'s> {
    /// Nothing published yet: revision 0.
    pub fn new(table: Table<'s>, ring: Ring<'s>) -> Self {
        Self { table, ring, revision: 0 }
    }

    /// The revision of what was published last.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The retained table.
    pub fn table(&self) -> &Table<'s> {
        &self.table
    }

    /// The event ring.
    pub fn ring(&self) -> &Ring<'s> {
        &self.ring
    }

    /// Makes `payload` the latest message of `topic`.
    ///
    /// # Errors
    /// If there is no such topic, or the message is too long: the old one stays.
    pub fn publish(&mut self, topic: usize, payload: Payload<'_>) -> Result<(), PublishError> {
        let topics = self.table.topics();
        if topic >= topics {
            return Err(PublishError::UnknownTopic { topic, topics });
        }
        let frame = encode_frame(payload, self.table.spare())?;
        self.revision += 1;
        self.table.store(topic, self.revision, frame);
        Ok(())
    }

    /// Adds an event.
    ///
    /// # Errors
    /// If it is too long, or there is no room for events at all.
    pub fn event(&mut self, payload: Payload<'_>) -> Result<(), PublishError> {
        if self.ring.capacity() == 0 {
            return Err(PublishError::NoEvents);
        }
        let frame = encode_frame(payload, self.ring.spare())?;
        self.revision += 1;
        self.ring.store(self.revision, frame);
        Ok(())
    }

    /// Encodes a message that only one client is to get, and hands it to `with` together with the revision
    /// that it follows.
    ///
    /// # Errors
    /// If it is too long.
    pub fn encode<R>(
        &mut self,
        payload: Payload<'_>,
        with: impl FnOnce(u64, &[u8]) -> R,
    ) -> Result<R, TooLong> {
        let revision = self.revision;
        let spare = self.table.spare();
        let frame = encode_frame(payload, spare)?;
        Ok(with(revision, &spare[frame]))
    }

    /// Copies from `leader` all that is newer than what is here: a shard follows the device. Both have the
    /// same topics, and blocks of the same length.
    pub fn follow(&mut self, leader: &Feed<'_>) {
        self.follow_encoded(leader, |frame, block| {
            block[..frame.len()].copy_from_slice(frame);
            0..frame.len()
        });
    }

    /// As [`Feed::follow`], with each frame in another encoding: `encode` writes it into a block, and returns where.
    pub fn follow_encoded(&mut self, leader: &Feed<'_>, mut encode: impl FnMut(&[u8], &mut [u8]) -> Encoded) {
        while let Some((topic, revision, frame)) = leader.table.newer(self.table.newest()) {
            let encoded = encode(frame, self.table.spare());
            self.table.store(topic, revision, encoded);
        }
        if self.ring.next() < leader.ring.oldest() {
            self.ring.skip_to(leader.ring.oldest());
        }
        while let Some((revision, frame)) = leader.ring.event(self.ring.next()) {
            let encoded = encode(frame, self.ring.spare());
            self.ring.store(revision, encoded);
        }
        self.revision = leader.revision;
    }
}
