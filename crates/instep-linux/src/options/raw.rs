//! Unparsed values, each with its key and its source.

use super::limits::{LIMITS, Limit};
use super::setting::Setting;
use super::table::SETTINGS;
use crate::identity::Identity;
use std::ffi::OsString;
use std::fmt::{self, Display};
use std::path::PathBuf;

/// An invalid configuration, explained in one sentence.
#[derive(Debug)]
pub(crate) struct Error(pub(super) String);

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Source of a value.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// The program's defaults.
    Program,
    File {
        path: PathBuf,
        line: usize,
    },
    Variable(String),
    Flag(String),
}

impl Source {
    pub(super) fn error(&self, reason: impl Display) -> Error {
        Error(match self {
            Self::Program => format!("in the program's defaults: {reason}"),
            Self::File { path, line } => format!("in {}, line {line}: {reason}", path.display()),
            Self::Variable(name) => format!("in {name}: {reason}"),
            Self::Flag(name) => format!("{name}: {reason}"),
        })
    }
}

/// All options and limits.
#[derive(Clone, Copy)]
pub(super) struct Table {
    pub(super) settings: &'static [Setting],
    pub(super) limits: &'static [Limit],
}

/// An option or a limit.
#[derive(Clone, Copy)]
pub(super) enum Key {
    Setting(&'static Setting),
    Limit(&'static Limit),
}

impl Table {
    /// Returns the options of a program. A program with one application has no option to choose it.
    pub(super) fn of(identity: &Identity) -> Self {
        let has_choice = identity.apps.len() > 1;
        Self { settings: if has_choice { SETTINGS } else { &SETTINGS[1..] }, limits: LIMITS }
    }

    pub(super) fn setting(&self, key: &str) -> Option<&'static Setting> {
        self.settings.iter().find(|setting| setting.key == key)
    }

    pub(super) fn limit(&self, key: &str) -> Option<&'static Limit> {
        self.limits.iter().find(|limit| limit.key == key)
    }

    /// Returns the names of all limits, for an error about an unknown one.
    pub(super) fn limit_names(&self) -> String {
        self.limits.iter().map(|limit| limit.key).collect::<Vec<_>>().join(", ")
    }
}

impl Key {
    pub(super) fn path(self) -> String {
        match self {
            Self::Setting(setting) => setting.key.into(),
            Self::Limit(limit) => format!("limits.{}", limit.key),
        }
    }
}

impl Setting {
    pub(super) fn flag(&self) -> String {
        self.key.replace('_', "-")
    }

    pub(super) fn variable(&self) -> String {
        format!("INSTEP_{}", self.key.to_ascii_uppercase())
    }
}

/// An unparsed value. An option that is not a list has one text.
pub(super) struct Given {
    pub(super) key: Key,
    pub(super) texts: Vec<String>,
    pub(super) source: Source,
}

/// Converts a value to UTF-8.
pub(super) fn utf8(text: OsString, source: &Source) -> Result<String, Error> {
    text.into_string().map_err(|_| source.error("the value is not text in UTF-8"))
}

/// Shortens a text of any length for an error message.
pub(super) fn shortened(text: &str) -> String {
    /// Maximum length, in characters.
    const MAX_LENGTH: usize = 100;
    if text.chars().count() <= MAX_LENGTH {
        return text.into();
    }
    text.chars().take(MAX_LENGTH).chain(['…']).collect()
}
