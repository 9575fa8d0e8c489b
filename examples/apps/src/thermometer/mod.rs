//! A thermometer on one wire, with its last five minutes.

mod crc;
mod ds18b20;
mod fault;
mod one_wire;
mod sensor;
#[cfg(test)]
mod simulated_wire;

pub use ds18b20::Ds18b20;
pub use sensor::Sensor;

use embassy_futures::select::{Either, select};
use embassy_time::{Duration, Ticker};
use instep::{App, Device, Inbox};
use instep_panel::PANEL;

instep::thing! {
    /// A thermometer.
    pub Thermometer: "Thermometer", commands Command {
        temperature: sensor { title: "Temperature", unit: "°C", precision: 1, history: 150 every 2_000 },
    }
}

/// The application's declaration.
pub const APP: App = App::new("thermometer", "A temperature with its last five minutes")
    .thing(&Thermometer::THING)
    .version(env!("CARGO_PKG_VERSION"))
    .pages(&PANEL);

/// Interval between two measurements.
const EVERY: Duration = Duration::from_secs(2);

/// Runs the application.
pub async fn run(device: &Device, inbox: &mut Inbox<'_>, mut sensor: impl Sensor) {
    let thermometer = Thermometer::new(device);
    let mut tick = Ticker::every(EVERY);
    loop {
        // A missing value is shown as unavailable.
        thermometer.temperature(sensor.celsius().await);
        // The Thing has no commands; `recv` answers clients that send one.
        let Either::First(()) = select(tick.next(), thermometer.recv(inbox)).await;
    }
}
