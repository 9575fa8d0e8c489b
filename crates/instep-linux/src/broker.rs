//! The MQTT broker, from the options.

use crate::options::Settings;
use instep_mqtt::DeviceId;
use instep_proto::fnv1a::fnv1a;
use instep_tokio::{Broker, BrokerAddress, BrokerLogin};
use std::path::Path;
use zeroize::Zeroizing;

/// Id of the installation of an operating system.
const MACHINE_ID: &str = "/etc/machine-id";
/// Maximum length of a password at a broker, in bytes.
const PASSWORD_MAX: usize = 512;

/// Returns the broker, if there is one. Commands need an option of their own if the device has a password.
///
/// # Errors
/// A sentence, if the options do not fit together, or if the password cannot be read.
pub(crate) fn broker(settings: &Settings, has_password: bool) -> Result<Option<Broker>, String> {
    let Some(address) = &settings.mqtt else {
        let options = [
            (settings.mqtt_id.is_some(), "--mqtt-id"),
            (settings.mqtt_password_file.is_some(), "--mqtt-password-file"),
            (settings.mqtt_commands, "--mqtt-commands"),
        ];
        return match options.into_iter().find(|(is_given, _)| *is_given) {
            Some((_, option)) => Err(format!("{option} needs a broker; add --mqtt mqtt://HOST")),
            None => Ok(None),
        };
    };
    if settings.app.as_thing().is_none() {
        let name = settings.app.name();
        return Err(format!("--mqtt needs names for topics, which only a Thing has; {name} is none"));
    }
    let login = login(address, settings.mqtt_password.as_ref(), settings.mqtt_password_file.as_deref())?;
    let id = settings.mqtt_id.unwrap_or_else(|| default_id(settings));
    let commands = settings.mqtt_commands || !has_password;
    Ok(Some(Broker::new(address.clone(), login, id, commands)))
}

/// Returns the id of an application at one port of this machine.
fn default_id(settings: &Settings) -> DeviceId {
    let machine = std::fs::read_to_string(MACHINE_ID).unwrap_or_else(|_| host_name());
    let port = settings.addresses.first().map_or(0, |address| address.socket.port());
    let name = settings.app.name();
    DeviceId::of(name, fnv1a(format!("{}/{name}/{port}", machine.trim()).as_bytes()))
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Reads the log-in at a broker from the variable `INSTEP_MQTT_PASSWORD` or from a file, for commands.
///
/// # Errors
/// A sentence, if the address has no user, if there are two passwords, or if the password cannot be read.
pub fn read_broker_login(
    address: &BrokerAddress,
    file: Option<&Path>,
) -> Result<Option<BrokerLogin>, String> {
    let variable = std::env::var("INSTEP_MQTT_PASSWORD").ok().filter(|password| !password.is_empty());
    login(address, variable.map(Zeroizing::new).as_ref(), file)
}

/// Reads the log-in at a broker.
///
/// # Errors
/// A sentence, if the address has no user, if there are two passwords, or if the password cannot be read.
pub(crate) fn login(
    address: &BrokerAddress,
    variable: Option<&Zeroizing<String>>,
    file: Option<&Path>,
) -> Result<Option<BrokerLogin>, String> {
    match password(variable, file)? {
        Some(_) if !address.has_user() => {
            Err("a password at the broker needs a user; write it as --mqtt mqtt://USER@HOST".into())
        }
        password => Ok(password.map(|password| BrokerLogin::new(password.as_str().into()))),
    }
}

fn password(
    variable: Option<&Zeroizing<String>>,
    file: Option<&Path>,
) -> Result<Option<Zeroizing<String>>, String> {
    match (variable, file) {
        (Some(_), Some(file)) => Err(format!(
            "there are two passwords at the broker, in INSTEP_MQTT_PASSWORD and in {}; leave out one",
            file.display()
        )),
        (Some(password), None) if password.len() > PASSWORD_MAX => {
            Err("the password in INSTEP_MQTT_PASSWORD is too long".into())
        }
        (Some(password), None) => Ok(Some(password.clone())),
        (None, Some(file)) => read(file).map(Some),
        (None, None) => Ok(None),
    }
}

/// Reads the password from a file, without the end of its line.
fn read(path: &Path) -> Result<Zeroizing<String>, String> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|error| format!("cannot read the password file {}: {error}", path.display()))?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() || password.len() > PASSWORD_MAX {
        return Err(format!("the password in {} is empty or too long", path.display()));
    }
    Ok(Zeroizing::new(password.into()))
}
