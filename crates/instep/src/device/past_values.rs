//! Past values that another device than this one has.

use super::history::Past;

/// Past values of the sensors of another device, for which this one stands.
pub trait PastValues: Send + Sync {
    /// Returns the value of that number of the interaction with that index in its Thing, or the oldest one kept after it.
    ///
    /// The value comes with its number. Values are numbered from 0, in the order of their times.
    fn past(&self, interaction: usize, from: u32) -> Option<(u32, Past)>;
}
