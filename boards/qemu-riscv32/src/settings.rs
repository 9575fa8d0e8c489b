//! What is decided when the image is built, by variables of the environment; and what QEMU is told when it starts.

use instep::{App, HeadLimits, Limits};

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

/// The names by which the device is known beside its own: that in `INSTEP_ALLOW_HOST`.
pub const HOSTS: &[&str] = match option_env!("INSTEP_ALLOW_HOST") {
    Some(host) => &[host],
    None => &[],
};

/// The application that QEMU was told to run: `-append "instep.app=NAME"`.
///
/// # Panics
/// If there is none of that name.
pub fn app(description: &'static [u8]) -> &'static App {
    let name = told(description, "instep.app=").unwrap_or("led-json");
    instep_apps::find(name).unwrap_or_else(|| panic!("there is no application {name:?}"))
}

/// Where the device is to be found by whoever started QEMU: `-append "instep.url=URL"`.
pub fn url(description: &'static [u8]) -> &'static str {
    told(description, "instep.url=").unwrap_or("http://10.0.2.15/")
}

/// The word that follows `name` on the command line, wherever in the description that is.
fn told(description: &'static [u8], name: &str) -> Option<&'static str> {
    let at = description.windows(name.len()).position(|window| window == name.as_bytes())?;
    let word = description[at + name.len()..].split(|byte| matches!(byte, 0 | b' ')).next()?;
    core::str::from_utf8(word).ok()
}

const fn number(text: Option<&str>, default: usize) -> usize {
    let Some(text) = text else { return default };
    match usize::from_str_radix(text, 10) {
        Ok(number) => number,
        Err(_) => panic!("INSTEP_CLIENTS, INSTEP_HEAD_BYTES and INSTEP_MESSAGE_BYTES are numbers"),
    }
}
