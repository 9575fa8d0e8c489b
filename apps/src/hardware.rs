//! What a board has for the applications.

use crate::{Led, motor, weather};
use embedded_hal::pwm::{ErrorType, SetDutyCycle};

/// What a board has for the applications: each takes what it needs, and simulates nothing that is there.
#[derive(Debug)]
pub struct Hardware<'a, P, D = NoDimmer, S = weather::Simulated, M = motor::Simulated> {
    /// The LED, or whatever is switched.
    pub led: Led<'a, P>,
    /// How bright it is, by pulse width.
    pub dimmer: D,
    /// What measures the weather.
    pub sensor: S,
    /// What turns.
    pub motor: M,
}

/// A light that is on or off.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDimmer;

impl<'a, P> Hardware<'a, P> {
    /// A board with an LED; all else is simulated.
    pub fn new(led: Led<'a, P>) -> Self {
        Self { led, dimmer: NoDimmer, sensor: weather::Simulated::default(), motor: motor::Simulated }
    }
}

impl<'a, P, D, S, M> Hardware<'a, P, D, S, M> {
    /// The same with what measures the weather.
    pub fn with_sensor<T: weather::Sensor>(self, sensor: T) -> Hardware<'a, P, D, T, M> {
        Hardware { led: self.led, dimmer: self.dimmer, sensor, motor: self.motor }
    }

    /// The same with what turns.
    pub fn with_motor<T: motor::Drive>(self, motor: T) -> Hardware<'a, P, D, S, T> {
        Hardware { led: self.led, dimmer: self.dimmer, sensor: self.sensor, motor }
    }

    /// The same with an LED that can be dimmed.
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
