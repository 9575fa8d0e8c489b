//! Sensors of soil moisture.

/// Soil moisture sensor with a voltage as its output.
#[expect(async_fn_in_trait, reason = "applications are one task each")]
pub trait Sensor {
    /// Measures the voltage, in mV. Returns `None` if it cannot be measured.
    async fn millivolts(&mut self) -> Option<u16>;
}

/// A simulated sensor in a pot whose soil dries, and is watered when it is dry.
#[derive(Debug, Default)]
pub struct Simulated {
    readings: u16,
}

/// Voltage of watered soil, in mV.
const WATERED: u16 = 1_300;
/// Readings until the soil is dry and is watered: a quarter of an hour of the application.
const DRY_AFTER: u16 = 720;

impl Sensor for Simulated {
    async fn millivolts(&mut self) -> Option<u16> {
        self.readings = (self.readings + 1) % DRY_AFTER;
        Some(WATERED + self.readings)
    }
}
