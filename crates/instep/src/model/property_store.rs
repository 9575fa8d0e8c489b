//! Properties whose values outlive a restart: where they are kept, and what of a kept value still fits.

use super::invocation::Argument;
use super::thing::{Kind, PERSISTED_MAX};
use super::value::Input;
use core::fmt::{Debug, Display};
use instep_proto::json::Value;

/// Where the values of a Thing's kept properties are while the device has no power: see
/// [`Inbox::keep_in`](crate::Inbox::keep_in).
///
/// Each call is short and never waits: what stores the values for good does so later. It may be called while the device is
/// locked, so it must not call the device.
pub trait PropertyStore: Debug + Sync {
    /// Copies what is kept of the property to the beginning of `to`, and says how long it is. `None`: nothing is kept of it.
    fn value(&self, property: &'static str, to: &mut [u8; PERSISTED_MAX]) -> Option<usize>;

    /// Keeps `value` of the property: text as it is, all else as JSON; at most [`PERSISTED_MAX`] bytes, unless the application publishes
    /// more than it declares.
    ///
    /// # Errors
    /// Why it is not kept, for the log. What was kept before stays.
    fn keep(&self, property: &'static str, value: &dyn Display) -> Result<(), &'static str>;
}

impl Kind {
    /// What was kept of a property, as if a client wrote it; the text of a text is where it was. `None`: it does not fit (any
    /// more).
    pub(crate) fn read_kept(&self, kept: &str) -> Option<Input<'static>> {
        match self {
            Self::Text { max } => (kept.len() <= *max).then_some(Input::Text("")),
            Self::Select { options } => {
                options.iter().find(|option| kept == **option).map(|option| Input::Choice(option))
            }
            _ => match self.read(Some(Value::parse(kept).ok()?)) {
                Ok(Argument::Bool(on)) => Some(Input::Bool(on)),
                Ok(Argument::Number(number)) => Some(Input::Number(number)),
                _ => None,
            },
        }
    }
}
