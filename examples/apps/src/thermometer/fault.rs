//! What can fail in a measurement of a DS18B20.

/// Failure of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault<E> {
    /// The pin cannot be set or read.
    Pin(E),
    /// The wire is low although nothing should make it so.
    WireLow,
    /// No device answers a reset.
    NoAnswer,
    /// The sensor does not begin a conversion, so the command was disturbed, or the sensor has no supply of its own.
    NotBegun,
    /// The checksum is wrong, or the bytes are not those of a DS18B20.
    Checksum,
    /// The sensor has the value that it has after power-up, so it lost power during the conversion.
    NoPower,
}

impl<E> Fault<E> {
    /// Returns whether the next attempt may succeed.
    pub(super) const fn is_passing(&self) -> bool {
        matches!(self, Self::NoAnswer | Self::NotBegun | Self::Checksum)
    }
}

impl<E> From<E> for Fault<E> {
    fn from(error: E) -> Self {
        Self::Pin(error)
    }
}
