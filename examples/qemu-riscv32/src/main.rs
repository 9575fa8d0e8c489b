//! The applications of `examples/apps/` as firmware for `qemu-system-riscv32 -M virt`. `cargo xtask qemu` boots it.

#![no_std]
#![no_main]

#[cfg(feature = "update")]
mod fault;

use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal_async::digital::Wait;
use instep::{App, Device, Inbox};
use instep_apps::knob::{Encoder, Quadrature};
use instep_apps::{Led, Machine};
use instep_qemu::{Boot, Io};

/// Page instead of the application's, from `INSTEP_PAGE`.
const PAGE: Option<&str> = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// Name of the application that is served unless `instep.app=` names another one.
const APP: &str = match option_env!("INSTEP_APP") {
    Some(name) => name,
    None => "led-json",
};

instep_qemu::main! {
    name: APP,
    apps: &instep_apps::ALL,
    choose: choose,
    run: run,
}

/// Returns the application from `instep.app=` or of this build, with the user's own page if there is one.
///
/// # Panics
/// If there is no application of that name.
fn choose(boot: Boot) -> &'static App {
    let name = boot.value("instep.app=").unwrap_or(APP);
    let app = instep_apps::find(name).unwrap_or_else(|| panic!("unknown application {name:?}"));
    if name == instep_apps::console::APP.name() {
        instep_qemu::log_also_to(instep_apps::console::note);
    }
    instep_qemu::with_page(app, boot.page().or(PAGE))
}

/// Returns the future of an application with its simulated hardware.
fn run(
    app: &'static App,
    device: &'static Device,
    inbox: &'static mut Inbox<'static>,
    io: Io,
) -> impl Future<Output = ()> {
    #[cfg(feature = "update")]
    fault::fail();
    async move {
        #[cfg(feature = "update")]
        fault::check(device).await;
        instep_apps::run(app.name(), device, inbox, Qemu(io)).await;
    }
}

/// Hardware of this machine, whose inputs and outputs are simulated.
struct Qemu(Io);

impl Machine for Qemu {
    fn led(&self) -> Led<'_, impl OutputPin> {
        Led::new(self.0.output("led"))
    }

    fn push_button(&self) -> impl InputPin + Wait {
        self.0.input("button")
    }

    fn encoder(&self) -> impl Encoder {
        Quadrature::new(self.0.input("knob-a"), self.0.input("knob-b"))
    }
}
