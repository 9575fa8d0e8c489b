//! Options from a TOML file.

use super::limits::{Limit, Unit};
use super::raw::{Error, Given, Key, Source, Table};
use super::setting::Setting;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Default configuration file, in the working folder; it may be missing.
pub(super) const DEFAULT: &str = "instep.toml";
const LIMITS: &str = "limits";

/// Reads the file. Returns `None` if the default file does not exist.
///
/// `named_by` is the source of the file's name, or `None` for the default file.
pub(super) fn read(path: &Path, named_by: Option<&Source>) -> Result<Option<String>, Error> {
    let explain = |reason: String| match named_by {
        Some(source) => source.error(reason),
        None => Error(reason),
    };
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound && named_by.is_none() => return Ok(None),
        Err(error) => return Err(explain(format!("cannot read the file {:?}: {error}", path.display()))),
    };
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| explain(format!("cannot read the file {:?}: it is not text in UTF-8", path.display())))
}

/// Parses the file's text and returns the values that it sets.
pub(super) fn values(text: &str, path: &Path, table: Table) -> Result<Vec<Given>, Error> {
    let source = |span: Range<usize>| {
        let before = text.as_bytes().get(..span.start).unwrap_or(text.as_bytes());
        Source::File { path: path.into(), line: 1 + before.iter().filter(|byte| **byte == b'\n').count() }
    };
    let document = DeTable::parse(text).map_err(|error| {
        let reason = format!("invalid TOML: {}", error.message().replace('\n', ", "));
        source(error.span().unwrap_or_default()).error(reason)
    })?;
    let mut given = Vec::new();
    for (key, value) in document.get_ref() {
        let name = key.get_ref().as_ref();
        let line = source(key.span());
        if name == LIMITS {
            let DeValue::Table(limits) = value.get_ref() else {
                return Err(
                    line.error("limits must be a table; write a line [limits], and the limits below it")
                );
            };
            limits_of(limits, table, source, &mut given)?;
        } else if let Some(setting) = table.setting(name) {
            if setting.secret {
                let reason = format!("{name} is a secret; set it by the variable {}", setting.variable());
                return Err(line.error(reason));
            }
            let texts = setting.texts(value.get_ref()).map_err(|reason| line.error(reason))?;
            given.push(Given { key: Key::Setting(setting), texts, source: line });
        } else {
            let known = table.settings.iter().filter(|setting| !setting.secret).map(|setting| setting.key);
            let known = known.collect::<Vec<_>>().join(", ");
            let hint = match table.limit(name) {
                Some(_) => format!("{name} is a limit; move it below a line [limits]"),
                None => format!(
                    "unknown option {:?}; use one of {known}, or the table limits",
                    super::raw::shortened(name)
                ),
            };
            return Err(line.error(hint));
        }
    }
    Ok(given)
}

fn limits_of(
    limits: &DeTable<'_>,
    table: Table,
    source: impl Fn(Range<usize>) -> Source,
    given: &mut Vec<Given>,
) -> Result<(), Error> {
    for (key, value) in limits {
        let name = key.get_ref().as_ref();
        let line = source(key.span());
        let Some(limit) = table.limit(name) else {
            let hint = match table.setting(name) {
                Some(_) => format!("{name} is not a limit; move it above the line [limits]"),
                None => {
                    format!(
                        "unknown limit {:?}; use one of {}",
                        super::raw::shortened(name),
                        table.limit_names()
                    )
                }
            };
            return Err(line.error(hint));
        };
        let text = limit.text_of(value.get_ref()).map_err(|reason| line.error(reason))?;
        given.push(Given { key: Key::Limit(limit), texts: vec![text], source: line });
    }
    Ok(())
}

impl Setting {
    /// Returns the texts of a TOML value.
    fn texts(&self, value: &DeValue<'_>) -> Result<Vec<String>, String> {
        let key = self.key;
        let Some(example) = self.value else {
            return match value {
                DeValue::Boolean(on) => Ok(vec![on.to_string()]),
                _ => Err(format!("{key} must be true or false, without quotes")),
            };
        };
        let text = |value: &DeValue<'_>| match value {
            DeValue::String(text) => Some(text.to_string()),
            _ => None,
        };
        match value {
            DeValue::Array(list) if self.is_list() => list.iter().map(Spanned::get_ref).map(text).collect(),
            value => text(value).map(|text| vec![text]),
        }
        .ok_or_else(|| {
            if self.is_list() {
                format!("{key} must be a list of texts in quotes; write {key} = [\"{example}\", …]")
            } else {
                format!("{key} must be a text in quotes; write {key} = \"{example}\"")
            }
        })
    }
}

impl Limit {
    fn text_of(&self, value: &DeValue<'_>) -> Result<String, String> {
        let key = self.key;
        match (self.unit, value) {
            (Unit::Count | Unit::Bytes, DeValue::Integer(number)) if number.radix() == 10 => {
                Ok(number.as_str().trim_start_matches('+').into())
            }
            (Unit::Count | Unit::Bytes, _) => {
                Err(format!("{key} must be a whole number, in decimal and without quotes"))
            }
            (Unit::Time, DeValue::String(text)) => Ok(text.to_string()),
            (Unit::Time, _) => {
                Err(format!("{key} must be a time with its unit, in quotes, such as \"5 s\" or \"500 ms\""))
            }
        }
    }
}
