//! The LED of a board.

use crate::board::LED_IS_INVERTED;
use core::convert::Infallible;
use embedded_hal::digital::{ErrorType, OutputPin};
use esp_hal::gpio::{Level, Output, OutputConfig, OutputPin as Pin};

/// The board's LED. Low is off and high is on, even if the LED is inverted.
#[derive(Debug)]
pub struct BoardLed(Output<'static>);

impl BoardLed {
    /// Returns the LED on that pin, and switches it off.
    pub fn new(pin: impl Pin + 'static) -> Self {
        Self(Output::new(pin, Self::level(false), OutputConfig::default()))
    }

    fn level(on: bool) -> Level {
        Level::from(on != LED_IS_INVERTED)
    }
}

impl ErrorType for BoardLed {
    type Error = Infallible;
}

impl OutputPin for BoardLed {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.0.set_level(Self::level(false));
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.0.set_level(Self::level(true));
        Ok(())
    }
}
