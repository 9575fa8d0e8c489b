//! A Thing: one declaration gives the page, the WebSocket, REST and a description.
//!
//! `cargo run -p linux-examples --bin thing`, then open <http://127.0.0.1:8080/>, and
//! `curl http://127.0.0.1:8080/properties`.

use embedded_hal::digital::OutputPin;
use instep::{App, Device, Inbox};
use instep_panel::PANEL;
use std::process::ExitCode;

instep::thing! {
    /// A fan.
    Fan: "Fan", commands Command {
        fan => Power: switch { title: "Fan" },
        speed => Speed: number { title: "Speed", min: 0, max: 100, step: 5, unit: "%" },
    }
}

const APP: App = App::new("thing", "A fan").thing(&Fan::THING).pages(&PANEL);

fn main() -> ExitCode {
    instep_linux::main(&APP, |device, inbox, io| run(device, inbox, io.output("fan")))
}

async fn run(device: &Device, inbox: &mut Inbox<'_>, mut pin: impl OutputPin) {
    let fan = Fan::new(device);
    fan.fan(false);
    fan.speed(50);
    loop {
        match fan.recv(inbox).await {
            (Command::Power(on), _) => {
                pin.set_state(on.into()).ok();
                fan.fan(on);
            }
            (Command::Speed(percent), responder) if percent < 5.0 => responder.refuse("the fan stalls"),
            (Command::Speed(percent), _) => fan.speed(percent),
        }
    }
}
