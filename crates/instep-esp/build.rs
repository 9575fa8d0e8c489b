//! Checks the settings that environment variables give, and hashes the password.
//!
//! Invalid values fail the build, so that no device has to report them.

use instep::access::{is_framing_origin, is_host_name, is_origin};
use instep::login::Password;
use instep_mqtt::BrokerAddress;
use std::path::Path;
use std::{env, fs};

/// Salt of the hash.
///
/// It is constant, so that a device detects whether a build has another password.
const SALT: [u8; 16] = *b"instep on a chip";
/// Number of iterations of the hash, which must equal `instep_wifi::setup::ROUNDS`.
const ROUNDS: u32 = 10_000;
/// Value of `INSTEP_AP_PASSWORD` for a network without a password, and of `INSTEP_UPDATE` for updates without one.
const OPEN: &str = "open";
/// Maximum length of the user name and of the password at a broker, in bytes, as in `instep_embassy::broker`; the crate asserts it.
const LOGIN_MAX: usize = 64;
/// Maximum length of the address of a broker, in bytes, as in `instep_settings`; the crate asserts it.
const URL_MAX: usize = 96;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    password();
    list("INSTEP_ALLOW_HOST", is_host_name, "host names without http:// and without a port");
    list("INSTEP_ALLOW_ORIGIN", is_origin, "origins such as http://example.org, or null");
    list("INSTEP_ALLOW_FRAME", is_framing_origin, "origins such as http://example.org");
    text("INSTEP_WIFI_SSID", |name| name.len() <= 32, "have at most 32 bytes");
    let rule = "be 8 to 63 printable ASCII characters; unset it for an open network";
    text("INSTEP_WIFI_PASSWORD", is_password, rule);
    let rule = "be 8 to 63 printable ASCII characters, or the word open";
    text("INSTEP_AP_PASSWORD", |text| text == OPEN || is_password(text), rule);
    write("AP_IS_OPEN", &(value("INSTEP_AP_PASSWORD") == OPEN).to_string());
    let rule = "be 1 to 32 letters, digits and dashes, with at least one letter and no dash at its ends";
    text("INSTEP_NAME", is_name, rule);
    if value("INSTEP_WIFI_SSID").is_empty() && !value("INSTEP_WIFI_PASSWORD").is_empty() {
        println!("cargo::error=INSTEP_WIFI_PASSWORD needs INSTEP_WIFI_SSID; set both");
    }
    for name in ["INSTEP_CLIENTS", "INSTEP_HEAD_BYTES", "INSTEP_MESSAGE_BYTES"] {
        number(name);
    }
    power_up();
    update();
    mqtt();
}

/// Hashes the password in `INSTEP_PASSWORD`.
///
/// The firmware has only the hash.
fn password() {
    println!("cargo::rerun-if-env-changed=INSTEP_PASSWORD");
    let password = env::var_os("INSTEP_PASSWORD").unwrap_or_default();
    let hash = match Password::new(password.as_encoded_bytes(), SALT, ROUNDS) {
        _ if password.is_empty() => "None".to_owned(),
        Ok(password) => format!("Some({:?})", password.to_parts()),
        Err(problem) => {
            println!("cargo::error=INSTEP_PASSWORD: {problem}");
            return;
        }
    };
    write("INSTEP_PASSWORD", &hash);
}

/// Splits a list at its commas, and checks its parts.
fn list(name: &str, is_good: fn(&str) -> bool, what: &str) {
    let list = value(name);
    let parts: Vec<_> = list.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if !parts.iter().all(|part| is_good(part)) {
        println!("cargo::error={name} must be {what}, separated by commas");
    }
    write(name, &format!("&{parts:?}"));
}

/// Checks a text, unless it is empty.
fn text(name: &str, is_good: fn(&str) -> bool, rule: &str) {
    let text = Some(value(name)).filter(|text| !text.is_empty());
    if text.as_deref().is_some_and(|text| !is_good(text)) {
        println!("cargo::error={name} must {rule}");
    }
    write(name, &format!("{text:?}"));
}

/// Parses a number, unless it is empty.
fn number(name: &str) {
    let text = value(name);
    let number = text.parse().ok().filter(|number: &usize| *number > 0);
    if number.is_none() && !text.is_empty() {
        println!("cargo::error={name} must be a number, at least 1");
    }
    write(name, &format!("{number:?}"));
}

/// Parses the state of a switch at power-up.
fn power_up() {
    let variant = match value("INSTEP_POWER_UP").as_str() {
        "" | "off" => "Off",
        "on" => "On",
        "last" => "Last",
        _ => {
            println!("cargo::error=INSTEP_POWER_UP must be off, on or last");
            return;
        }
    };
    write("INSTEP_POWER_UP", &format!("::instep_settings::PowerUp::{variant}"));
}

/// Checks who may update the device, and the public key of the images that it accepts.
fn update() {
    text("INSTEP_UPDATE", |text| text == OPEN, "be open, or unset");
    let is_key = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let rule = "be a public key in 64 hexadecimal digits, as `instep keygen` prints it";
    text("INSTEP_UPDATE_KEY", is_key, rule);
    for (name, feature) in [("INSTEP_UPDATE", "update"), ("INSTEP_UPDATE_KEY", "signature")] {
        let has_feature = env::var_os(format!("CARGO_FEATURE_{}", feature.to_uppercase())).is_some();
        if !value(name).is_empty() && !has_feature {
            println!("cargo::error={name} needs the feature `{feature}` of instep-esp; add it in Cargo.toml");
        }
    }
    // For other targets the crate is empty.
    let is_chip = env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("none");
    if is_chip && value("INSTEP_UPDATE_KEY").is_empty() && env::var_os("CARGO_FEATURE_SIGNATURE").is_some() {
        println!(
            "cargo::error=the feature `signature` of instep-esp needs INSTEP_UPDATE_KEY; set it to the public key that `instep keygen` prints"
        );
    }
}

/// Checks the address of the broker, and the log-in there.
fn mqtt() {
    let address = value("INSTEP_MQTT");
    let user = match BrokerAddress::parse_for_device(&address) {
        Ok(address) => address.user,
        Err(_) if address.is_empty() => None,
        // The address is not printed, because it may have a password.
        Err(error) => {
            println!("cargo::error=INSTEP_MQTT {error}");
            None
        }
    };
    let is_short = |text: &str| {
        let user = BrokerAddress::parse(text).ok().and_then(|address| address.user);
        text.len() <= URL_MAX && user.is_none_or(|user| user.len() <= LOGIN_MAX)
    };
    let rule = format!("have at most {URL_MAX} bytes, {LOGIN_MAX} of them for the user");
    text("INSTEP_MQTT", is_short, &rule);
    let rule = format!("have at most {LOGIN_MAX} bytes");
    text("INSTEP_MQTT_PASSWORD", |text| text.len() <= LOGIN_MAX, &rule);
    text("INSTEP_MQTT_COMMANDS", |text| text == "true", "be true, or unset");
    write("MQTT_LENGTHS", &format!("{:?}", [LOGIN_MAX, URL_MAX]));
    write("MQTT_COMMANDS", &(value("INSTEP_MQTT_COMMANDS") == "true").to_string());
    if !value("INSTEP_MQTT_PASSWORD").is_empty() && user.is_none() {
        println!("cargo::error=INSTEP_MQTT_PASSWORD needs a user; write it as INSTEP_MQTT=mqtt://USER@HOST");
    }
    if !address.is_empty() && env::var_os("CARGO_FEATURE_MQTT").is_none() {
        println!("cargo::error=INSTEP_MQTT needs the feature `mqtt` of instep-esp; add it in Cargo.toml");
    }
}

/// Returns the value of a variable, which is empty if it is unset.
fn value(name: &str) -> String {
    println!("cargo::rerun-if-env-changed={name}");
    env::var(name).unwrap_or_default()
}

fn is_password(text: &str) -> bool {
    (8..=63).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn is_name(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Writes an expression, which the source includes by the name of its variable.
fn write(name: &str, expression: &str) {
    let folder = env::var_os("OUT_DIR").expect("OUT_DIR is not set");
    fs::write(Path::new(&folder).join(name), expression).expect("cannot write to OUT_DIR");
}
