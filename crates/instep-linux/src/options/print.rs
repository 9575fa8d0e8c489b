//! The command `config`, which prints the configuration as a file with the same values.

use super::Configuration;
use super::raw::{Key, Source};
use std::fmt::{self, Display};
use toml::Value;

impl Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(path) => writeln!(f, "# Configuration file: {:?}", path.display())?,
            None => writeln!(f, "# Configuration file: none")?,
        }
        writeln!(f)?;
        let mut lines = Vec::new();
        for setting in self.table.settings {
            let (key, from) = (setting.key, self.origin(Key::Setting(setting)));
            let shown = (setting.show)(&self.settings);
            let value = match (setting.value, shown.first()) {
                _ if setting.is_list() => shown.into_iter().map(Value::String).collect::<Vec<_>>().into(),
                (_, None) => {
                    lines.push((format!("# {key} is not set: {}", setting.unset), None));
                    continue;
                }
                (_, Some(_)) if setting.secret => {
                    lines.push((format!("# {key} = \"***\""), Some(from)));
                    continue;
                }
                (None, Some(on)) => Value::Boolean(on == "true"),
                (Some(_), Some(text)) => Value::String(text.clone()),
            };
            lines.push((format!("{key} = {value}"), Some(from)));
        }
        aligned(f, &lines)?;
        lines.clear();
        writeln!(f, "\n[limits]")?;
        for limit in self.table.limits {
            let text = limit.show(&self.settings.limits);
            let value = if text.bytes().all(|byte| byte.is_ascii_digit()) {
                text
            } else {
                Value::String(text).to_string()
            };
            lines.push((format!("{} = {value}", limit.key), Some(self.origin(Key::Limit(limit)))));
        }
        aligned(f, &lines)
    }
}

impl Configuration {
    fn origin(&self, key: Key) -> String {
        match self.origins.get(&key.path()) {
            None | Some(Source::Program) => "default".into(),
            Some(Source::File { line, .. }) => format!("file, line {line}"),
            Some(Source::Variable(name)) => format!("environment {name}"),
            Some(Source::Flag(name)) => format!("flag {name}"),
        }
    }
}

/// Writes lines with their sources in an aligned column.
fn aligned(f: &mut impl fmt::Write, lines: &[(String, Option<String>)]) -> fmt::Result {
    /// Maximum length of a line that counts for the alignment, in characters.
    const MAX_WIDTH: usize = 44;
    let widths = lines.iter().filter(|(_, from)| from.is_some()).map(|(line, _)| line.chars().count());
    let width = widths.filter(|width| *width <= MAX_WIDTH).max().unwrap_or(0);
    for (line, from) in lines {
        match from {
            Some(from) => writeln!(f, "{line:width$}  # {from}")?,
            None => writeln!(f, "{line}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::setting::{SETTING, Setting, Take};
    use super::super::{file, flags, raw::Error, variables};
    use super::*;
    use crate::options::Settings;
    use crate::options::raw::Table;
    use std::fmt::Write as _;
    use std::path::Path;

    /// A secret and a switch, which set arbitrary fields.
    static SETTINGS: [Setting; 2] = [
        Setting {
            key: "word",
            value: Some("WORD"),
            unset: "not needed",
            secret: true,
            take: Take::One(|settings, text| {
                settings.name = Some(text.strip_prefix("sesame").ok_or("is not right")?.into());
                Ok(())
            }),
            show: |settings| settings.name.iter().cloned().collect(),
            ..SETTING
        },
        Setting {
            key: "shine",
            take: Take::One(|settings, text| {
                settings.hosts = vec![text.into()];
                Ok(())
            }),
            show: |settings| settings.hosts.clone(),
            ..SETTING
        },
    ];
    static TABLE: Table = Table { settings: &SETTINGS, limits: &[] };

    /// Returns the printed configuration.
    fn printed(text: &str, set: &[(&str, &str)], flags: &[&str]) -> Result<String, Error> {
        let set: Vec<_> = set.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let mut given = file::values(text, Path::new("test.toml"), TABLE)?;
        given.extend(variables::values(&set, TABLE)?);
        given.extend(flags::of(flags, TABLE)?);
        let mut printed = String::new();
        let all = Configuration::from(given, None, TABLE, Settings::new(&instep_apps::ALL))?;
        write!(printed, "{all}").unwrap();
        Ok(printed)
    }

    #[test]
    fn secret_is_never_printed() {
        assert!(printed("", &[], &[]).unwrap().contains("# word is not set: not needed\n"));
        let text = printed("", &[("INSTEP_WORD", "sesame1")], &[]).unwrap();
        assert!(text.contains("# word = \"***\"  # environment INSTEP_WORD\n"), "{text}");
        assert!(!text.contains('1'), "{text}");
        let error = printed("", &[("INSTEP_WORD", "sesam1")], &[]).unwrap_err().to_string();
        assert_eq!(error, "in INSTEP_WORD: \"***\" is not right");
    }

    #[test]
    fn secret_in_a_file_or_flag_is_rejected() {
        let error = printed("\nword = \"sesame1\"", &[], &[]).unwrap_err().to_string();
        assert_eq!(error, "in test.toml, line 2: word is a secret; set it by the variable INSTEP_WORD");
        assert!(printed("", &[], &["--word=sesame1"]).is_err(), "there is no such flag");
    }

    #[test]
    fn switch_is_set_by_each_source() {
        for (text, set, flags, on) in [
            ("shine = true", &[][..], &[][..], true),
            ("shine = true", &[("INSTEP_SHINE", "false")], &[], false),
            ("shine = false", &[], &["--shine"], true),
            ("shine = true", &[], &["--shine=false"], false),
        ] {
            let printed = printed(text, set, flags).unwrap();
            assert!(printed.contains(&format!("\nshine = {on}  #")), "{printed}");
        }
        let error = printed("", &[("INSTEP_SHINE", "yes")], &[]).unwrap_err().to_string();
        assert_eq!(error, "in INSTEP_SHINE: \"yes\" is neither true nor false");
        let error = printed("shine = \"true\"", &[], &[]).unwrap_err().to_string();
        assert_eq!(error, "in test.toml, line 1: shine must be true or false, without quotes");
    }
}
