//! Build-time settings from environment variables.
//!
//! QEMU can override them when it starts, as a device's settings would: `-append "instep.NAME=VALUE"`.

use instep::access::AllowHints;
use instep::access::{Origins, is_framing_origin, is_host_name, is_origin};
use instep::driver::HeadLimits;
use instep::{Access, App, Asset, Limits};
use qemu_machine::Boot;
use static_cell::StaticCell;

/// TCP port of the server.
pub const PORT: u16 = 80;

/// Maximum number of clients, from `INSTEP_CLIENTS`.
pub const CLIENTS: usize = number(option_env!("INSTEP_CLIENTS"), Limits::DEVICE.clients);

/// Limits, from `INSTEP_HEAD_BYTES` and `INSTEP_MESSAGE_BYTES`.
pub const LIMITS: Limits = Limits::DEVICE
    .with_head(HeadLimits {
        bytes: number(option_env!("INSTEP_HEAD_BYTES"), Limits::DEVICE.head.bytes),
        ..Limits::DEVICE.head
    })
    .with_message(number(option_env!("INSTEP_MESSAGE_BYTES"), Limits::DEVICE.message));

/// Page instead of the application's, from `INSTEP_PAGE`.
const PAGE: Option<&str> = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// Maximum number of names or origins in a list.
const LIST_MAX: usize = 8;

/// Returns the application from `instep.app=` or `INSTEP_APP`, with the user's own page if there is one.
///
/// # Panics
/// If there is no application of that name.
pub fn app(boot: Boot) -> &'static App {
    static WITH_PAGE: StaticCell<App> = StaticCell::new();
    let name = boot.told("instep.app=").or(option_env!("INSTEP_APP")).unwrap_or("led-json");
    let app = instep_apps::find(name).unwrap_or_else(|| panic!("unknown application {name:?}"));
    match boot.page().or(PAGE) {
        Some(page) => WITH_PAGE.init_with(|| app.with_page("/", Asset::template(page))),
        None => app,
    }
}

/// Returns the access rules from `INSTEP_NAME`, and from the lists `INSTEP_ALLOW_HOST`, `INSTEP_ALLOW_ORIGIN` and
/// `INSTEP_ALLOW_FRAME`, whose parts are separated by commas.
pub fn access(boot: Boot) -> &'static Access {
    static HOSTS: StaticCell<[&str; LIST_MAX]> = StaticCell::new();
    static ORIGINS: StaticCell<[&str; LIST_MAX]> = StaticCell::new();
    static FRAMES: StaticCell<[&str; LIST_MAX]> = StaticCell::new();
    static ACCESS: StaticCell<Access> = StaticCell::new();
    let name = boot.told("instep.name=").or(option_env!("INSTEP_NAME")).unwrap_or("instep");
    ACCESS.init(
        Access::new(name)
            .with_hosts(list(
                option_env!("INSTEP_ALLOW_HOST"),
                boot,
                "instep.allow-host=",
                is_host_name,
                &HOSTS,
            ))
            .with_origins(Origins::of(list(
                option_env!("INSTEP_ALLOW_ORIGIN"),
                boot,
                "instep.allow-origin=",
                is_origin,
                &ORIGINS,
            )))
            .with_frames(list(
                option_env!("INSTEP_ALLOW_FRAME"),
                boot,
                "instep.allow-frame=",
                is_framing_origin,
                &FRAMES,
            ))
            .with_ports(&[PORT])
            .with_hints(AllowHints::BUILD),
    )
}

/// Returns the password from `instep.password=`, with two hex digits for each byte, or from `INSTEP_PASSWORD`.
///
/// # Panics
/// If `instep.password=` has anything but pairs of hex digits.
pub fn password(boot: Boot) -> Option<impl core::ops::Deref<Target = [u8]>> {
    let mut bytes = Secret { bytes: [0; SECRET_MAX], length: 0 };
    match (boot.told("instep.password="), option_env!("INSTEP_PASSWORD")) {
        (Some(digits), _) => {
            for i in (0..digits.len()).step_by(2) {
                let byte = digits.get(i..i + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
                bytes.push(byte.expect("instep.password= must have two hex digits for each byte"));
            }
        }
        (None, Some(password)) => password.bytes().for_each(|byte| bytes.push(byte)),
        (None, None) => return None,
    }
    Some(bytes)
}

/// Returns the device's URL on the machine that runs QEMU, from `instep.url=`.
pub fn url(boot: Boot) -> &'static str {
    boot.told("instep.url=").unwrap_or("http://10.0.2.15/")
}

/// Size of the buffer for a password, in bytes: a byte order mark, the password, a line end, and one more byte, so that a
/// longer password is rejected.
const SECRET_MAX: usize = instep::login::PASSWORD_MAX + 3 + 2 + 1;

struct Secret {
    bytes: [u8; SECRET_MAX],
    length: usize,
}

impl Secret {
    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.length) {
            *slot = byte;
            self.length += 1;
        }
    }
}

impl core::ops::Deref for Secret {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// Returns the list from QEMU; else that of the build.
fn list(
    built: Option<&'static str>,
    boot: Boot,
    name: &str,
    is_good: fn(&str) -> bool,
    memory: &'static StaticCell<[&'static str; LIST_MAX]>,
) -> &'static [&'static str] {
    let memory = memory.init([""; LIST_MAX]);
    let built = built.into_iter().flat_map(|list| list.split(',')).map(str::trim);
    let told = boot.all(name).chain(built.filter(|_| boot.told(name).is_none()));
    let mut length = 0;
    for part in told.filter(|part| !part.is_empty()) {
        assert!(
            is_good(part),
            "{name}{part} is invalid: a name must have no scheme and no port, and an origin must have a scheme"
        );
        *memory.get_mut(length).unwrap_or_else(|| panic!("{name} has more than {LIST_MAX} parts")) = part;
        length += 1;
    }
    &memory[..length]
}

const fn number(text: Option<&str>, default: usize) -> usize {
    let Some(text) = text else { return default };
    match usize::from_str_radix(text, 10) {
        Ok(number) => number,
        Err(_) => panic!("INSTEP_CLIENTS, INSTEP_HEAD_BYTES and INSTEP_MESSAGE_BYTES must be numbers"),
    }
}
