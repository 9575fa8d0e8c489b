//! A value that survives a restart.
//!
//! `cargo run -p linux-examples --bin settings -- --state-file state`, change the value, and start the program again.

use instep::{App, Device, Inbox};
use instep_panel::PANEL;
use std::process::ExitCode;

instep::thing! {
    /// A heater.
    Heater: "Heater", commands Command {
        target => Target: number { title: "Target", min: 5, max: 30, step: 0.5, unit: "°C", kept },
    }
}

const APP: App = App::new("settings", "A heater that remembers").thing(&Heater::THING).pages(&PANEL);

fn main() -> ExitCode {
    instep_linux::main(&APP, |device, inbox, _| run(device, inbox))
}

async fn run(device: &Device, inbox: &mut Inbox<'_>) {
    let heater = Heater::new(device);
    heater.target(20.0); // until the stored value comes, which is the first command
    loop {
        let (Command::Target(degrees), _) = heater.recv(inbox).await;
        heater.target(degrees);
    }
}
