//! Build-time settings from environment variables.
//!
//! The command line of QEMU overrides them: `-append "instep.NAME=VALUE"`.

use heapless::Vec;
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

/// Returns the application from `instep.app=` or `INSTEP_APP`.
///
/// It has the user's own page if there is one.
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

/// Returns the access rules of the build.
///
/// They come from `INSTEP_NAME`, and from the lists `INSTEP_ALLOW_HOST`, `INSTEP_ALLOW_ORIGIN` and
/// `INSTEP_ALLOW_FRAME`, whose parts are separated by commas.
pub fn access(boot: Boot) -> &'static Access {
    static LISTS: StaticCell<[Vec<&str, LIST_MAX>; 3]> = StaticCell::new();
    static ACCESS: StaticCell<Access> = StaticCell::new();
    let name = boot.told("instep.name=").or(option_env!("INSTEP_NAME")).unwrap_or("instep");
    let [hosts, origins, frames] = LISTS.init([
        list(boot, "instep.allow-host=", option_env!("INSTEP_ALLOW_HOST"), is_host_name),
        list(boot, "instep.allow-origin=", option_env!("INSTEP_ALLOW_ORIGIN"), is_origin),
        list(boot, "instep.allow-frame=", option_env!("INSTEP_ALLOW_FRAME"), is_framing_origin),
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

/// Returns the password from `instep.password=` or `INSTEP_PASSWORD`.
///
/// `instep.password=` has two hex digits for each byte.
///
/// # Panics
/// If `instep.password=` has anything but pairs of hex digits.
pub fn password(boot: Boot) -> Option<Vec<u8, SECRET_MAX>> {
    let Some(digits) = boot.told("instep.password=") else {
        return Some(option_env!("INSTEP_PASSWORD")?.bytes().take(SECRET_MAX).collect());
    };
    let byte = |index| {
        let byte = digits.get(index..index + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        byte.expect("instep.password= must have two hex digits for each byte")
    };
    Some((0..digits.len()).step_by(2).map(byte).take(SECRET_MAX).collect())
}

/// Size of the buffer for a password, in bytes.
///
/// It holds a byte order mark, the password, a line end, and one more byte, so that a longer password is rejected.
const SECRET_MAX: usize = instep::login::PASSWORD_MAX + 3 + 2 + 1;

/// Returns the list from the command line of QEMU, or else the list of the build.
fn list(
    boot: Boot,
    name: &str,
    built: Option<&'static str>,
    is_good: fn(&str) -> bool,
) -> Vec<&'static str, LIST_MAX> {
    let built = built.into_iter().flat_map(|list| list.split(',')).map(str::trim);
    let told = boot.all(name).chain(built.filter(|_| boot.told(name).is_none()));
    let mut list = Vec::new();
    for part in told.filter(|part| !part.is_empty()) {
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
