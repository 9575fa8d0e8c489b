//! Newest retained frame of a feed, found once for all clients.

/// Newest retained frame of a feed, with what tells whether it is the only one that a client needs.
#[derive(Clone, Copy, Debug)]
pub struct Newest<'f> {
    pub(super) frame: &'f [u8],
    /// Revision at which the frame was published.
    pub(super) revision: u64,
    /// Revision of the newest frame of another topic.
    pub(super) second: u64,
    /// Number of the next event.
    pub(super) events: u64,
    /// Revision of the feed.
    pub(super) feed: u64,
}

impl Newest<'_> {
    /// Returns the revision of the feed, which is higher than that of the frame if events followed it.
    pub fn feed_revision(&self) -> u64 {
        self.feed
    }
}
