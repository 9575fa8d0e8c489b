//! Options from the command line, and its help.

use super::raw::{Error, Given, Key, Source, Table};
use super::{ServerLimits, Settings};
use crate::identity::Identity;
use clap::builder::NonEmptyStringValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::ffi::OsString;
use std::path::PathBuf;

const FILE: &str = "config";
const LIMIT: &str = "limit";
const ABOUT: &str = "A WebSocket device server that keeps every open page in step with the device";

/// Arguments of a command that is not instep's.
const ARGUMENTS: &str = "arguments";

const EXAMPLES: [(&str, &str, &str); 6] = [
    ("", "", "this machine only"),
    ("INSTEP_PASSWORD=… ", " --addr 0.0.0.0:8080", "the whole network"),
    ("", " --addr 0.0.0.0:8080 --open", "without a password"),
    ("", " --page my-page.html", "your own page"),
    ("", " --addr https://0.0.0.0:8443 --tls-self-signed", "with TLS"),
    ("", " --limit clients=100", "another limit"),
];

/// Returns the command line for `clap`.
pub(super) fn command(identity: &Identity, table: Table, defaults: &Settings) -> Command {
    let name = identity.name;
    let sources = format!(
        "Options can be set by flags, by environment variables (lists separated by commas), and in a TOML file, whose keys are \
         the flags' names with _ for -. Flags override variables, and variables override the file. `{name} config` prints the \
         result."
    );
    let several = identity.apps.len() > 1;
    // A program with one application serves it without a command of that name.
    let serve = if several { format!("{name} serve") } else { name.to_owned() };
    let examples = examples(&serve);
    let options = |command: Command| {
        with_options(command, table, defaults)
            .after_help(format!("{examples}\n\n{sources}"))
            .after_long_help(format!("{examples}\n\n{sources}\n\n{}", limits_help(table)))
    };
    let config = Command::new("config")
        .about(format!("Print the configuration that `{serve}` would run with, as a file for --config"))
        .long_about(format!(
            "Print the configuration that `{serve}` would run with, and the source of each value, as a file for --config. \
             Takes the same options as `{serve}`."
        ));
    let reset = Command::new("reset")
        .about("Remove the values that are persisted in state_file")
        .long_about(format!(
            "Remove the values that are persisted in state_file. Takes the same options as `{serve}`, and needs state_file. \
             Stop the server first, because a running server keeps its state."
        ));
    let (about, served) = match defaults.app {
        app if several => (ABOUT, format!("the application {}", app.name())),
        app => (app.about(), "the device".into()),
    };
    let url = defaults.addresses.first().map_or_else(String::new, |address| {
        format!("{}{}/", if address.secure { "" } else { "http://" }, address)
    });
    let mut command = Command::new(name).version(identity.version).about(about).long_about(format!(
        "{about}.\n\nWithout a command, `{name}` serves {served} at {url} : open that address in two \
         browser windows and change a value in one of them. It reads options from the environment and from {} in this \
         folder, if that file exists.",
        super::file::DEFAULT
    ));
    command = if several {
        command
            .after_help(format!("`{serve} --help` lists the options."))
            .subcommand(options(Command::new("serve").about("Serve until Ctrl-C")))
    } else {
        options(command).args_conflicts_with_subcommands(true)
    };
    command = command
        .subcommand(with_options(config, table, defaults).after_help(sources.clone()))
        .subcommand(with_options(reset, table, defaults).after_help(sources));
    if several {
        command = command.subcommand(Command::new("apps").about("List the applications"));
    }
    command.subcommands(identity.commands.iter().map(|own| {
        // The command parses its own arguments, also --help.
        let arguments = Arg::new(ARGUMENTS)
            .num_args(0..)
            .trailing_var_arg(true)
            .allow_hyphen_values(true)
            .value_parser(clap::value_parser!(OsString));
        Command::new(own.name).about(own.about).disable_help_flag(true).arg(arguments)
    }))
}

/// Returns the arguments of a command that is not instep's.
pub(crate) fn arguments(matches: &ArgMatches) -> Vec<OsString> {
    matches.get_many(ARGUMENTS).into_iter().flatten().cloned().collect()
}

fn examples(serve: &str) -> String {
    let line = |(before, after, about): &(&str, &str, &str)| {
        let command = format!("{before}{serve}{after}");
        format!("\n  {command:52}  {about}")
    };
    format!("Examples:{}", EXAMPLES.iter().map(line).collect::<String>())
}

pub(super) fn with_options(command: Command, table: Table, defaults: &Settings) -> Command {
    let file = format!(
        "Read options from this file [default: {}, if it is in this folder] [environment: INSTEP_CONFIG]",
        super::file::DEFAULT
    );
    let limit = "Set a limit, such as message=1000 or idle_time=5s. May be given more than once \
        [environment: INSTEP_LIMIT_KEY]";
    let limit = Arg::new(LIMIT).long(LIMIT).value_name("KEY=VALUE").action(ArgAction::Append).help(limit);
    let file = Arg::new(FILE)
        .long(FILE)
        .value_name("FILE")
        .value_parser(NonEmptyStringValueParser::new())
        .help(file);
    options(command, table, defaults).arg(limit).arg(file)
}

fn options(command: Command, table: Table, defaults: &Settings) -> Command {
    command.args(table.settings.iter().filter(|setting| !setting.secret).map(|setting| {
        let mut help = setting.about.to_owned();
        if setting.is_list() {
            help.push_str(". May be given more than once");
        }
        let default = (setting.show)(defaults).join(", ");
        let default = if default.is_empty() { setting.unset } else { &default };
        if !default.is_empty() {
            help.push_str(&format!(" [default: {default}]"));
        }
        help.push_str(&format!(" [environment: {}]", setting.variable()));
        if !setting.alone.is_empty() {
            help.push_str(&format!(" [without a value: {}]", setting.alone));
        }
        let action = if setting.is_list() { ArgAction::Append } else { ArgAction::Set };
        let arg = Arg::new(setting.key).long(setting.flag()).action(action).help(help);
        match setting.value {
            Some(value) if setting.alone.is_empty() => arg.value_name(value),
            Some(value) => arg.value_name(value).num_args(0..=1).default_missing_value(setting.alone),
            // Both `--open` and `--open=false` are valid.
            None => arg
                .value_name("true|false")
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true"),
        }
    }))
}

pub(super) fn limits_help(table: Table) -> String {
    let defaults = ServerLimits::default();
    let mut help = "Limits and their defaults:".to_owned();
    let shown: Vec<_> = table.limits.iter().map(|limit| (limit, limit.show(&defaults))).collect();
    let width = shown.iter().map(|(_, value)| value.len()).max().unwrap_or(0) + 2;
    for (limit, value) in shown {
        help.push_str(&format!("\n  {:14}{value:width$}{}", limit.key, limit.about));
    }
    help
}

/// Returns the configuration file that `--config` names, if it is given.
pub(super) fn file(flags: &ArgMatches) -> Option<(PathBuf, Source)> {
    let path: &String = flags.try_get_one(FILE).ok()??;
    Some((path.into(), Source::Flag("--config".into())))
}

/// Returns the values that the flags set.
///
/// # Errors
/// If `--limit` names no limit.
pub(super) fn values(flags: &ArgMatches, table: Table) -> Result<Vec<Given>, Error> {
    // Without a command, a program with several applications has no options.
    let texts = |id| Some(flags.try_get_many::<String>(id).ok()??.cloned().collect::<Vec<_>>());
    let mut given = Vec::new();
    for setting in table.settings.iter().filter(|setting| !setting.secret) {
        if let Some(texts) = texts(setting.key) {
            let source = Source::Flag(format!("--{}", setting.flag()));
            given.push(Given { key: Key::Setting(setting), texts, source });
        }
    }
    for text in texts(LIMIT).unwrap_or_default() {
        let source = Source::Flag(format!("--{LIMIT}"));
        let Some((key, value)) = text.split_once('=') else {
            return Err(source.error(format!(
                "invalid limit {:?}; write KEY=VALUE, such as message=1000",
                super::raw::shortened(&text)
            )));
        };
        let Some(limit) = table.limit(key.trim()) else {
            return Err(source.error(format!(
                "unknown limit {:?}; use one of {}",
                super::raw::shortened(key.trim()),
                table.limit_names()
            )));
        };
        let source = Source::Flag(format!("--{LIMIT} {}", limit.key));
        given.push(Given { key: Key::Limit(limit), texts: vec![value.trim().into()], source });
    }
    Ok(given)
}

/// Returns the values that these arguments set.
#[cfg(test)]
pub(super) fn of(arguments: &[&str], table: Table) -> Result<Vec<Given>, Error> {
    let command =
        with_options(Command::new("test").no_binary_name(true), table, &Settings::new(&instep_apps::ALL));
    values(&command.try_get_matches_from(arguments).map_err(|error| Error(error.to_string()))?, table)
}

#[cfg(test)]
mod tests {
    use super::super::configuration::tests::program;
    use super::*;

    #[test]
    fn command_line_passes_claps_checks() {
        super::super::command(&program()).debug_assert();
        super::super::command(&Identity { apps: &[&instep_apps::lamp::APP], ..program() }).debug_assert();
    }

    #[test]
    fn help_tables_have_at_most_80_columns() {
        let table = Table::of(&program());
        for line in examples("instep serve").lines().chain(limits_help(table).lines()) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
