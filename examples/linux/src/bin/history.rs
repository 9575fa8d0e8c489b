//! A sensor with the chart of its last five minutes.
//!
//! `cargo run -p linux-examples --bin history`. The values are the load of this machine.

use embassy_time::{Duration, Ticker};
use instep::{App, Device};
use instep_panel::PANEL;
use std::process::ExitCode;

instep::thing! {
    /// A machine.
    Machine: "Machine", commands Command {
        load: sensor { title: "Load", precision: 2, history: 300 every 1_000 },
    }
}

const APP: App = App::new("history", "The load of this machine").thing(&Machine::THING).pages(&PANEL);

fn main() -> ExitCode {
    instep_linux::main(&APP, |device, _, _| run(device))
}

async fn run(device: &Device) {
    let (machine, mut second) = (Machine::new(device), Ticker::every(Duration::from_secs(1)));
    loop {
        let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = text.split(' ').next().and_then(|number| number.parse::<f64>().ok());
        machine.load(load); // a value that is not known is shown as a gap
        second.next().await;
    }
}
