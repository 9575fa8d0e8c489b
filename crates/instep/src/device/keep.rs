//! Persisting of property values in the application's store.

use crate::model::{EncodedValue, PropertyStore};
use core::fmt::Display;

/// Store with the function that writes a value to it.
///
/// Only [`Inbox::keep_in`](crate::Inbox::keep_in) creates one, so the function is not linked if nothing is persisted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keeping {
    pub(super) store: &'static dyn PropertyStore,
    pub(super) keep: fn(&dyn PropertyStore, &'static str, &EncodedValue<'_>) -> Result<(), &'static str>,
}

/// Persists the value of that property.
pub(super) fn keep_value(
    store: &dyn PropertyStore,
    name: &'static str,
    value: &EncodedValue<'_>,
) -> Result<(), &'static str> {
    let value: &dyn Display = match value {
        // An unavailable value is not persisted.
        EncodedValue::Null => return Ok(()),
        EncodedValue::Bool(on) => on,
        EncodedValue::Number(number) => number,
        EncodedValue::Text(text) => text,
    };
    store.keep(name, value)
}
