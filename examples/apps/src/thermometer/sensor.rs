//! What the thermometer needs of its hardware.

use crate::weather;

/// Sensor of one temperature.
#[expect(async_fn_in_trait, reason = "applications are one task each")]
pub trait Sensor {
    /// Measures the temperature, in °C. Returns `None` while the sensor is missing or broken.
    async fn celsius(&mut self) -> Option<f64>;
}

/// Simulated weather has a temperature, too.
impl Sensor for weather::Simulated {
    async fn celsius(&mut self) -> Option<f64> {
        weather::Sensor::read(self).await.temperature
    }
}
