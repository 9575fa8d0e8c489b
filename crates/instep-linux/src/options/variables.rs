//! Options from environment variables.

use super::raw::{Error, Given, Key, Source, Table, utf8};
use std::path::PathBuf;

const PREFIX: &str = "INSTEP_";
const LIMIT: &str = "INSTEP_LIMIT_";
const FILE: &str = "INSTEP_CONFIG";

/// Variables with the prefix of instep that tests and builds of firmware read.
const FOREIGN: &[&str] = &[
    "INSTEP_AP_PASSWORD",
    "INSTEP_BIN",
    "INSTEP_UPDATE",
    "INSTEP_UPDATE_KEY",
    "INSTEP_WIFI_PASSWORD",
    "INSTEP_WIFI_SSID",
];
const FOREIGN_PREFIX: &str = "INSTEP_HOST_";

/// Name and value of a variable.
pub(super) type Variable = (String, String);

/// Returns the variables of instep, sorted by name.
///
/// # Errors
/// If one of them is not UTF-8. Other variables may have any bytes.
pub(super) fn of_process() -> Result<Vec<Variable>, Error> {
    let mut variables = Vec::new();
    for (name, value) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with(PREFIX) && !is_foreign(&name) {
            let value = utf8(value, &Source::Variable(name.clone()))?;
            variables.push((name, value));
        }
    }
    variables.sort();
    Ok(variables)
}

pub(super) fn is_foreign(name: &str) -> bool {
    name.starts_with(FOREIGN_PREFIX) || FOREIGN.contains(&name)
}

/// Returns the configuration file that `INSTEP_CONFIG` names, if it is set.
pub(super) fn file(variables: &[Variable]) -> Option<(PathBuf, Source)> {
    let (name, path) = variables.iter().find(|(name, _)| name == FILE)?;
    Some((path.into(), Source::Variable(name.clone())))
}

/// Returns the values that the variables set.
///
/// # Errors
/// If a variable is neither an option nor a limit.
pub(super) fn values(variables: &[Variable], table: Table) -> Result<Vec<Given>, Error> {
    let mut given = Vec::new();
    for (name, value) in variables.iter().filter(|(name, _)| name != FILE) {
        let source = Source::Variable(name.clone());
        let setting = table.settings.iter().find(|setting| setting.variable() == *name);
        let (key, texts) = if let Some(key) = name.strip_prefix(LIMIT) {
            let limit = table.limit(&key.to_ascii_lowercase()).filter(|_| key == key.to_ascii_uppercase());
            let Some(limit) = limit else {
                return Err(Error(format!(
                    "unknown limit in the variable {name}; after {LIMIT} write one of {}, in capitals",
                    table.limit_names()
                )));
            };
            (Key::Limit(limit), vec![value.clone()])
        } else if let Some(setting) = setting {
            let texts = if setting.is_list() { split(value) } else { vec![value.clone()] };
            (Key::Setting(setting), texts)
        } else {
            let names: Vec<_> = table.settings.iter().map(super::setting::Setting::variable).collect();
            return Err(Error(format!(
                "unknown variable {name}; unset it or use one of {FILE}, {}, and {LIMIT}… for each limit",
                names.join(", ")
            )));
        };
        given.push(Given { key, texts, source });
    }
    Ok(given)
}

/// Splits a list at its commas. An empty text is an empty list.
fn split(list: &str) -> Vec<String> {
    if list.trim().is_empty() {
        return Vec::new();
    }
    list.split(',').map(|part| part.trim().into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_is_split_at_commas() {
        assert_eq!(split("a"), ["a"]);
        assert_eq!(split("a, b ,c"), ["a", "b", "c"]);
        assert_eq!(split("a,"), ["a", ""], "an empty part is kept, so that it is rejected");
        assert_eq!(split(" "), [""; 0]);
    }
}
