//! Store of a Thing's persistent properties in the settings.

use core::fmt::{Display, Write};
use heapless::String;
use instep::thing::{PERSISTED_MAX, PropertyStore};
use instep_settings::{KEPT_VALUE_MAX, KeepError, Kept, KeptName};

const _: () =
    assert!(PERSISTED_MAX == KEPT_VALUE_MAX, "a persistent property does not fit into the settings");

/// Store of a Thing's persistent properties, each by its name.
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
    /// Returns a store in these settings.
    pub const fn new(kept: Kept<'static>) -> Self {
        Self(kept)
    }
}

impl PropertyStore for KeptProperties {
    fn value(&self, property: &'static str, to: &mut [u8; PERSISTED_MAX]) -> Option<usize> {
        let value = self.0.value(KeptName::new(property))?;
        to.get_mut(..value.len())?.copy_from_slice(&value);
        Some(value.len())
    }

    fn keep(&self, property: &'static str, value: &dyn Display) -> Result<(), &'static str> {
        let mut text = String::<PERSISTED_MAX>::new();
        let kept = match write!(text, "{value}") {
            Ok(()) => self.0.keep(KeptName::new(property), text.as_bytes()),
            Err(_) => Err(KeepError::TooLong),
        };
        kept.map_err(KeepError::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LED;
    use instep_settings::Settings;
    use std::boxed::Box;

    fn new() -> (Kept<'static>, KeptProperties) {
        let kept = Kept::by(Box::leak(Box::new(Settings::new())));
        (kept, KeptProperties::new(kept))
    }

    fn value(properties: KeptProperties, name: &'static str) -> Option<std::string::String> {
        let mut bytes = [0; PERSISTED_MAX];
        let length = properties.value(name, &mut bytes)?;
        Some(std::str::from_utf8(&bytes[..length]).unwrap().into())
    }

    #[test]
    fn stored_value_is_restored_apart_from_the_led() {
        let (kept, properties) = new();
        assert_eq!(value(properties, "led"), None);
        kept.keep(LED, b"on").unwrap();
        assert_eq!(value(properties, "led"), None);
        properties.keep("led", &false).unwrap();
        assert_eq!(value(properties, "led").as_deref(), Some("false"));
        assert_eq!(kept.value(LED).unwrap(), b"on");
        properties.keep("name", &"").unwrap();
        assert_eq!(value(properties, "name").as_deref(), Some(""));
    }

    #[test]
    fn full_store_rejects_new_values_only() {
        let (kept, properties) = new();
        let longest = "x".repeat(PERSISTED_MAX);
        properties.keep("name", &longest).unwrap();
        assert_eq!(
            properties.keep("name", &(longest.clone() + "x")),
            Err("a kept value has at most 64 bytes")
        );
        assert_eq!(value(properties, "name"), Some(longest));
        for name in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o"] {
            properties.keep(name, &1).unwrap();
        }
        assert!(properties.keep("p", &1).unwrap_err().starts_with("16 values are kept already"));
        assert_eq!(properties.keep("o", &2), Ok(()), "a stored value can be replaced");
        assert!(kept.keep(LED, b"on").is_err());
    }
}
