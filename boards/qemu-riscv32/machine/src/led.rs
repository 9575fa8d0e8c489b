//! An LED, for applications that have one.

use embedded_hal::digital::{ErrorType, OutputPin};

/// The machine has no LED: the log tells.
#[derive(Debug)]
pub struct Led;

impl ErrorType for Led {
    type Error = core::convert::Infallible;
}

impl OutputPin for Led {
    fn set_low(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}
