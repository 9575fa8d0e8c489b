//! Inputs and outputs by name, all of which are simulated.

mod i2c;
mod input;
mod named;
mod output;

pub use i2c::{I2cBus, I2cBusError, I2cDevice};
pub use input::Input;
pub use named::Io;
pub use output::Output;
