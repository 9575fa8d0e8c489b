//! An input without a pin.

use core::convert::Infallible;
use core::future::pending;
use embedded_hal::digital::{ErrorType, InputPin};
use embedded_hal_async::digital::Wait;

/// An input without a pin, which is low for ever.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unconnected;

impl ErrorType for Unconnected {
    type Error = Infallible;
}

impl InputPin for Unconnected {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(false)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(true)
    }
}

impl Wait for Unconnected {
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
