//! Content of a request that has not arrived yet.

use instep_proto::http::Chunks;

/// Content of a request that has not arrived yet.
#[derive(Clone, Copy, Debug)]
pub enum BodyRemaining {
    /// This number of bytes, which are discarded.
    Bytes(u64),
    /// Chunks of the first request in the input, whose head has that length. Their content is kept after the head.
    Kept { head: usize, chunks: Chunks },
    /// Chunks that are discarded.
    Chunks(Chunks),
}

impl BodyRemaining {
    pub(crate) const NOTHING: Self = Self::Bytes(0);

    /// Returns whether no content remains.
    pub(crate) fn is_nothing(&self) -> bool {
        matches!(self, Self::Bytes(0))
    }
}
