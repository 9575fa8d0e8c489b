//! Feed: table and ring under one revision.

use super::{Newest, Ring, Table};
use crate::frame::{Encoded, Payload, TooLong, encode_frame};

/// Reason why a message was not published. The previous state stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublishError {
    /// Topic that does not exist.
    UnknownTopic {
        /// Number of the topic.
        topic: usize,
        /// Number of topics that exist.
        topics: usize,
    },
    /// Message above its limit.
    TooLong(TooLong),
    /// Event for a ring without space for events.
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

/// Retained table and event ring, under one count of revisions.
#[derive(Debug)]
pub struct Feed<'s> {
    table: Table<'s>,
    ring: Ring<'s>,
    revision: u64,
}

impl<'s> Feed<'s> {
    /// Creates an empty feed, at revision 0.
    pub fn new(table: Table<'s>, ring: Ring<'s>) -> Self {
        Self { table, ring, revision: 0 }
    }

    /// Returns the revision of the latest publish or event.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns the newest retained frame; `None` if none was published.
    pub fn newest(&self) -> Option<Newest<'_>> {
        let (revision, frame, second) = self.table.newest_frame()?;
        Some(Newest { revision, frame, second, events: self.ring.next(), feed: self.revision })
    }

    /// Returns the retained table.
    pub fn table(&self) -> &Table<'s> {
        &self.table
    }

    /// Returns the event ring.
    pub fn ring(&self) -> &Ring<'s> {
        &self.ring
    }

    /// Publishes `payload` as the latest message of `topic`.
    ///
    /// # Errors
    /// If the topic does not exist, or the message is too long. The old message stays.
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

    /// Publishes an event.
    ///
    /// # Errors
    /// If the message is too long, or the ring has no space for events.
    pub fn event(&mut self, payload: Payload<'_>) -> Result<(), PublishError> {
        if self.ring.capacity() == 0 {
            return Err(PublishError::NoEvents);
        }
        let frame = encode_frame(payload, self.ring.spare())?;
        self.revision += 1;
        self.ring.store(self.revision, frame);
        Ok(())
    }

    /// Forgets all messages and events, and begins at revision 0 again.
    #[cfg(feature = "gateway")]
    pub fn clear(&mut self) {
        self.table.clear();
        self.ring.clear();
        self.revision = 0;
    }

    /// Encodes a message for one client.
    ///
    /// `with` gets the frame, and the revision that it follows.
    ///
    /// # Errors
    /// If the message is too long.
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

    /// Copies everything newer from `leader`, as a shard follows the device.
    ///
    /// Both feeds must have the same topics, and blocks of the same length.
    pub fn follow(&mut self, leader: &Feed<'_>) {
        // Each publish and each event has a revision of its own.
        if self.revision == leader.revision {
            return;
        }
        self.follow_encoded(leader, |frame, block| {
            block[..frame.len()].copy_from_slice(frame);
            0..frame.len()
        });
    }

    /// Follows like [`Feed::follow`], with each frame in another encoding.
    ///
    /// `encode` writes a frame into a block, and returns its range.
    pub fn follow_encoded(&mut self, leader: &Feed<'_>, mut encode: impl FnMut(&[u8], &mut [u8]) -> Encoded) {
        while let Some((topic, revision, frame)) = leader.table.newer(self.table.newest()) {
            let encoded = encode(frame, self.table.spare());
            self.table.store(topic, revision, encoded);
        }
        if self.ring.next() < leader.ring.oldest() {
            self.ring.skip_to(leader.ring.oldest());
        }
        while self.ring.next() < leader.ring.next()
            && let Some((revision, frame)) = leader.ring.event(self.ring.next())
        {
            let encoded = encode(frame, self.ring.spare());
            self.ring.store(revision, encoded);
        }
        self.revision = leader.revision;
    }
}
