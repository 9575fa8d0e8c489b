//! Input pins, which are simulated.

use core::convert::Infallible;
use core::future::pending;
use embedded_hal::digital::{ErrorType, InputPin};
use embedded_hal_async::digital::Wait;

/// Simulated input pin of an application. It is low for ever.
#[derive(Debug)]
pub struct Input(());

impl Input {
    /// Returns an input without a pin.
    pub(super) fn simulated() -> Self {
        Self(())
    }
}

impl ErrorType for Input {
    type Error = Infallible;
}

impl InputPin for Input {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(false)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(true)
    }
}

impl Wait for Input {
    async fn wait_for_high(&mut self) -> Result<(), Infallible> {
        pending().await
    }

    async fn wait_for_low(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn wait_for_rising_edge(&mut self) -> Result<(), Infallible> {
        pending().await
    }

    async fn wait_for_falling_edge(&mut self) -> Result<(), Infallible> {
        pending().await
    }

    async fn wait_for_any_edge(&mut self) -> Result<(), Infallible> {
        pending().await
    }
}
