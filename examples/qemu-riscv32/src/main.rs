//! The applications of `examples/apps/` as firmware for `qemu-system-riscv32 -M virt`. `cargo xtask qemu` boots it.

#![no_std]
#![no_main]

use instep::{App, Device, Inbox};
use instep_qemu::{Boot, Io, Output};

/// Page instead of the application's, from `INSTEP_PAGE`.
const PAGE: Option<&str> = include!(concat!(env!("OUT_DIR"), "/page.rs"));

instep_qemu::main! {
    apps: &instep_apps::ALL,
    choose: choose,
    run: run,
}

/// Returns the application from `instep.app=` or `INSTEP_APP`, with the user's own page if there is one.
///
/// # Panics
/// If there is no application of that name.
fn choose(boot: Boot) -> &'static App {
    let name = boot.value("instep.app=").or(option_env!("INSTEP_APP")).unwrap_or("led-json");
    let app = instep_apps::find(name).unwrap_or_else(|| panic!("unknown application {name:?}"));
    if name == instep_apps::console::APP.name() {
        instep_qemu::log_also_to(instep_apps::console::note);
    }
    instep_qemu::with_page(app, boot.page().or(PAGE))
}

/// Returns the future of an application with its simulated LED.
fn run(
    app: &'static App,
    device: &'static Device,
    inbox: &'static mut Inbox<'static>,
    io: Io,
) -> impl Future<Output = ()> {
    let led = if instep_apps::has_led(app) { io.output("led") } else { Output::simulated() };
    instep_apps::run(app.name(), device, inbox, led)
}
