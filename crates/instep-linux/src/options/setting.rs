//! Option: its name, help, parser and printer.

use super::settings::Settings;
use super::values::ValueError;

/// An option: its name, its help and how its value is parsed and printed.
#[derive(Clone, Copy)]
pub(super) struct Setting {
    /// Key in the file.
    ///
    /// The flag has dashes for its underscores. The variable is the key in capitals after `INSTEP_`.
    pub(super) key: &'static str,
    /// Placeholder of the value in the help.
    ///
    /// It is `None` for a switch, whose values are `true` and `false`.
    pub(super) value: Option<&'static str>,
    /// Value of a flag that is given without one; empty if the flag needs a value.
    pub(super) alone: &'static str,
    /// Help text.
    pub(super) about: &'static str,
    /// Description of the default of an option without a default value; else empty.
    pub(super) unset: &'static str,
    /// Whether the value is a secret, which only an environment variable sets.
    ///
    /// Other users can read flags and files. A secret is never printed.
    pub(super) secret: bool,
    pub(super) take: Take,
    /// Formats the values in the form that `take` parses.
    ///
    /// It returns no text if the option is not set. It may return any text for a secret.
    pub(super) show: fn(&Settings) -> Vec<String>,
}

impl Setting {
    pub(super) fn is_list(&self) -> bool {
        matches!(self.take, Take::Many(_))
    }
}

/// Parser of a value, which stores it in [`Settings`].
#[derive(Clone, Copy)]
pub(super) enum Take {
    One(fn(&mut Settings, &str) -> Result<(), String>),
    /// A list, which replaces the previous one.
    Many(fn(&mut Settings, &[String]) -> Result<(), ValueError>),
}

/// Option without a value and without a default.
pub(super) const SETTING: Setting = Setting {
    key: "",
    value: None,
    alone: "",
    about: "",
    unset: "",
    secret: false,
    take: Take::One(|_, _| Ok(())),
    show: |_| Vec::new(),
};
