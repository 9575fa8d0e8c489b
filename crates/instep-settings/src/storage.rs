//! Where settings are stored.

use crate::{Key, Record};
use core::fmt::{Debug, Display};

/// A place for records that survives loss of power at any moment: afterwards each record is as it was before, or as it was
/// to become.
#[allow(async_fn_in_trait, reason = "a device has one thread, and on Linux the saver stays in its own")]
pub trait Storage {
    /// What can go wrong.
    type Error: Debug + Display;

    /// Gives `each` every record. If there are several of a key, the last one holds. It comes before all else.
    async fn load(&mut self, each: &mut dyn FnMut(&Key, &[u8])) -> Result<Loaded, Self::Error>;

    /// Stores these records in place of those with the same keys. `false`: it cannot be added to, [`replace`](Storage::replace) it.
    async fn append(&mut self, records: &mut dyn Iterator<Item = Record>) -> Result<bool, Self::Error>;

    /// Stores these records in place of all that is there, whatever it is.
    async fn replace(&mut self, records: &mut dyn Iterator<Item = Record>) -> Result<(), Self::Error>;

    /// Forgets everything.
    async fn clear(&mut self) -> Result<(), Self::Error>;
}

impl<S: Storage> Storage for &mut S {
    type Error = S::Error;

    async fn load(&mut self, each: &mut dyn FnMut(&Key, &[u8])) -> Result<Loaded, Self::Error> {
        S::load(self, each).await
    }

    async fn append(&mut self, records: &mut dyn Iterator<Item = Record>) -> Result<bool, Self::Error> {
        S::append(self, records).await
    }

    async fn replace(&mut self, records: &mut dyn Iterator<Item = Record>) -> Result<(), Self::Error> {
        S::replace(self, records).await
    }

    async fn clear(&mut self) -> Result<(), Self::Error> {
        S::clear(self).await
    }
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// Nothing was ever stored here.
    Nothing,
    /// Records.
    Records,
    /// Something that makes no sense.
    Corrupt,
}
