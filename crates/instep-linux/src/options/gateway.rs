//! Options of the command `gateway`: those of `serve`, without those of an application.

use super::configuration::Configuration;
use super::flags::{limits_help, with_options};
use super::limits::{FLEET_LIMITS, LIMITS, Limit};
use super::raw::{Error, Table};
use super::setting::Setting;
use super::settings::Settings;
use super::table::SETTINGS;
use crate::identity::Identity;
use clap::{ArgMatches, Command};
use instep::App;
use std::sync::LazyLock;

/// Options that only an application has.
const OF_APPLICATION: [&str; 7] =
    ["app", "page", "percent_escape", "state_file", "power_up", "io", "mqtt_commands"];

/// Help of options that mean something else for a gateway; and the default, if there is none.
const ABOUT: [(&str, &str, &str); 9] = [
    (
        "name",
        "Host name of the gateway; it also answers to NAME.local, NAME.lan and the like",
        "this machine's name",
    ),
    ("allow_host", "Additional host name to which the gateway answers", ""),
    (
        "allow_origin",
        "Let web pages and apps of another origin use the devices, such as http://example.org or \
         capacitor://localhost. Warning: `null` and file:// allow every page from a file, and many programs",
        "",
    ),
    (
        "allow_frame",
        "Let web pages of another origin show the gateway in a frame, such as http://example.org",
        "",
    ),
    ("password", "Password of the gateway", "no password is needed"),
    (
        "password_file",
        "Read the password of the gateway from this file, instead of from the variable INSTEP_PASSWORD",
        "INSTEP_PASSWORD, if it is set",
    ),
    ("open", "Let everyone in the network use the devices without a password", ""),
    (
        "mqtt",
        "Broker that tells of the devices: mqtt[s]://[USER@]HOST[:PORT][/PREFIX]",
        "none; the gateway needs one",
    ),
    ("mqtt_id", "Id of the gateway at the broker, which no other client has", "a random one"),
];

const EXAMPLES: &str = "\
Examples:
  instep gateway --mqtt mqtt://broker.local
  INSTEP_PASSWORD=… instep gateway --mqtt mqtt://broker.local --addr 0.0.0.0:8080
  instep gateway --mqtt mqtts://gateway@broker.example --mqtt-password-file secret

Options can also be set by environment variables (lists separated by commas) and in a TOML file, whose keys are the flags' names with \
_ for -.";

impl Table {
    /// Returns the options of a gateway.
    fn of_gateway() -> Self {
        static OPTIONS: LazyLock<(Vec<Setting>, Vec<Limit>)> = LazyLock::new(|| {
            let settings = SETTINGS.iter().filter(|setting| !OF_APPLICATION.contains(&setting.key));
            let settings = settings.map(|setting| match ABOUT.iter().find(|(key, ..)| *key == setting.key) {
                Some((_, about, unset)) => Setting { about, unset, ..*setting },
                None => *setting,
            });
            (settings.collect(), LIMITS.iter().chain(FLEET_LIMITS).cloned().collect())
        });
        let (settings, limits) = &*OPTIONS;
        Self { settings, limits }
    }
}

/// Returns the command line of a gateway for `clap`. The applications are not offered.
pub(crate) fn gateway_command(about: &'static str, apps: &'static [&'static App]) -> Command {
    let table = Table::of_gateway();
    let command = Command::new("instep gateway").no_binary_name(true).about(about);
    let command = with_options(command, table, &Settings::new(apps));
    command.after_help(EXAMPLES).after_long_help(format!("{EXAMPLES}\n\n{}", limits_help(table)))
}

/// Reads the options of a gateway.
///
/// # Errors
/// If any value is invalid, even if another one overrides it.
pub(crate) fn read_gateway(
    apps: &'static [&'static App],
    flags: &ArgMatches,
) -> Result<Configuration, Error> {
    let identity = Identity { name: "instep gateway", version: "", apps, commands: &[], defaults: "" };
    Configuration::read_with(Table::of_gateway(), &identity, flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_option_named_here_is_one() {
        let is_known = |key: &str| SETTINGS.iter().any(|setting| setting.key == key);
        for key in OF_APPLICATION.into_iter().chain(ABOUT.map(|(key, ..)| key)) {
            assert!(is_known(key), "{key}");
        }
        gateway_command("", &instep_apps::ALL).debug_assert();
    }

    /// What a gateway asks for is said in its own words.
    #[test]
    fn no_option_speaks_of_an_application() {
        let table = Table::of_gateway();
        let texts = table.settings.iter().map(|setting| (setting.key, setting.about));
        for (key, about) in texts.filter(|(key, _)| !["trust_proxy", "tls_cert"].contains(key)) {
            assert!(!about.contains("application") && !about.contains("the device "), "{key}: {about}");
        }
    }

    #[test]
    fn limits_are_those_of_the_fleet() {
        let limits = super::super::ServerLimits::default().fleet;
        let fleet = instep_gateway::FleetLimits::default();
        assert_eq!(
            (limits.devices, limits.bytes, limits.history),
            (fleet.devices, fleet.bytes, fleet.history)
        );
        let gateway = instep_gateway::GatewayLimits::default();
        assert_eq!((limits.viewed, limits.viewers), (gateway.viewed, gateway.viewers));
    }
}
