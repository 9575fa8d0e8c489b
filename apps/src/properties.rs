//! The settings, as the place where the properties of a Thing are kept: neither the server nor the settings know of the other.

use core::fmt::{Display, Write};
use heapless::String;
use instep::{KEPT_MAX, PropertyStore};
use instep_settings::{KEPT_VALUE_MAX, KeepError, Kept, KeptName};

const _: () = assert!(KEPT_MAX == KEPT_VALUE_MAX, "what a Thing keeps has room in the settings");

/// Keeps a Thing's properties among what the application keeps, each by its name.
///
/// ```
/// use instep_apps::KeptProperties;
/// use instep_settings::{Kept, Settings};
///
/// static SETTINGS: Settings = Settings::new();
/// static PROPERTIES: KeptProperties = KeptProperties::new(Kept::by(&SETTINGS));
/// # fn run(inbox: &mut instep::Inbox<'_>) {
/// inbox.keep_in(&PROPERTIES);
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct KeptProperties(Kept<'static>);

impl KeptProperties {
    /// Keeps them there.
    pub const fn new(kept: Kept<'static>) -> Self {
        Self(kept)
    }
}

impl PropertyStore for KeptProperties {
    fn value(&self, property: &'static str, to: &mut [u8; KEPT_MAX]) -> Option<usize> {
        let value = self.0.value(KeptName::new(property))?;
        to.get_mut(..value.len())?.copy_from_slice(&value);
        Some(value.len())
    }

    fn keep(&self, property: &'static str, value: &dyn Display) -> Result<(), &'static str> {
        let mut text = String::<KEPT_MAX>::new();
        let kept = match write!(text, "{value}") {
            Ok(()) => self.0.keep(KeptName::new(property), text.as_bytes()),
            Err(_) => Err(KeepError::TooLong),
        };
        kept.map_err(KeepError::as_str)
    }
}
