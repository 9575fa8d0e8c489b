//! Build-time configuration, from features and from environment variables.

use esp_boards::{BOARDS, Board};
use instep::App;
use instep::login::Password;
use instep_settings::{Build, DeviceName, Network, NetworkName, PowerUp, WifiPassword};
use instep_wifi::name::Name;
use instep_wifi::setup::stored;

/// Board from `INSTEP_BOARD`; by default the first board with the chip that a feature selects.
pub const BOARD: Board = BOARDS[include!(concat!(env!("OUT_DIR"), "/board.rs"))];

/// Index in [`instep_apps::ALL`] of the application from `INSTEP_APP`.
pub const APP_NUMBER: usize = match non_empty(option_env!("INSTEP_APP")) {
    Some(name) => app_number(name),
    None => app_number("led-json"),
};

/// The application.
pub const APP: &App = instep_apps::ALL[APP_NUMBER];

/// Whether the application shows the log.
pub const IS_CONSOLE: bool = same(APP.name(), "console");

/// Whether the application dims the LED.
pub const DIMS: bool = same(APP.name(), "lamp");

/// Returns whether the application has persistent properties.
///
/// If it has none, their code is not linked.
pub const fn keeps_properties() -> bool {
    match APP.as_thing() {
        Some(thing) => thing.persistent_count() > 0,
        None => false,
    }
}

/// Additional host names of the device, from `INSTEP_ALLOW_HOST`.
pub const HOSTS: &[&str] = include!(concat!(env!("OUT_DIR"), "/INSTEP_ALLOW_HOST.rs"));
/// Other origins whose pages may use the device, from `INSTEP_ALLOW_ORIGIN`.
pub const ORIGINS: &[&str] = include!(concat!(env!("OUT_DIR"), "/INSTEP_ALLOW_ORIGIN.rs"));
/// Other origins whose pages may frame the device, from `INSTEP_ALLOW_FRAME`.
pub const FRAMES: &[&str] = include!(concat!(env!("OUT_DIR"), "/INSTEP_ALLOW_FRAME.rs"));

/// Maximum number of clients in the joined network, from `INSTEP_CLIENTS`.
///
/// The device's own network has half as many.
pub const CLIENTS: Option<usize> = number(option_env!("INSTEP_CLIENTS"));
/// Maximum size of a request's head, in bytes, from `INSTEP_HEAD_BYTES`.
pub const HEAD_BYTES: Option<usize> = number(option_env!("INSTEP_HEAD_BYTES"));
/// Maximum size of a client's message, in bytes, from `INSTEP_MESSAGE_BYTES`.
pub const MESSAGE_BYTES: Option<usize> = number(option_env!("INSTEP_MESSAGE_BYTES"));

/// State of the LED at power-up, from `INSTEP_POWER_UP`: `off`, `on` or `last`.
pub const POWER_UP: PowerUp = match non_empty(option_env!("INSTEP_POWER_UP")) {
    None => PowerUp::Off,
    Some(text) if same(text, "off") => PowerUp::Off,
    Some(text) if same(text, "on") => PowerUp::On,
    Some(text) if same(text, "last") => PowerUp::Last,
    Some(_) => panic!("INSTEP_POWER_UP must be off, on or last"),
};

/// Whether the device's own network is open, by `INSTEP_AP_PASSWORD=open`.
///
/// The word is too short for a password, so it has only this meaning.
pub const AP_IS_OPEN: bool = match option_env!("INSTEP_AP_PASSWORD") {
    Some(text) => same(text, "open"),
    None => false,
};

const SSID: Option<&str> = non_empty(option_env!("INSTEP_WIFI_SSID"));
const WIFI_PASSWORD: Option<&str> = non_empty(option_env!("INSTEP_WIFI_PASSWORD"));
const AP_PASSWORD: Option<&str> =
    if AP_IS_OPEN { None } else { non_empty(option_env!("INSTEP_AP_PASSWORD")) };
const NAME: Option<&str> = non_empty(option_env!("INSTEP_NAME"));

/// Hash of the log-in password from `INSTEP_PASSWORD`: salt, rounds, hash.
const LOG_IN: Option<([u8; 16], u32, [u8; 32])> = include!(concat!(env!("OUT_DIR"), "/password.rs"));

const _: () = {
    if let Some((_, rounds, _)) = LOG_IN {
        assert!(rounds == instep_wifi::setup::ROUNDS, "build.rs and instep-wifi differ in ROUNDS");
    }
};

/// Returns the build-time settings.
pub fn settings() -> Build {
    // build.rs has checked the values.
    let password = |text: &str| WifiPassword::new(text.as_bytes()).ok();
    let network = SSID
        .and_then(|name| NetworkName::new(name.as_bytes()).ok())
        .map(|name| Network::new(name, WIFI_PASSWORD.and_then(password)));
    Build {
        network,
        ap_password: AP_PASSWORD.and_then(password),
        device_name: NAME.and_then(|name| DeviceName::new(name).ok()),
        log_in: LOG_IN.map(|(salt, rounds, hash)| stored(&Password::from_parts(salt, rounds, hash))),
    }
}

/// Returns the name from the settings, or the default name.
pub fn name(set: Option<DeviceName>, mac: [u8; 6]) -> Name {
    set.and_then(|name| name.as_str().parse().ok()).unwrap_or_else(|| Name::from_mac(mac))
}

/// Returns the index of the application with that name.
pub const fn app_number(name: &str) -> usize {
    let mut at = 0;
    while at < instep_apps::ALL.len() && !same(instep_apps::ALL[at].name(), name) {
        at += 1;
    }
    assert!(
        at < instep_apps::ALL.len(),
        "INSTEP_APP is not the name of an application; the applications are in examples/apps/src/lib.rs"
    );
    at
}

/// Parses a number, if it is set.
const fn number(text: Option<&'static str>) -> Option<usize> {
    let Some(text) = non_empty(text) else { return None };
    match usize::from_str_radix(text, 10) {
        Ok(number @ 1..) => Some(number),
        _ => panic!("INSTEP_CLIENTS, INSTEP_HEAD_BYTES and INSTEP_MESSAGE_BYTES must be numbers, at least 1"),
    }
}

/// Returns the text unless it is empty.
const fn non_empty(text: Option<&'static str>) -> Option<&'static str> {
    match text {
        Some(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}
