//! Output pins, which are simulated.

use core::convert::Infallible;
use embedded_hal::digital::{ErrorType, OutputPin};

/// Simulated output pin of an application.
#[derive(Debug)]
pub struct Output(());

impl Output {
    /// Returns an output without a pin.
    pub fn simulated() -> Self {
        Self(())
    }
}

impl ErrorType for Output {
    type Error = Infallible;
}

impl OutputPin for Output {
    fn set_low(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
