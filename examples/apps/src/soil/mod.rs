//! A soil moisture sensor, calibrated on its page.

mod sensor;

pub use sensor::{Sensor, Simulated};

use embassy_futures::select::{Either::First, Either::Second, select};
use embassy_time::{Duration, Ticker};
use instep::{App, Device, Inbox, Responder};
use instep_panel::PANEL;

instep::thing! {
    /// A soil moisture sensor.
    pub Soil: "Soil moisture", commands Command {
        moisture: sensor { title: "Moisture", unit: "%", precision: 0, history: 360 every 10_000 },
        voltage: sensor { title: "Voltage", unit: "mV", precision: 0, group: "Calibration" },
        this_is_dry => ThisIsDry: button { title: "This is dry", group: "Calibration" },
        this_is_wet => ThisIsWet: button { title: "This is wet", group: "Calibration" },
        dry => Dry: number { title: "Voltage when dry", unit: "mV", min: 0, max: 5_000, step: 1, group: "Calibration", kept },
        wet => Wet: number { title: "Voltage when wet", unit: "mV", min: 0, max: 5_000, step: 1, group: "Calibration", kept },
    }
}

/// The application's declaration.
pub const APP: App = App::new("soil", "Soil moisture with its last hour, calibrated on the page")
    .thing(&Soil::THING)
    .version(env!("CARGO_PKG_VERSION"))
    .pages(&PANEL);

/// Interval between two measurements.
const EVERY: Duration = Duration::from_secs(10);
/// Readings of a measurement, whose mean is taken, because an ADC near a radio has noise.
const READINGS: u32 = 8;

/// Voltages of dry and wet soil, in mV.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Calibration {
    dry: f64,
    wet: f64,
}

/// Voltages before the first calibration. Each capacitive sensor has others of this order at 3.3 V.
const UNCALIBRATED: Calibration = Calibration { dry: 2_300.0, wet: 1_100.0 };

/// Runs the application.
///
/// A maker presses "This is dry" with the sensor in air, and "This is wet" with the sensor in water. Both voltages are kept,
/// and can be entered by hand, too, such as those of another device with the same kind of sensor.
pub async fn run(device: &Device, inbox: &mut Inbox<'_>, mut sensor: impl Sensor) {
    let soil = Soil::new(device);
    let mut calibration = UNCALIBRATED;
    soil.dry(calibration.dry);
    soil.wet(calibration.wet);
    let mut tick = Ticker::every(EVERY);
    let mut command: Option<(Command, Responder<'_>)> = None;
    loop {
        let voltage = measure(&mut sensor).await;
        match (command, voltage) {
            (None, _) => {}
            (Some((Command::Dry(new), _)), _) | (Some((Command::ThisIsDry, _)), Some(new)) => {
                calibration.dry = new;
                soil.dry(new);
            }
            (Some((Command::Wet(new), _)), _) | (Some((Command::ThisIsWet, _)), Some(new)) => {
                calibration.wet = new;
                soil.wet(new);
            }
            (Some((Command::ThisIsDry | Command::ThisIsWet, responder)), None) => {
                responder.refuse("the sensor cannot be read");
            }
        }
        // A missing value is shown as unavailable.
        soil.voltage(voltage);
        soil.moisture(voltage.and_then(|voltage| calibration.percent(voltage)));
        command = match select(soil.recv(inbox), tick.next()).await {
            First(command) => Some(command),
            Second(()) => None,
        };
    }
}

/// Returns the mean of several readings, in whole mV; `None` if one of them fails.
async fn measure(sensor: &mut impl Sensor) -> Option<f64> {
    let mut sum = 0;
    for _ in 0..READINGS {
        sum += u32::from(sensor.millivolts().await?);
    }
    Some(f64::from((sum + READINGS / 2) / READINGS))
}

impl Calibration {
    /// Returns the moisture at that voltage, from 0 to 100; `None` if both voltages are the same.
    fn percent(self, voltage: f64) -> Option<f64> {
        let range = self.dry - self.wet;
        (range != 0.0).then(|| ((self.dry - voltage) / range * 100.0).clamp(0.0, 100.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moisture_is_linear_between_dry_and_wet() {
        let capacitive = Calibration { dry: 2_400.0, wet: 1_200.0 };
        for (voltage, percent) in
            [(3_000.0, 0.0), (2_400.0, 0.0), (1_500.0, 75.0), (1_200.0, 100.0), (0.0, 100.0)]
        {
            assert_eq!(capacitive.percent(voltage), Some(percent), "{voltage}");
        }
        // The voltage of a resistive sensor rises with the moisture.
        let resistive = Calibration { dry: 0.0, wet: 2_000.0 };
        assert_eq!(resistive.percent(500.0), Some(25.0));
        assert_eq!(Calibration { dry: 5.0, wet: 5.0 }.percent(5.0), None);
    }
}
