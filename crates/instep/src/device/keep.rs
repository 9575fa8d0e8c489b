//! What keeps the values of properties that outlive a restart.

use crate::model::{EncodedValue, PropertyStore};
use core::fmt::Display;

/// A store, and how a value gets into it. Only [`Inbox::keep_in`](crate::Inbox::keep_in) leads to one, so the function is not
/// linked where nothing is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keeping {
    store: &'static dyn PropertyStore,
    keep: fn(&dyn PropertyStore, &'static str, &EncodedValue<'_>) -> Result<(), &'static str>,
}

impl Keeping {
    pub(super) fn new(store: &'static dyn PropertyStore) -> Self {
        Self { store, keep: keep_value }
    }

    /// Keeps the value of that property.
    pub(super) fn keep(&self, name: &'static str, value: &EncodedValue<'_>) -> Result<(), &'static str> {
        (self.keep)(self.store, name, value)
    }
}

fn keep_value(
    store: &dyn PropertyStore,
    name: &'static str,
    value: &EncodedValue<'_>,
) -> Result<(), &'static str> {
    let value: &dyn Display = match value {
        // That it cannot be known now is nothing to be kept.
        EncodedValue::Null => return Ok(()),
        EncodedValue::Bool(on) => on,
        EncodedValue::Number(number) => number,
        EncodedValue::Text(text) => text,
    };
    store.keep(name, value)
}
