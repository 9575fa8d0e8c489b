//! Output pins: a GPIO line of this machine, or a simulation.

use embedded_hal::digital::{ErrorKind, ErrorType, OutputPin, PinState};
use gpiocdev::Request;
use gpiocdev::line::Value;

/// Output pin of an application. It is high while the output is on.
#[derive(Debug)]
pub struct Output(Option<Request>);

impl Output {
    /// Returns an output without a pin.
    pub fn simulated() -> Self {
        Self(None)
    }

    /// Returns the output on that line; without a line, it is simulated.
    pub(super) fn new(line: Option<Request>) -> Self {
        Self(line)
    }
}

/// Failure of the kernel to read or set a GPIO line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineError;

impl std::fmt::Display for LineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the kernel cannot read or set the GPIO line")
    }
}

impl std::error::Error for LineError {}

impl embedded_hal::digital::Error for LineError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

impl ErrorType for Output {
    type Error = LineError;
}

impl OutputPin for Output {
    fn set_low(&mut self) -> Result<(), LineError> {
        self.set_state(PinState::Low)
    }

    fn set_high(&mut self) -> Result<(), LineError> {
        self.set_state(PinState::High)
    }

    fn set_state(&mut self, state: PinState) -> Result<(), LineError> {
        let Some(line) = &self.0 else { return Ok(()) };
        let value = if state == PinState::High { Value::Active } else { Value::Inactive };
        line.set_lone_value(value).map_err(|_| LineError)
    }
}
