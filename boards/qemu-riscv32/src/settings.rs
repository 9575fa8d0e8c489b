//! What is decided when the image is built, by variables of the environment.

use instep::{App, HeadLimits, Limits};

/// The application, by `INSTEP_APP`.
pub const APP: &App = app(match option_env!("INSTEP_APP") {
    Some(name) => name,
    None => "led-json",
});

/// Clients at once, by `INSTEP_CLIENTS`.
pub const CLIENTS: usize = number(option_env!("INSTEP_CLIENTS"), Limits::DEVICE.clients);

/// The limits, by `INSTEP_HEAD_BYTES` and `INSTEP_MESSAGE_BYTES`.
pub const LIMITS: Limits = Limits {
    head: HeadLimits {
        bytes: number(option_env!("INSTEP_HEAD_BYTES"), Limits::DEVICE.head.bytes),
        ..Limits::DEVICE.head
    },
    message: number(option_env!("INSTEP_MESSAGE_BYTES"), Limits::DEVICE.message),
    ..Limits::DEVICE
};

/// The names by which the device is known: its own, and that in `INSTEP_ALLOW_HOST`.
pub const HOSTS: &[&str] = match option_env!("INSTEP_ALLOW_HOST") {
    Some(host) => &[host],
    None => &[],
};

const fn app(name: &str) -> &'static App {
    let mut at = 0;
    while at < instep_apps::ALL.len() {
        if same(instep_apps::ALL[at].name(), name) {
            return instep_apps::ALL[at];
        }
        at += 1;
    }
    panic!("INSTEP_APP is not the name of an application")
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

const fn number(text: Option<&str>, default: usize) -> usize {
    let Some(text) = text else { return default };
    match usize::from_str_radix(text, 10) {
        Ok(number) => number,
        Err(_) => panic!("INSTEP_CLIENTS, INSTEP_HEAD_BYTES and INSTEP_MESSAGE_BYTES are numbers"),
    }
}
