//! Hardware of a board, for the applications.

use crate::{Led, motor, weather};
use embedded_hal::pwm::{ErrorType, SetDutyCycle};

/// Hardware of a board. Each application takes what it needs.
#[derive(Debug)]
pub struct Hardware<'a, P, D = NoDimmer, S = weather::Simulated, M = motor::Simulated> {
    /// LED, or another switched output.
    pub led: Led<'a, P>,
    /// Dimmer of the LED, by pulse width.
    pub dimmer: D,
    /// Weather sensor.
    pub sensor: S,
    /// Motor driver.
    pub motor: M,
}

/// A light that is on or off.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDimmer;

impl<'a, P> Hardware<'a, P> {
    /// Returns the hardware of a board with an LED. The rest is simulated.
    pub fn new(led: Led<'a, P>) -> Self {
        Self { led, dimmer: NoDimmer, sensor: weather::Simulated::default(), motor: motor::Simulated }
    }
}

impl<'a, P, D, S, M> Hardware<'a, P, D, S, M> {
    /// Replaces the weather sensor.
    pub fn with_sensor<T: weather::Sensor>(self, sensor: T) -> Hardware<'a, P, D, T, M> {
        Hardware { led: self.led, dimmer: self.dimmer, sensor, motor: self.motor }
    }

    /// Replaces the motor driver.
    pub fn with_motor<T: motor::Drive>(self, motor: T) -> Hardware<'a, P, D, S, T> {
        Hardware { led: self.led, dimmer: self.dimmer, sensor: self.sensor, motor }
    }

    /// Replaces the dimmer of the LED.
    pub fn with_dimmer<T: SetDutyCycle>(self, dimmer: T) -> Hardware<'a, P, T, S, M> {
        Hardware { led: self.led, dimmer, sensor: self.sensor, motor: self.motor }
    }
}

impl ErrorType for NoDimmer {
    type Error = core::convert::Infallible;
}

impl SetDutyCycle for NoDimmer {
    fn max_duty_cycle(&self) -> u16 {
        100
    }

    fn set_duty_cycle(&mut self, _: u16) -> Result<(), Self::Error> {
        Ok(())
    }
}
