//! The options: by a file, by environment variables, and by flags. Flags win over variables, variables over the
//! file, the file over defaults.
//!
//! To add an option:
//!
//! 1. a field of `Settings` in `settings.rs`, with its default;
//! 2. an entry of `SETTINGS` in `table.rs`, from which come its flag, its variable, its key in the file, its help, and
//!    its line in `instep config`;
//! 3. a row in `docs/reference/configuration.md`; a test compares.
//!
//! The entry of a text is like `name`'s, of a list like `allow_host`'s, of a file like `page`'s, of a text
//! that the flag may leave out like `metrics`'. A switch has
//! `value: None`: it is taken as `true` or `false`, both checked before. A secret has `secret: true`: it gets a
//! variable alone, and `***` where it is printed, in errors too.
//!
//! A number is a limit: a field of [`instep::Limits`] or [`instep_tokio::SocketLimits`], an entry of `LIMITS`
//! in `limits.rs`, and a row. If it is off by default, 0 is off.
//!
//! A variable that another program reads is in `OF_OTHERS` in `variables.rs` and comes out of it when it becomes
//! an option.

mod file;
mod flags;
mod limits;
mod print;
mod raw;
mod settings;
mod spelling;
mod table;
mod values;
mod variables;

pub(crate) use flags::command;
pub(crate) use limits::ServerLimits;
pub(crate) use settings::{LogFormat, Settings};
pub(crate) use spelling::advise;

use clap::ArgMatches;
use limits::Clash;
use raw::{Error, Given, Key, Source, TABLE, shown};
use std::collections::BTreeMap;
use std::path::PathBuf;
use table::{Setting, Take};

/// The settings, and where each came from.
pub(crate) struct Configuration {
    pub(crate) settings: Settings,
    /// The file that was read.
    pub(crate) file: Option<PathBuf>,
    origins: BTreeMap<String, Source>,
}

impl Configuration {
    /// The configuration from the flags of a command, the environment, and the file that either of them names or
    /// that lies in the working folder.
    pub(crate) fn read(flags: Option<&ArgMatches>) -> Result<Self, Error> {
        let variables = variables::of_process()?;
        let (path, asked) = flags::file(flags)
            .or_else(|| variables::file(&variables))
            .map_or_else(|| (PathBuf::from(file::USUAL), None), |(path, source)| (path, Some(source)));
        let text = file::read(&path, asked.as_ref())?;
        let mut given = match &text {
            Some(text) => file::values(text, &path, TABLE)?,
            None => Vec::new(),
        };
        given.extend(variables::values(&variables, TABLE)?);
        given.extend(flags.map_or_else(|| Ok(Vec::new()), |flags| flags::values(flags, TABLE))?);
        Self::from(given, text.map(|_| path))
    }

    /// Whether a flag, a variable or the file sets this option.
    pub(crate) fn is_given(&self, key: &str) -> bool {
        self.origins.contains_key(key)
    }

    /// Later values win.
    fn from(given: Vec<Given>, file: Option<PathBuf>) -> Result<Self, Error> {
        let mut all = Self { settings: Settings::default(), file, origins: BTreeMap::new() };
        for Given { key, texts, source } in given {
            let taken = match key {
                Key::Setting(setting) => setting.take(&mut all.settings, &texts),
                Key::Limit(limit) => texts.iter().try_for_each(|text| {
                    limit
                        .take(&mut all.settings.limits, text)
                        .map_err(|reason| format!("{:?} {reason}", shown(text)))
                }),
            };
            taken.map_err(|reason| source.error(reason))?;
            all.origins.insert(key.path(), source);
        }
        limits::check(&all.settings.limits).map_err(|clash| all.explain(&clash))?;
        Ok(all)
    }

    /// Names the source that came last, which is the one that was probably just changed.
    fn explain(&self, Clash { keys, reason }: &Clash) -> Error {
        let [first, second] = keys;
        let sentence = format!("the limits {first} and {second} do not go together: {reason}");
        let origins = keys.iter().filter_map(|key| self.origins.get(&format!("limits.{key}")));
        match origins.max_by_key(|source| match source {
            Source::File { line, .. } => (0, *line),
            Source::Variable(_) => (1, 0),
            Source::Flag(_) => (2, 0),
        }) {
            Some(source) => source.error(sentence),
            None => Error(sentence),
        }
    }
}

impl Setting {
    fn take(&self, settings: &mut Settings, texts: &[String]) -> Result<(), String> {
        if self.value.is_none() && texts.iter().any(|text| text != "true" && text != "false") {
            return Err(format!("{:?} is neither true nor false", shown(&texts.join(","))));
        }
        let wrong = |text: &str, reason: &str| {
            // A secret that is nearly right is a secret.
            let text = if self.secret { "\"***\"".into() } else { format!("{:?}", shown(text)) };
            format!("{text} {reason}")
        };
        match self.take {
            Take::One(take) => {
                texts.iter().try_for_each(|text| take(settings, text).map_err(|reason| wrong(text, &reason)))
            }
            Take::Many(take) => take(settings, texts).map_err(|error| wrong(&error.text, &error.reason)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::limits::LIMITS;
    use super::table::SETTINGS;
    use super::*;

    #[test]
    fn the_documentation_names_every_option_and_its_default() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/configuration.md");
        let text = std::fs::read_to_string(path).unwrap();
        let row = |start: String| {
            text.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("no row {start}"))
        };
        let defaults = Settings::default();
        for setting in SETTINGS {
            let (key, flag, variable) = (setting.key, setting.flag(), setting.variable());
            let row = if setting.secret {
                row(format!("| – | – | `{variable}` |"))
            } else {
                row(format!("| `{key}` | `--{flag}` | `{variable}` |"))
            };
            for default in (setting.show)(&defaults) {
                assert!(row.contains(&format!("`{default}`")), "{row}");
            }
            assert!(row.contains(setting.unset), "{row}");
        }
        for limit in LIMITS {
            let row = row(format!("| `{}` |", limit.key));
            assert!(row.contains(&format!("| `{}` |", limit.show(&defaults.limits))), "{row}");
        }
    }

    #[test]
    fn names_are_unique_and_simple() {
        let keys: Vec<_> = SETTINGS.iter().map(|setting| setting.key).collect();
        let limits: Vec<_> = LIMITS.iter().map(|limit| limit.key).collect();
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key) && *key != "config" && !key.starts_with("limit"), "{key}");
        }
        for variable in SETTINGS.iter().map(Setting::variable) {
            assert!(!variables::is_of_others(&variable), "{variable} would be passed over");
        }
        for (at, key) in limits.iter().enumerate() {
            assert!(!limits[..at].contains(key), "{key}");
        }
        let simple = |key: &&str| {
            key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        assert!(keys.iter().chain(&limits).all(simple));
    }

    #[test]
    fn the_later_value_wins_and_a_list_is_replaced_as_a_whole() {
        let given = |key, texts: &[&str], source| Given {
            key: Key::Setting(TABLE.setting(key).unwrap()),
            texts: texts.iter().map(ToString::to_string).collect(),
            source,
        };
        let all = Configuration::from(
            vec![
                given("app", &["echo"], Source::Variable("INSTEP_APP".into())),
                given("allow_host", &["a", "b"], Source::Variable("INSTEP_ALLOW_HOST".into())),
                given("allow_host", &["c"], Source::Flag("--allow-host".into())),
            ],
            None,
        )
        .unwrap();
        assert_eq!((all.settings.app.name(), &all.settings.hosts[..]), ("echo", &["c".to_owned()][..]));
        assert!(matches!(&all.origins["app"], Source::Variable(_)));
        assert!(matches!(&all.origins["allow_host"], Source::Flag(_)));
    }
}
