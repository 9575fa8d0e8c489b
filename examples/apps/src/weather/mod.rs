//! A weather station with the current values of a sensor and their history.

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

/// The application's declaration.
pub const APP: App = App::new("weather", "Temperature, humidity and pressure, with their last five minutes")
    .thing(&Weather::THING)
    .version(env!("CARGO_PKG_VERSION"))
    .pages(&PANEL);

/// Interval between two measurements.
const EVERY: Duration = Duration::from_secs(2);

/// Runs the application.
pub async fn run(device: &Device, inbox: &mut Inbox<'_>, mut sensor: impl Sensor) {
    let weather = Weather::new(device);
    let mut tick = Ticker::every(EVERY);
    loop {
        let Reading { temperature, humidity, pressure } = sensor.read().await;
        // Missing values are shown as unavailable.
        weather.temperature(temperature);
        weather.humidity(humidity);
        weather.pressure(pressure);
        // The Thing has no commands; `next` answers clients that send one.
        let Either::First(()) = select(tick.next(), weather.recv(inbox)).await;
    }
}
