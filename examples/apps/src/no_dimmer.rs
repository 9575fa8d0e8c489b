//! The dimmer of a light that cannot be dimmed.

use embedded_hal::pwm::{ErrorType, SetDutyCycle};

/// A light that is on or off.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDimmer;

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
