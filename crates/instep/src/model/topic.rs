//! What an application publishes under.

/// A topic: something of which every client needs the latest message, and no older one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(pub(crate) usize);

impl Topic {
    /// The topic of that number, from 0 to below what [`App::topics`](crate::App::topics) says.
    pub const fn new(number: usize) -> Self {
        Self(number)
    }
}
