//! Storages of settings.

use crate::{Key, Record};
use core::fmt::{Debug, Display};

/// Storage of records that survives a power loss at any moment.
///
/// After a power loss each record has its old value or its new one.
#[allow(async_fn_in_trait, reason = "a device has one thread, and on Linux the saver stays in its own")]
pub trait Storage {
    /// Error of the storage.
    type Error: Debug + Display;

    /// Passes every record to `each`, and must be called first.
    ///
    /// If a key is repeated, its last record holds.
    async fn load(&mut self, each: &mut dyn FnMut(&Key, &[u8])) -> Result<Loaded, Self::Error>;

    /// Stores records in place of the records with the same keys.
    ///
    /// Returns `false` if nothing can be appended, so that [`replace`](Storage::replace) is needed.
    async fn append(&mut self, records: &mut dyn Iterator<Item = Record>) -> Result<bool, Self::Error>;

    /// Stores records in place of all stored data.
    async fn replace(&mut self, records: &mut dyn Iterator<Item = Record>) -> Result<(), Self::Error>;

    /// Removes all stored data.
    async fn clear(&mut self) -> Result<(), Self::Error>;
}

/// Result of loading a storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// Empty storage.
    Nothing,
    /// Valid records.
    Records,
    /// Invalid data.
    Corrupt,
}
