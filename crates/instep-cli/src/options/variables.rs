//! Options by environment variables.

use super::raw::{Error, Given, Key, Source, Table, utf8};
use std::path::PathBuf;

const PREFIX: &str = "INSTEP_";
const LIMIT: &str = "INSTEP_LIMIT_";
const FILE: &str = "INSTEP_CONFIG";

/// Variables that begin as ours do and belong to others: tests and firmware builds read them.
const OF_OTHERS: &[&str] = &["INSTEP_AP_PASSWORD", "INSTEP_BIN", "INSTEP_WIFI_PASSWORD", "INSTEP_WIFI_SSID"];
const OF_OTHERS_BEGIN: &str = "INSTEP_HOST_";

/// A variable and its value.
pub(super) type Variable = (String, String);

/// Our variables, in order of their names. What other variables hold does not matter.
pub(super) fn of_process() -> Result<Vec<Variable>, Error> {
    let mut variables = Vec::new();
    for (name, value) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with(PREFIX) && !is_of_others(&name) {
            let value = utf8(value, &Source::Variable(name.clone()))?;
            variables.push((name, value));
        }
    }
    variables.sort();
    Ok(variables)
}

pub(super) fn is_of_others(name: &str) -> bool {
    name.starts_with(OF_OTHERS_BEGIN) || OF_OTHERS.contains(&name)
}

/// The file that they name.
pub(super) fn file(variables: &[Variable]) -> Option<(PathBuf, Source)> {
    let (name, path) = variables.iter().find(|(name, _)| name == FILE)?;
    Some((path.into(), Source::Variable(name.clone())))
}

/// What they set.
pub(super) fn values(variables: &[Variable], table: Table) -> Result<Vec<Given>, Error> {
    let mut given = Vec::new();
    for (name, value) in variables.iter().filter(|(name, _)| name != FILE) {
        let source = Source::Variable(name.clone());
        let setting = table.settings.iter().find(|setting| setting.variable() == *name);
        let (key, texts) = if let Some(key) = name.strip_prefix(LIMIT) {
            let limit = table.limit(&key.to_ascii_lowercase()).filter(|_| key == key.to_ascii_uppercase());
            let Some(limit) = limit else {
                return Err(Error(format!(
                    "{name} is set, but is not a limit of instep: after {LIMIT} comes one of {}, in capitals",
                    table.limit_names()
                )));
            };
            (Key::Limit(limit), vec![value.clone()])
        } else if let Some(setting) = setting {
            let texts = if setting.is_list() { split(value) } else { vec![value.clone()] };
            (Key::Setting(setting), texts)
        } else {
            let names: Vec<_> = table.settings.iter().map(super::Setting::variable).collect();
            return Err(Error(format!(
                "{name} is set, but is not a variable of instep: there are {FILE}, {}, and {LIMIT}… for each limit",
                names.join(", ")
            )));
        };
        given.push(Given { key, texts, source });
    }
    Ok(given)
}

/// The parts between the commas; none of an empty text.
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
    fn lists_are_separated_by_commas() {
        assert_eq!(split("a"), ["a"]);
        assert_eq!(split("a, b ,c"), ["a", "b", "c"]);
        assert_eq!(split("a,"), ["a", ""], "which is then a wrong value");
        assert_eq!(split(" "), [""; 0]);
    }
}
