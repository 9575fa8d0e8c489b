//! Inputs and outputs of this machine, which the application names and the option `--io` connects.

mod gpio;
mod i2c;
mod input;
mod named;
mod output;

pub use i2c::{I2cBus, I2cBusError, I2cDevice};
pub use input::Input;
pub use named::Io;
pub(crate) use named::{Connection, IoError};
pub use output::{LineError, Output};
