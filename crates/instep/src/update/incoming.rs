//! The request whose content an upload takes.

use crate::service::BodyRemaining;
use crate::time::Instant;
use instep_proto::http::ExtraLines;

/// Request whose content is taken piece by piece.
///
/// Its head has been used. The connection closes after its response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incoming {
    pub(super) rest: BodyRemaining,
    /// The number of bytes at the start of the input that are decoded content.
    pub(super) decoded: usize,
    pub(super) step: Step,
    /// The time at which the step fails.
    pub(super) deadline: Instant,
    /// The time at which all content must have come.
    pub(super) ends_at: Instant,
    /// The header lines of the response for pages of other origins.
    pub(super) extra: Option<ExtraLines>,
}

/// Step of a request whose content is taken piece by piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Takes content as it comes.
    Reads,
    /// Takes nothing until the content so far is stored.
    Stores,
    /// All content is taken, and the answer is awaited.
    AwaitsAnswer,
    /// The answer is written, and the rest of the content is discarded.
    Discards,
}
