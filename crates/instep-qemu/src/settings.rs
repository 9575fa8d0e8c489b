//! Build-time settings from environment variables.
//!
//! QEMU can override them when it starts, as a device's settings would: `-append "instep.NAME=VALUE"`.

use heapless::Vec;
use instep::access::{AllowHints, Origins, is_framing_origin, is_host_name, is_origin};
use instep::driver::HeadLimits;
use instep::{Access, App, Asset, Limits};
use qemu_machine::Boot;
use static_cell::StaticCell;

/// TCP port of the server.
pub const PORT: u16 = 80;

/// Maximum number of names or origins in a list.
const LIST_MAX: usize = 8;

/// Size of the buffer for a password, in bytes: a byte order mark, the password, a line end, and one more byte, so that a
/// longer password is rejected.
const SECRET_MAX: usize = instep::login::PASSWORD_MAX + 3 + 2 + 1;

/// A password.
pub type Secret = Vec<u8, SECRET_MAX>;

/// Values of environment variables at build time, for an image that gets no others when it boots.
#[derive(Clone, Copy)]
pub struct Build {
    /// `INSTEP_NAME`, the device's name.
    pub name: Option<&'static str>,
    /// `INSTEP_PASSWORD`.
    pub password: Option<&'static str>,
    /// `INSTEP_ALLOW_HOST`, host names separated by commas.
    pub allow_host: Option<&'static str>,
    /// `INSTEP_ALLOW_ORIGIN`, origins separated by commas.
    pub allow_origin: Option<&'static str>,
    /// `INSTEP_ALLOW_FRAME`, origins separated by commas.
    pub allow_frame: Option<&'static str>,
    /// `INSTEP_MQTT`, the address of a broker.
    pub mqtt: Option<&'static str>,
    /// `INSTEP_MQTT_PASSWORD`.
    pub mqtt_password: Option<&'static str>,
    /// `INSTEP_MQTT_COMMANDS`, `true` or not set.
    pub mqtt_commands: Option<&'static str>,
}

/// Returns the maximum number of clients, from `INSTEP_CLIENTS`.
pub const fn clients(text: Option<&str>) -> usize {
    number(text, Limits::DEVICE.clients)
}

/// Returns the limits, from `INSTEP_HEAD_BYTES` and `INSTEP_MESSAGE_BYTES`.
pub const fn limits(head: Option<&str>, message: Option<&str>) -> Limits {
    let usual = Limits::DEVICE;
    let head = HeadLimits { bytes: number(head, usual.head.bytes), ..usual.head };
    Limits::DEVICE.with_head(head).with_message(number(message, usual.message))
}

/// Returns the application with this page in place of its own, if there is one.
///
/// The text is a template, as that of [`Asset::template`].
///
/// # Panics
/// If it is called twice with a page.
pub fn with_page(app: &'static App, page: Option<&'static str>) -> &'static App {
    static WITH_PAGE: StaticCell<App> = StaticCell::new();
    match page {
        Some(page) => WITH_PAGE.init_with(|| app.clone().with_page("/", Asset::template(page))),
        None => app,
    }
}

/// Returns the access rules from `instep.name=`, and from the lists `instep.allow-host=`, `instep.allow-origin=` and
/// `instep.allow-frame=`; else those of the build.
pub fn access(boot: Boot, build: &Build) -> &'static Access {
    static LISTS: StaticCell<[Vec<&str, LIST_MAX>; 3]> = StaticCell::new();
    static ACCESS: StaticCell<Access> = StaticCell::new();
    let name = boot.value("instep.name=").or(build.name).unwrap_or("instep");
    let [hosts, origins, frames] = LISTS.init([
        list(boot, "instep.allow-host=", build.allow_host, is_host_name),
        list(boot, "instep.allow-origin=", build.allow_origin, is_origin),
        list(boot, "instep.allow-frame=", build.allow_frame, is_framing_origin),
    ]);
    ACCESS.init(
        Access::new(name)
            .with_hosts(hosts)
            .with_origins(Origins::of(origins))
            .with_frames(frames)
            .with_ports(&[PORT])
            .with_hints(AllowHints::BUILD),
    )
}

/// Returns the password from `instep.password=`; else that of the build.
pub fn password(boot: Boot, build: &Build) -> Option<Secret> {
    secret(boot, "instep.password=", build.password)
}

/// Returns the secret that QEMU gives after `name`, with two hex digits for each byte; else that of the build.
///
/// # Panics
/// If there is anything but pairs of hex digits after `name`.
pub fn secret(boot: Boot, name: &str, built: Option<&'static str>) -> Option<Secret> {
    let Some(digits) = boot.value(name) else {
        return Some(built?.bytes().take(SECRET_MAX).collect());
    };
    let byte = |index| {
        let byte = digits.get(index..index + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        byte.unwrap_or_else(|| panic!("{name} must have two hex digits for each byte"))
    };
    Some((0..digits.len()).step_by(2).map(byte).take(SECRET_MAX).collect())
}

/// Returns the list from QEMU; else that of the build.
fn list(
    boot: Boot,
    name: &str,
    built: Option<&'static str>,
    is_good: fn(&str) -> bool,
) -> Vec<&'static str, LIST_MAX> {
    let built = built.into_iter().flat_map(|list| list.split(',')).map(str::trim);
    let values = boot.values(name).chain(built.filter(|_| boot.value(name).is_none()));
    let mut list = Vec::new();
    for part in values.filter(|part| !part.is_empty()) {
        assert!(
            is_good(part),
            "{name}{part} is invalid: a name must have no scheme and no port, and an origin must have a scheme"
        );
        list.push(part).unwrap_or_else(|_| panic!("{name} has more than {LIST_MAX} parts"));
    }
    list
}

const fn number(text: Option<&str>, default: usize) -> usize {
    let Some(text) = text else { return default };
    match usize::from_str_radix(text, 10) {
        Ok(number) => number,
        Err(_) => panic!("INSTEP_CLIENTS, INSTEP_HEAD_BYTES and INSTEP_MESSAGE_BYTES must be numbers"),
    }
}
