//! 1-Wire, by a pin that the core sets and reads at exact times.
//!
//! The slots are made here, because those of the crate onewire 0.4 are private: the smallest thing that it offers is a byte,
//! around which a critical section would switch interrupts off for 560 µs.
//!
//! The times of a slot are those of Maxim's application note 126, within the limits of the DS18B20's data sheet.

use super::fault::Fault;
use embassy_futures::yield_now;
use embassy_time::Timer;
use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{InputPin, OutputPin};

/// Time for which the wire is low before the devices answer, in µs. At least 480.
const RESET: u32 = 480;
/// Time from the end of the reset to the moment at which every device holds the wire low, in µs. From 60 to 75.
const PRESENCE: u32 = 70;
/// Rest of the devices' answer, in µs.
const ANSWERED: u64 = 410;
/// Time for which the wire is low for a 1, in µs. From 1 to 15.
const ONE: u32 = 6;
/// Time for which the wire is low for a 0, in µs. From 60 to 120.
const ZERO: u32 = 60;
/// Time for which the wire is low before a bit is read, in µs. At least 1.
const ASK: u32 = 2;
/// Time until the bit is read, in µs. The device holds a 0 until 15 µs after the beginning of the slot.
const SAMPLE: u32 = 10;
/// Length of a slot and the pause after it, in µs. A longer pause does no harm.
const SLOT: u32 = 70;

/// The wire: an open-drain pin with a pull-up resistor, and a delay that is exact to some µs.
#[derive(Debug)]
pub(super) struct OneWire<P, D> {
    pin: P,
    delay: D,
}

impl<P: InputPin + OutputPin, D: DelayNs> OneWire<P, D> {
    pub(super) const fn new(pin: P, delay: D) -> Self {
        Self { pin, delay }
    }

    /// Begins a transfer.
    ///
    /// # Errors
    /// If the wire is not high without a device, if no device answers, or if the pin fails.
    pub(super) async fn reset(&mut self) -> Result<(), Fault<P::Error>> {
        self.pin.set_high()?;
        self.delay.delay_us(PRESENCE);
        if self.pin.is_low()? {
            return Err(Fault::WireLow);
        }
        self.pin.set_low()?;
        // A longer reset is a reset, too, so interrupts are on.
        self.delay.delay_us(RESET);
        let is_there = critical_section::with(|_| {
            self.pin.set_high()?;
            self.delay.delay_us(PRESENCE);
            self.pin.is_low()
        })?;
        Timer::after_micros(ANSWERED).await;
        if is_there { Ok(()) } else { Err(Fault::NoAnswer) }
    }

    /// Writes bytes, and lets other tasks run between them.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), P::Error> {
        for byte in bytes {
            for bit in 0..8 {
                let low = if byte >> bit & 1 == 1 { ONE } else { ZERO };
                critical_section::with(|_| {
                    self.pin.set_low()?;
                    self.delay.delay_us(low);
                    self.pin.set_high()
                })?;
                self.delay.delay_us(SLOT - low);
            }
            yield_now().await;
        }
        Ok(())
    }

    /// Reads bytes, and lets other tasks run between them.
    pub(super) async fn read(&mut self, bytes: &mut [u8]) -> Result<(), P::Error> {
        for byte in bytes {
            *byte = 0;
            for bit in 0..8 {
                let high = critical_section::with(|_| {
                    self.pin.set_low()?;
                    self.delay.delay_us(ASK);
                    self.pin.set_high()?;
                    self.delay.delay_us(SAMPLE);
                    self.pin.is_high()
                })?;
                *byte |= u8::from(high) << bit;
                self.delay.delay_us(SLOT - ASK - SAMPLE);
            }
            yield_now().await;
        }
        Ok(())
    }
}

// Interrupts are off for the longest of these times.
const _: () = assert!(PRESENCE <= 70 && ZERO <= 70 && ONE <= 70 && ASK + SAMPLE <= 15);
