//! A pin with high and low swapped.
//!
//! It is for an LED that is on when the pin is low, as on the AI-Thinker ESP32-CAM, and for a contact to ground, which
//! makes the pin low while it is closed.

use embedded_hal::digital::{self, InputPin, OutputPin};
use embedded_hal::pwm::{self, SetDutyCycle};
use embedded_hal_async::digital::Wait;

/// A pin with high and low swapped. The duty cycle of pulses is that of the low level.
#[derive(Clone, Copy, Debug)]
pub struct Inverted<P>(pub P);

impl<P: digital::ErrorType> digital::ErrorType for Inverted<P> {
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

impl<P: InputPin> InputPin for Inverted<P> {
    fn is_high(&mut self) -> Result<bool, Self::Error> {
        self.0.is_low()
    }

    fn is_low(&mut self) -> Result<bool, Self::Error> {
        self.0.is_high()
    }
}

impl<P: Wait> Wait for Inverted<P> {
    async fn wait_for_high(&mut self) -> Result<(), Self::Error> {
        self.0.wait_for_low().await
    }

    async fn wait_for_low(&mut self) -> Result<(), Self::Error> {
        self.0.wait_for_high().await
    }

    async fn wait_for_rising_edge(&mut self) -> Result<(), Self::Error> {
        self.0.wait_for_falling_edge().await
    }

    async fn wait_for_falling_edge(&mut self) -> Result<(), Self::Error> {
        self.0.wait_for_rising_edge().await
    }

    async fn wait_for_any_edge(&mut self) -> Result<(), Self::Error> {
        self.0.wait_for_any_edge().await
    }
}

impl<P: pwm::ErrorType> pwm::ErrorType for Inverted<P> {
    type Error = P::Error;
}

impl<P: SetDutyCycle> SetDutyCycle for Inverted<P> {
    fn max_duty_cycle(&self) -> u16 {
        self.0.max_duty_cycle()
    }

    fn set_duty_cycle(&mut self, duty: u16) -> Result<(), Self::Error> {
        let max = self.0.max_duty_cycle();
        self.0.set_duty_cycle(max - duty.min(max))
    }
}
