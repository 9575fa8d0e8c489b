//! The LED of the machine, which is simulated.

use embedded_hal::digital::{ErrorType, OutputPin};

/// An LED without a pin. The log shows its state.
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
