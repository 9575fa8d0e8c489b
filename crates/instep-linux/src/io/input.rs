//! Input pins: a GPIO line of this machine, or a simulation.

use super::LineError;
use embedded_hal::digital::{ErrorType, InputPin};
use embedded_hal_async::digital::Wait;
use gpiocdev::line::{EdgeKind, Value};
use gpiocdev::tokio::AsyncRequest;
use std::future::pending;

/// Input pin of an application. A simulated one is low.
#[derive(Debug)]
pub struct Input(Option<AsyncRequest>);

impl Input {
    /// Returns the input on that line; without a line, it is simulated.
    pub(super) fn new(line: Option<AsyncRequest>) -> Self {
        Self(line)
    }

    fn value(&self) -> Result<bool, LineError> {
        match &self.0 {
            None => Ok(false),
            Some(line) => {
                line.as_ref().lone_value().map(|value| value == Value::Active).map_err(|_| LineError)
            }
        }
    }

    /// Waits for the next edge, and returns its kind.
    async fn edge(&self) -> Result<EdgeKind, LineError> {
        let Some(line) = &self.0 else { return pending().await };
        line.read_edge_event().await.map(|event| event.kind).map_err(|_| LineError)
    }

    /// Drops the edges that came before this call.
    fn forget_edges(&self) -> Result<(), LineError> {
        let Some(line) = &self.0 else { return Ok(()) };
        while line.as_ref().has_edge_event().map_err(|_| LineError)? {
            line.as_ref().read_edge_event().map_err(|_| LineError)?;
        }
        Ok(())
    }

    async fn wait_for_level(&self, high: bool) -> Result<(), LineError> {
        self.forget_edges()?;
        while self.value()? != high {
            self.edge().await?;
        }
        Ok(())
    }

    async fn wait_for_edge(&self, is_wanted: fn(EdgeKind) -> bool) -> Result<(), LineError> {
        self.forget_edges()?;
        while !is_wanted(self.edge().await?) {}
        Ok(())
    }
}

impl ErrorType for Input {
    type Error = LineError;
}

impl InputPin for Input {
    fn is_high(&mut self) -> Result<bool, LineError> {
        self.value()
    }

    fn is_low(&mut self) -> Result<bool, LineError> {
        self.value().map(|high| !high)
    }
}

impl Wait for Input {
    async fn wait_for_high(&mut self) -> Result<(), LineError> {
        self.wait_for_level(true).await
    }

    async fn wait_for_low(&mut self) -> Result<(), LineError> {
        self.wait_for_level(false).await
    }

    async fn wait_for_rising_edge(&mut self) -> Result<(), LineError> {
        self.wait_for_edge(|kind| kind == EdgeKind::Rising).await
    }

    async fn wait_for_falling_edge(&mut self) -> Result<(), LineError> {
        self.wait_for_edge(|kind| kind == EdgeKind::Falling).await
    }

    async fn wait_for_any_edge(&mut self) -> Result<(), LineError> {
        self.wait_for_edge(|_| true).await
    }
}
