//! Devices on an I2C bus of this machine.

use embedded_hal_async::i2c::{ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation};
use i2cdev::core::{I2CMessage as _, I2CTransfer as _};
use i2cdev::linux::{LinuxI2CBus, LinuxI2CMessage};
use rustix::io::Errno;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A bus and the address of a device on it, such as `i2c-1:0x76`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BusAddress {
    bus: PathBuf,
    address: u8,
}

/// A device on an I2C bus of this machine.
#[derive(Debug)]
pub struct I2cDevice {
    /// The bus.
    pub bus: I2cBus,
    /// The device's address, of 7 bits.
    pub address: u8,
}

/// An I2C bus of this machine.
///
/// A transfer blocks the application's thread, because a transfer of a few bytes takes less than 1 ms.
#[derive(Debug)]
pub struct I2cBus(LinuxI2CBus);

/// A failed transfer on the bus.
#[derive(Debug)]
pub struct I2cBusError(io::Error);

impl BusAddress {
    /// Parses a bus and an address. The first of `addresses` is the default.
    pub(super) fn parse(text: &str, addresses: &[u8]) -> Result<Self, String> {
        let (bus, address) = text.split_once(':').map_or((text, None), |(bus, address)| (bus, Some(address)));
        let hexadecimal = |text: &str| u8::from_str_radix(text.strip_prefix("0x")?, 16).ok();
        let address = match address {
            None => Some(addresses[0]),
            Some(text) => hexadecimal(text).filter(|address| addresses.contains(address)),
        };
        let Some(address) = address else {
            let allowed: Vec<_> = addresses.iter().map(|address| format!("{address:#04x}")).collect();
            let (last, allowed) = (allowed.last().cloned().unwrap_or_default(), allowed.join(" or "));
            return Err(format!("has an invalid address; use {allowed}, as in i2c-1:{last}"));
        };
        if bus.is_empty() {
            return Err("is not an I2C bus; write it as i2c-1, or i2c-1:0x77 with an address".into());
        }
        // A name is relative to /dev; an absolute path stays.
        Ok(Self { bus: Path::new("/dev").join(bus), address })
    }

    /// Opens the bus.
    pub(super) fn open(&self) -> Result<I2cDevice, String> {
        let bus = self.bus.display();
        match LinuxI2CBus::new(&self.bus).map_err(io::Error::from) {
            Ok(bus) => Ok(I2cDevice { bus: I2cBus(bus), address: self.address }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(format!(
                "cannot open {bus}: it does not exist; `i2cdetect -l` of the package i2c-tools lists the I2C buses of this \
                 machine, and `raspi-config` enables those of a Raspberry Pi"
            )),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(format!(
                "cannot open {bus}: permission denied; add this user to the group that owns it, often i2c"
            )),
            Err(error) => Err(format!("cannot open {bus}: {error}")),
        }
    }
}

impl fmt::Display for I2cBusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for I2cBusError {}

impl embedded_hal_async::i2c::Error for I2cBusError {
    fn kind(&self) -> ErrorKind {
        match Errno::from_io_error(&self.0) {
            Some(Errno::NXIO | Errno::REMOTEIO) => ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown),
            Some(Errno::AGAIN) => ErrorKind::ArbitrationLoss,
            Some(Errno::IO) => ErrorKind::Bus,
            _ => ErrorKind::Other,
        }
    }
}

impl ErrorType for I2cBus {
    type Error = I2cBusError;
}

impl I2c for I2cBus {
    async fn transaction(
        &mut self,
        address: u8,
        operations: &mut [Operation<'_>],
    ) -> Result<(), I2cBusError> {
        let mut messages: Vec<_> = operations
            .iter_mut()
            .map(|operation| match operation {
                Operation::Read(bytes) => LinuxI2CMessage::read(bytes),
                Operation::Write(bytes) => LinuxI2CMessage::write(bytes),
            })
            .map(|message| message.with_address(address.into()))
            .collect();
        self.0.transfer(&mut messages).map(drop).map_err(|error| I2cBusError(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_is_one_that_the_device_can_have() {
        let parse = |text| BusAddress::parse(text, &[0x76, 0x77]).map(|bus| (bus.bus, bus.address));
        for (text, expected) in [
            ("i2c-1", ("/dev/i2c-1", 0x76)),
            ("i2c-0:0x77", ("/dev/i2c-0", 0x77)),
            ("/tmp/bus:0x76", ("/tmp/bus", 0x76)),
        ] {
            assert_eq!(parse(text).unwrap(), (expected.0.into(), expected.1));
        }
        for text in ["", ":0x76", "i2c-1:0x78", "i2c-1:", "i2c-1:0x77:1", "i2c-1:118"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
