//! Content that a handler takes piece by piece, while it comes in.

use crate::time::Instant;
use instep_proto::http::{Chunks, ExtraLines};

/// Request whose content is taken piece by piece.
///
/// Its head has been used. The connection closes after its response.
#[derive(Clone, Copy, Debug)]
pub struct Incoming {
    /// The number of the upload.
    pub(crate) number: u32,
    pub(crate) rest: ContentRest,
    /// The number of bytes at the start of the input that are decoded content.
    pub(crate) decoded: usize,
    pub(crate) step: IncomingStep,
    /// The time at which the step fails.
    pub(crate) deadline: Instant,
    /// The time at which the next turn is due at the latest.
    pub(crate) wake_at: Instant,
    /// The header lines of the response for pages of other origins.
    pub(crate) extra: Option<ExtraLines>,
}

/// Content that has not been decoded yet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ContentRest {
    /// This number of bytes.
    Bytes(u64),
    Chunks(Chunks),
}

/// Step of a request whose content is taken piece by piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IncomingStep {
    /// Takes content as it comes.
    Reads,
    /// Takes nothing until the content so far is stored.
    Stores,
    /// All content is taken, and the answer is awaited.
    AwaitsAnswer,
    /// The answer is written, and the rest of the content is discarded.
    Discards,
}

impl ContentRest {
    /// Returns whether the content has ended.
    pub(crate) fn is_done(&self) -> bool {
        match self {
            Self::Bytes(left) => *left == 0,
            Self::Chunks(chunks) => chunks.is_done(),
        }
    }
}
