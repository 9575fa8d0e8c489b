//! The LED of a machine that has none.

use embedded_hal::digital::{ErrorType, OutputPin};
use std::convert::Infallible;

/// A pin that remembers its level. The application's log tells what it does.
#[derive(Debug, Default)]
pub(crate) struct SimulatedLed {
    high: bool,
}

impl ErrorType for SimulatedLed {
    type Error = Infallible;
}

impl OutputPin for SimulatedLed {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.high = false;
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.high = true;
        Ok(())
    }
}
