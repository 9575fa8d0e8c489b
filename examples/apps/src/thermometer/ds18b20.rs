//! A Maxim DS18B20.

use super::crc::crc8;
use super::fault::Fault;
use super::one_wire::OneWire;
use super::sensor::Sensor;
use embassy_time::{Duration, Timer};
use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{InputPin, OutputPin};

/// Conversion time at 12 bits, which are 1/16 °C.
const CONVERSION: Duration = Duration::from_millis(750);
/// Attempts to read a measurement.
const ATTEMPTS: u32 = 3;

/// Commands of the sensor.
const SKIP_ROM: u8 = 0xCC;
const CONVERT: u8 = 0x44;
const READ_SCRATCHPAD: u8 = 0xBE;

/// A DS18B20 alone on its wire, with a power supply of its own (not parasite power).
///
/// The pin is open-drain and has a pull-up resistor of 4.7 kΩ to 3.3 V. The delay is that of the chip, which waits in a loop.
///
/// Each bit has a slot of 70 µs, and the core makes its edges. Within the part of a slot whose length counts, interrupts are off,
/// in a critical section: 60 µs for a 0 and 6 µs for a 1 that is written, 12 µs for a bit that is read, and 70 µs for the answer
/// to each of two resets. So interrupts are off for **at most 70 µs at a time**, and for 2.2 ms of a measurement, in 114 pieces.
/// A radio on the same core waits longer while flash is erased. With interrupts on, an interrupt of the radio of more than
/// 9 µs would lengthen a 1 to a 0, and one of more than 3 µs would read a 0 too late.
///
/// The core is busy for 9 ms of a measurement, and other tasks run after each byte, thus after 0.56 ms (0.62 ms at a reset).
/// The conversion of 750 ms is a timer, so it blocks nothing.
///
/// What disturbs the wire nevertheless, such as noise on a long one, makes a checksum wrong. Then the sensor is read again,
/// three times in all. After that, or if there is no sensor, the temperature is `None`, and the log says so once, and once when
/// the sensor measures again.
#[derive(Debug)]
pub struct Ds18b20<P, D> {
    wire: OneWire<P, D>,
    is_lost: bool,
}

impl<P: InputPin + OutputPin, D: DelayNs> Ds18b20<P, D> {
    /// Returns the sensor on that pin.
    pub const fn new(pin: P, delay: D) -> Self {
        Self { wire: OneWire::new(pin, delay), is_lost: false }
    }

    async fn measure(&mut self) -> Result<f64, Fault<P::Error>> {
        let mut attempt = 1;
        while let Err(fault) = self.begin().await {
            if !fault.is_passing() || attempt == ATTEMPTS {
                return Err(fault);
            }
            attempt += 1;
        }
        Timer::after(CONVERSION).await;
        attempt = 1;
        loop {
            match self.read().await {
                Err(fault) if fault.is_passing() && attempt < ATTEMPTS => attempt += 1,
                result => return result,
            }
        }
    }

    /// Begins a conversion. Without the check, a disturbed command would leave the last temperature, with a right checksum.
    async fn begin(&mut self) -> Result<(), Fault<P::Error>> {
        let mut converting = [0];
        self.wire.reset().await?;
        self.wire.write(&[SKIP_ROM, CONVERT]).await?;
        self.wire.read(&mut converting).await?;
        // The sensor sends 0 while it converts.
        if converting == [0] { Ok(()) } else { Err(Fault::NotBegun) }
    }

    async fn read(&mut self) -> Result<f64, Fault<P::Error>> {
        let mut scratchpad = [0; 9];
        self.wire.reset().await?;
        self.wire.write(&[SKIP_ROM, READ_SCRATCHPAD]).await?;
        self.wire.read(&mut scratchpad).await?;
        celsius(&scratchpad)
    }
}

/// Returns the temperature of a scratchpad with its checksum.
fn celsius<E>(scratchpad: &[u8; 9]) -> Result<f64, Fault<E>> {
    let [low, high, _, _, configuration, _, reserved, ..] = *scratchpad;
    // Nothing but zeros has a right checksum, too. These bits of the configuration never change.
    if crc8(scratchpad) != 0 || configuration & 0x9F != 0x1F {
        return Err(Fault::Checksum);
    }
    // 85 °C after power-up. After a conversion to 85 °C the reserved byte is 0x10.
    if (low, high, reserved) == (0x50, 0x05, 0x0C) {
        return Err(Fault::NoPower);
    }
    Ok(f64::from(i16::from_le_bytes([low, high])) / 16.0)
}

impl<P: InputPin + OutputPin, D: DelayNs> Sensor for Ds18b20<P, D> {
    async fn celsius(&mut self) -> Option<f64> {
        let result = self.measure().await;
        match &result {
            Ok(_) if self.is_lost => log::info!("The DS18B20 measures again"),
            Err(fault) if !self.is_lost => match fault {
                Fault::Pin(error) => log::warn!("The pin of the DS18B20 fails: {error:?}"),
                Fault::WireLow => {
                    log::warn!(
                        "The wire of the DS18B20 is low: check its pull-up resistor of 4.7 kΩ to 3.3 V"
                    );
                }
                Fault::NotBegun => {
                    log::warn!("The DS18B20 does not begin to measure: check its supply of 3.3 V");
                }
                Fault::NoAnswer => log::warn!("The DS18B20 does not answer: check its wires"),
                Fault::Checksum => {
                    log::warn!("The DS18B20 cannot be read: the checksum was wrong {ATTEMPTS} times");
                }
                Fault::NoPower => log::warn!("The DS18B20 lost power during a measurement: check its supply"),
            },
            _ => {}
        }
        self.is_lost = result.is_err();
        result.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::simulated_wire::Wire;
    use super::*;
    use core::convert::Infallible;
    use embassy_time::Instant;

    /// Scratchpad of the data sheet's example of that temperature, with its checksum.
    fn scratchpad(raw: i16) -> [u8; 9] {
        let [low, high] = raw.to_le_bytes();
        let mut bytes = [low, high, 0x4B, 0x46, 0x7F, 0xFF, 0x10 - (low & 0x0F), 0x10, 0];
        bytes[8] = crc8(&bytes[..8]);
        bytes
    }

    #[test]
    fn temperatures_of_the_data_sheet_are_decoded() {
        for (raw, degrees) in [
            (0x07D0, 125.0),
            (0x0550, 85.0),
            (0x0191, 25.0625),
            (0, 0.0),
            (-8, -0.5),
            (-162, -10.125),
            (-880, -55.0),
        ] {
            assert_eq!(celsius::<Infallible>(&scratchpad(raw)), Ok(degrees));
        }
        let power_up = [0x50, 0x05, 0x4B, 0x46, 0x7F, 0xFF, 0x0C, 0x10, 0x1C];
        assert_eq!(celsius::<Infallible>(&power_up), Err(Fault::NoPower));
        assert_eq!(celsius::<Infallible>(&[0; 9]), Err(Fault::Checksum), "a wire that is low is 0 °C");
        assert_eq!(celsius::<Infallible>(&[0xFF; 9]), Err(Fault::Checksum));
    }

    #[tokio::test(start_paused = true)]
    async fn measurement_waits_750_ms_and_occupies_the_core_for_9_ms() {
        host_time::run(async {
            let wire = Wire::with_sensor(scratchpad(0x0191));
            let mut sensor = Ds18b20::new(wire.clone(), wire.clone());
            let begin = Instant::now();
            assert_eq!(sensor.celsius().await, Some(25.0625));
            // The delays are not on the virtual clock, because they do not let it run.
            assert_eq!(wire.busy_micros(), 2 * (70 + 480 + 70) + 14 * 8 * 70);
            // tokio's clock has ticks of 1 ms, and each reset waits for one.
            assert!((CONVERSION..=CONVERSION + Duration::from_millis(2)).contains(&begin.elapsed()));
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_bits_are_read_again_twice_and_then_unavailable() {
        host_time::run(async {
            let wire = Wire::with_sensor(scratchpad(0x0191));
            let mut sensor = Ds18b20::new(wire.clone(), wire.clone());
            for (disturbed, expected) in
                [(0, Some(25.0625)), (2, Some(25.0625)), (3, None), (0, Some(25.0625))]
            {
                wire.disturb_answers(disturbed);
                assert_eq!(sensor.celsius().await, expected, "{disturbed}");
            }
            for (disturbed, expected) in [(2, Some(25.0625)), (3, None), (0, Some(25.0625))] {
                wire.disturb_commands(disturbed);
                assert_eq!(sensor.celsius().await, expected, "{disturbed}");
            }
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn lost_sensor_is_unavailable_until_it_is_back() {
        host_time::run(async {
            let wire = Wire::with_sensor(scratchpad(-162));
            let mut sensor = Ds18b20::new(wire.clone(), wire.clone());
            for (there, shorted, lost, expected) in [
                (true, false, false, Some(-10.125)),
                (false, false, true, None),
                (true, true, true, None),
                (true, false, false, Some(-10.125)),
            ] {
                wire.connect(there, shorted);
                assert_eq!(sensor.celsius().await, expected);
                assert_eq!(sensor.is_lost, lost);
            }
        })
        .await;
    }
}
