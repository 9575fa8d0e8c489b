//! A pin whose LED is on when the pin is low, as on the AI-Thinker ESP32-CAM.

use embedded_hal::digital::{ErrorType, OutputPin};

/// A pin with high and low swapped.
#[derive(Clone, Copy, Debug)]
pub struct Inverted<P>(pub P);

impl<P: OutputPin> ErrorType for Inverted<P> {
    type Error = P::Error;
}

impl<P: OutputPin> OutputPin for Inverted<P> {
    fn set_low(&mut self) -> Result<(), Self::Error> {
        self.0.set_high()
    }

    fn set_high(&mut self) -> Result<(), Self::Error> {
        self.0.set_low()
    }
}
