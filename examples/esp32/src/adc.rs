//! A voltage on a pin of ADC1.

use embassy_time::{Duration, Timer};
use esp_hal::Blocking;
#[cfg(any(feature = "esp32c3", feature = "esp32c6", feature = "esp32s3"))]
use esp_hal::analog::adc::AdcCalCurve as Calibration;
#[cfg(any(feature = "esp32", feature = "esp32s2"))]
use esp_hal::analog::adc::AdcCalLine as Calibration;
use esp_hal::analog::adc::{Adc, AdcChannel, AdcConfig, AdcPin, Attenuation};
use esp_hal::gpio::AnalogPin;
use esp_hal::peripherals::ADC1;
use instep_apps::soil::Sensor;

/// Number of readings whose mean is a measurement.
const READINGS: u32 = 8;
/// Interval of asking for a reading that is not ready.
const POLL_INTERVAL: Duration = Duration::from_micros(100);
/// Maximum number of times that a reading is asked for. A conversion takes less than 0.1 ms.
const POLLS: usize = 50;

/// A voltage on a pin of ADC1, with the calibration that each chip has from its factory.
pub struct Voltage<P> {
    adc: Adc<'static, ADC1<'static>, Blocking>,
    pin: AdcPin<P, ADC1<'static>, Calibration<ADC1<'static>>>,
}

impl<P: AdcChannel + AnalogPin> Voltage<P> {
    /// Returns the voltage on that pin, of up to 2.5 V or more, which depends on the chip.
    pub fn new(adc: ADC1<'static>, pin: P) -> Self {
        let mut config = AdcConfig::new();
        let pin = config.enable_pin_with_cal(pin, Attenuation::_11dB);
        Self { adc: Adc::new(adc, config), pin }
    }

    async fn reading(&mut self) -> Option<u16> {
        for _ in 0..POLLS {
            if let Ok(millivolts) = self.adc.read_oneshot(&mut self.pin) {
                return Some(millivolts);
            }
            Timer::after(POLL_INTERVAL).await;
        }
        None
    }
}

impl<P: AdcChannel + AnalogPin> Sensor for Voltage<P> {
    async fn millivolts(&mut self) -> Option<u16> {
        let mut sum = 0;
        for _ in 0..READINGS {
            sum += u32::from(self.reading().await?);
        }
        u16::try_from(sum / READINGS).ok()
    }
}
