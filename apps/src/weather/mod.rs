//! A weather station: what a sensor measures, and how it was in the last minutes.

mod sensor;

pub use sensor::{Bme280, Reading, Sensor, Simulated};

use embassy_futures::select::{Either, select};
use embassy_time::{Duration, Ticker};
use instep::{App, Device, Inbox};
use instep_panel::PANEL;

instep::thing! {
    /// A weather station.
    pub Weather: "Weather station", commands Command {
        temperature: sensor { title: "Temperature", unit: "°C", precision: 1, history: 150 every 2_000 },
        humidity: sensor { title: "Humidity", unit: "%", precision: 0, history: 150 every 2_000 },
        pressure: sensor { title: "Pressure", unit: "hPa", precision: 1, history: 150 every 2_000 },
    }
}

/// What it serves.
pub const APP: App = App::new("weather", "Temperature, humidity and pressure, with their last five minutes")
    .thing(&Weather::THING)
    .version(env!("CARGO_PKG_VERSION"))
    .pages(&PANEL);

/// From one measurement to the next.
const EVERY: Duration = Duration::from_secs(2);

/// What it does.
pub async fn run(device: &Device, inbox: &mut Inbox<'_>, mut sensor: impl Sensor) {
    let weather = Weather::new(device);
    let mut tick = Ticker::every(EVERY);
    loop {
        let Reading { temperature, humidity, pressure } = sensor.read().await;
        // What is not measured is shown as unavailable.
        weather.temperature(temperature);
        weather.humidity(humidity);
        weather.pressure(pressure);
        // Nothing can be asked for, but whoever tries is told so.
        let Either::First(()) = select(tick.next(), weather.recv(inbox)).await;
    }
}
