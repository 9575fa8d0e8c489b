//! Persistence of property values, and validation of restored ones.

use super::interaction::PERSISTED_MAX;
use super::kind::Kind;
use super::value::Input;
use core::fmt::{Debug, Display};
use instep_proto::json::Value;

/// Store for the values of persistent properties, see [`Inbox::keep_in`](crate::Inbox::keep_in).
///
/// Calls must be short and must not wait, so an implementation writes to flash or to a file later. The device may be locked during
/// a call, so an implementation must not call the device.
pub trait PropertyStore: Debug + Sync {
    /// Copies the stored value of a property to `to`, and returns its length.
    ///
    /// Returns `None` if no value is stored.
    fn value(&self, property: &'static str, to: &mut [u8; PERSISTED_MAX]) -> Option<usize>;

    /// Stores the value of a property, a text as it is and all else as JSON.
    ///
    /// The value has at most [`PERSISTED_MAX`] bytes, unless the application publishes a longer one than it declared.
    ///
    /// # Errors
    /// The reason why the value is not stored, for the log. The value that was stored before stays.
    fn keep(&self, property: &'static str, value: &dyn Display) -> Result<(), &'static str>;
}

impl Kind {
    /// Validates a stored value, as if a client wrote it.
    ///
    /// The result of a text is empty, because the caller has it. Returns `None` if the value does not fit the declaration, which
    /// may have changed.
    pub(crate) fn read_kept(&self, stored: &str) -> Option<Input<'static>> {
        match self {
            Self::Text { max } => (stored.len() <= *max).then_some(Input::Text("")),
            Self::Select { options } => {
                options.iter().find(|option| stored == **option).map(|option| Input::Choice(option))
            }
            _ => self.read(Some(Value::parse(stored).ok()?)).ok(),
        }
    }
}
