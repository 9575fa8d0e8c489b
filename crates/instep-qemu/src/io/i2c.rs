//! Devices on an I2C bus, which this machine does not have.

use core::convert::Infallible;
use embedded_hal_async::i2c::{ErrorType, I2c, Operation};

/// Device on an I2C bus. There is none in QEMU.
#[derive(Debug)]
pub struct I2cDevice {
    /// The bus.
    pub bus: I2cBus,
    /// The device's address, of 7 bits.
    pub address: u8,
}

/// I2C bus. There is none in QEMU.
#[derive(Debug)]
pub struct I2cBus(Infallible);

/// Failed transfer on a bus. There is none in QEMU.
pub type I2cBusError = Infallible;

impl ErrorType for I2cBus {
    type Error = I2cBusError;
}

impl I2c for I2cBus {
    async fn transaction(&mut self, _: u8, _: &mut [Operation<'_>]) -> Result<(), I2cBusError> {
        match self.0 {}
    }
}
