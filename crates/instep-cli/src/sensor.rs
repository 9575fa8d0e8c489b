//! The weather sensor, which is on an I2C bus of this machine or simulated.

use embedded_hal_async::i2c::{ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation};
use i2cdev::core::{I2CMessage as _, I2CTransfer as _};
use i2cdev::linux::{LinuxI2CBus, LinuxI2CMessage};
use instep_apps::weather::{Bme280, Reading, Sensor, Simulated};
use rustix::io::Errno;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Bus and address of a BME280, as in `--bme280`.
///
/// It is `i2c-1`, or `i2c-1:0x77` for the second of the two addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BusAddress {
    bus: PathBuf,
    secondary: bool,
}

/// A weather sensor.
pub(crate) enum WeatherSensor {
    /// A simulation.
    Simulated(Simulated),
    /// A BME280.
    Bme280(Bme280<Bus>),
}

/// An I2C bus of this machine.
#[derive(Debug)]
pub(crate) struct Bus(LinuxI2CBus);

/// A failed transfer on the bus.
#[derive(Debug)]
pub(crate) struct BusError(io::Error);

impl BusAddress {
    /// Parses a bus and an address.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (bus, address) = text.split_once(':').unwrap_or((text, "0x76"));
        let secondary = match address {
            "0x76" => false,
            "0x77" => true,
            _ => {
                return Err("has an invalid address; use 0x76 or 0x77, as in i2c-1:0x77".into());
            }
        };
        if bus.is_empty() {
            return Err("is not an I2C bus; write it as i2c-1, or i2c-1:0x77 for the second address".into());
        }
        // A name is relative to /dev; an absolute path stays.
        Ok(Self { bus: Path::new("/dev").join(bus), secondary })
    }

    /// Opens the bus. The sensor is not used yet, because it may be connected later.
    pub(crate) fn open(&self) -> Result<WeatherSensor, String> {
        let bus = self.bus.display();
        match LinuxI2CBus::new(&self.bus).map_err(io::Error::from) {
            Ok(bus) => Ok(WeatherSensor::Bme280(Bme280::new(Bus(bus), self.secondary))),
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

impl fmt::Display for BusAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.bus.display(), if self.secondary { "0x77" } else { "0x76" })
    }
}

impl Sensor for WeatherSensor {
    async fn read(&mut self) -> Reading {
        match self {
            Self::Simulated(sensor) => sensor.read().await,
            Self::Bme280(sensor) => sensor.read().await,
        }
    }
}

impl embedded_hal_async::i2c::Error for BusError {
    fn kind(&self) -> ErrorKind {
        match Errno::from_io_error(&self.0) {
            Some(Errno::NXIO | Errno::REMOTEIO) => ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown),
            Some(Errno::AGAIN) => ErrorKind::ArbitrationLoss,
            Some(Errno::IO) => ErrorKind::Bus,
            _ => ErrorKind::Other,
        }
    }
}

impl ErrorType for Bus {
    type Error = BusError;
}

/// Transfers bytes, and blocks the application's thread meanwhile.
///
/// A transfer of a few bytes takes less than 1 ms.
impl I2c for Bus {
    async fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), BusError> {
        let mut messages: Vec<_> = operations
            .iter_mut()
            .map(|operation| match operation {
                Operation::Read(bytes) => LinuxI2CMessage::read(bytes),
                Operation::Write(bytes) => LinuxI2CMessage::write(bytes),
            })
            .map(|message| message.with_address(address.into()))
            .collect();
        self.0.transfer(&mut messages).map(drop).map_err(|error| BusError(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bus_address_has_one_of_two_addresses() {
        for (text, shown) in [
            ("i2c-1", "/dev/i2c-1:0x76"),
            ("i2c-0:0x77", "/dev/i2c-0:0x77"),
            ("/tmp/bus:0x76", "/tmp/bus:0x76"),
        ] {
            let bus = BusAddress::parse(text).unwrap();
            assert_eq!(bus.to_string(), shown);
            assert_eq!(BusAddress::parse(shown), Ok(bus));
        }
        for text in ["", ":0x76", "i2c-1:0x78", "i2c-1:", "i2c-1:0x77:1"] {
            assert!(BusAddress::parse(text).is_err(), "{text}");
        }
    }
}
