//! The settings of a call, and the source of each.

use super::limits::{self, Clash};
use super::raw::{Error, Given, Key, Source, Table, shortened};
use super::setting::{Setting, Take};
use super::settings::Settings;
use super::{file, flags, variables};
use crate::identity::Identity;
use clap::ArgMatches;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The settings and the source of each.
pub(crate) struct Configuration {
    pub(crate) settings: Settings,
    /// The configuration file, if one was read.
    pub(crate) file: Option<PathBuf>,
    pub(super) table: Table,
    pub(super) origins: BTreeMap<String, Source>,
}

impl Configuration {
    /// Reads flags, environment variables and the file.
    ///
    /// A flag or a variable names the file; the default is `instep.toml` in the working folder, if it exists.
    ///
    /// # Errors
    /// If any value is invalid, even if another one overrides it.
    pub(crate) fn read(identity: &Identity, flags: &ArgMatches) -> Result<Self, Error> {
        Self::read_with(Table::of(identity), identity, flags)
    }

    /// Reads the options of this table.
    pub(super) fn read_with(table: Table, identity: &Identity, flags: &ArgMatches) -> Result<Self, Error> {
        let variables = variables::of_process()?;
        let (path, asked) = flags::file(flags)
            .or_else(|| variables::file(&variables))
            .map_or_else(|| (PathBuf::from(file::DEFAULT), None), |(path, source)| (path, Some(source)));
        let text = file::read(&path, asked.as_ref())?;
        let mut given = defaults(identity, table)?;
        if let Some(text) = &text {
            given.extend(file::values(text, &path, table)?);
        }
        given.extend(variables::values(&variables, table)?);
        given.extend(flags::values(flags, table)?);
        Self::from(given, text.map(|_| path), table, Settings::new(identity.apps))
    }

    /// Returns whether a flag, a variable or the file sets this option. A default of the program does not count.
    pub(crate) fn is_given(&self, key: &str) -> bool {
        self.origins.get(key).is_some_and(|source| !matches!(source, Source::Program))
    }

    /// Returns how an error about this option names its source.
    pub(crate) fn source(&self, key: &str) -> impl Fn(&str) -> String + use<> {
        let source = self.origins.get(key).cloned();
        move |reason| source.as_ref().map_or_else(|| reason.into(), |source| source.error(reason).to_string())
    }

    /// Applies the values in order, so that later ones override earlier ones.
    pub(super) fn from(
        given: Vec<Given>,
        file: Option<PathBuf>,
        table: Table,
        settings: Settings,
    ) -> Result<Self, Error> {
        let mut all = Self { settings, file, table, origins: BTreeMap::new() };
        for Given { key, texts, source } in given {
            let taken = match key {
                Key::Setting(setting) => setting.take(&mut all.settings, &texts),
                Key::Limit(limit) => texts.iter().try_for_each(|text| {
                    limit
                        .take(&mut all.settings.limits, text)
                        .map_err(|reason| format!("{:?} {reason}", shortened(text)))
                }),
            };
            taken.map_err(|reason| source.error(reason))?;
            all.origins.insert(key.path(), source);
        }
        limits::check(&all.settings.limits).map_err(|clash| all.explain(&clash))?;
        Ok(all)
    }

    /// Returns the error of a conflict.
    ///
    /// It names the source that overrides the other, because the user probably changed it last.
    fn explain(&self, Clash { keys, reason }: &Clash) -> Error {
        let [first, second] = keys;
        let sentence = format!("the limits {first} and {second} conflict: {reason}");
        let origins = keys.iter().filter_map(|key| self.origins.get(&format!("limits.{key}")));
        match origins.max_by_key(|source| match source {
            Source::Program => (0, 0),
            Source::File { line, .. } => (1, *line),
            Source::Variable(_) => (2, 0),
            Source::Flag(_) => (3, 0),
        }) {
            Some(source) => source.error(sentence),
            None => Error(sentence),
        }
    }
}

/// Returns the command line for `clap`.
pub(crate) fn command(identity: &Identity) -> clap::Command {
    let table = Table::of(identity);
    flags::command(identity, table, &default_settings(identity, table))
}

/// Returns the values that the program sets.
fn defaults(identity: &Identity, table: Table) -> Result<Vec<Given>, Error> {
    let mut given = file::values(identity.defaults, Path::new("the program's defaults"), table)?;
    given.iter_mut().for_each(|given| given.source = Source::Program);
    Ok(given)
}

/// Returns the settings of a call without options, for the help.
fn default_settings(identity: &Identity, table: Table) -> Settings {
    let settings = || Settings::new(identity.apps);
    let all = defaults(identity, table).and_then(|given| Configuration::from(given, None, table, settings()));
    // `Configuration::read` reports an error in the defaults.
    all.map_or_else(|_| settings(), |all| all.settings)
}

impl Setting {
    fn take(&self, settings: &mut Settings, texts: &[String]) -> Result<(), String> {
        if self.value.is_none() && texts.iter().any(|text| text != "true" && text != "false") {
            return Err(format!("{:?} is neither true nor false", shortened(&texts.join(","))));
        }
        let wrong = |text: &str, reason: &str| {
            // A mistyped secret is not printed either, because most of it is right. An address may have one before its `@`.
            let has_user = text.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
            let text =
                if self.secret || has_user { "\"***\"".into() } else { format!("{:?}", shortened(text)) };
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
pub(super) mod tests {
    use super::super::limits::LIMITS;
    use super::super::table::SETTINGS;
    use super::*;

    /// Returns a program with several applications.
    pub(in super::super) fn program() -> Identity {
        Identity { name: "instep", version: "1.2.3", apps: &instep_apps::ALL, commands: &[], defaults: "" }
    }

    #[test]
    fn documentation_names_every_option_and_default() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/configuration.md");
        let text = std::fs::read_to_string(path).unwrap();
        let row = |start: String| {
            text.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("no row {start}"))
        };
        let defaults = Settings::new(&instep_apps::ALL);
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
    fn program_s_defaults_are_overridden_and_checked() {
        let read = |defaults, flags: &[&str]| {
            let identity = Identity { defaults, ..program() };
            let command = command(&identity).no_binary_name(true);
            let matches = command.try_get_matches_from(flags).unwrap();
            Configuration::read(&identity, matches.subcommand().unwrap().1)
        };
        let defaults = "name = \"pump\"\nopen = true\n[limits]\nclients = 3";
        let all = read(defaults, &["serve"]).unwrap();
        assert!(!all.is_given("name"), "a default counts as given");
        assert_eq!((all.settings.name.as_deref(), all.settings.open), (Some("pump"), true));
        let all = read(defaults, &["serve", "--name", "lamp", "--open=false"]).unwrap().settings;
        assert_eq!((all.name.as_deref(), all.open), (Some("lamp"), false));
        let error = read("nmae = \"pump\"", &["serve"]).err().unwrap().to_string();
        assert!(error.contains("the program's defaults"), "{error}");
        let error = read("name = \"a b\"", &["serve"]).err().unwrap().to_string();
        assert!(error.starts_with("in the program's defaults: "), "{error}");
        let mut command = command(&Identity { defaults, ..program() });
        let help = command.find_subcommand_mut("serve").unwrap().render_long_help().to_string();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains("[default: pump]"), "{help}");
    }

    #[test]
    fn option_names_are_unique_and_simple() {
        let keys: Vec<_> = SETTINGS.iter().map(|setting| setting.key).collect();
        let limits: Vec<_> = LIMITS.iter().map(|limit| limit.key).collect();
        for (i, key) in keys.iter().enumerate() {
            assert!(!keys[..i].contains(key) && *key != "config" && !key.starts_with("limit"), "{key}");
        }
        for variable in SETTINGS.iter().map(Setting::variable) {
            assert!(!variables::is_foreign(&variable), "{variable} would be ignored");
        }
        for (i, key) in limits.iter().enumerate() {
            assert!(!limits[..i].contains(key), "{key}");
        }
        let simple = |key: &&str| {
            key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        assert!(keys.iter().chain(&limits).all(simple));
    }

    #[test]
    fn later_value_replaces_the_whole_list() {
        let table = Table::of(&program());
        let given = |key, texts: &[&str], source| Given {
            key: Key::Setting(table.setting(key).unwrap()),
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
            table,
            Settings::new(&instep_apps::ALL),
        )
        .unwrap();
        assert_eq!((all.settings.app.name(), &all.settings.hosts[..]), ("echo", &["c".to_owned()][..]));
        assert!(matches!(&all.origins["app"], Source::Variable(_)));
        assert!(matches!(&all.origins["allow_host"], Source::Flag(_)));
    }
}
