//! Topics of an application without a Thing.

/// Topic, of which every client receives the latest message.
///
/// A client that is behind receives only the latest message, and a new client receives it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic(pub(crate) usize);

impl Topic {
    /// Creates the topic of that number, from 0 to below the number in [`App::topics`](crate::App::topics).
    pub const fn new(number: usize) -> Self {
        Self(number)
    }
}
