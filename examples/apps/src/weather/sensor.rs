//! Weather sensors.

use embassy_time::{Delay, Duration, with_timeout};
use embedded_hal_async::i2c::I2c;

/// Values of a sensor; `None` if a value cannot be measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    /// Temperature, in °C.
    pub temperature: Option<f64>,
    /// Relative humidity, in percent.
    pub humidity: Option<f64>,
    /// Air pressure, in hPa.
    pub pressure: Option<f64>,
}

/// Weather sensor.
#[expect(async_fn_in_trait, reason = "applications are one task each")]
pub trait Sensor {
    /// Measures the values. All are `None` while the sensor is missing or broken.
    async fn read(&mut self) -> Reading;
}

/// Simulated weather, which follows a random walk.
#[derive(Debug)]
pub struct Simulated {
    random: u32,
    reading: [f64; 3],
}

/// Mean and maximum deviation of temperature, humidity and pressure.
const MEAN_AND_DEVIATION: [(f64, f64); 3] = [(21.0, 8.0), (48.0, 25.0), (1013.0, 20.0)];

impl Simulated {
    /// Returns the weather with that seed.
    pub const fn new(number: u32) -> Self {
        // The number must not be 0, because the generator would stay at 0.
        Self {
            random: number | 1,
            reading: [MEAN_AND_DEVIATION[0].0, MEAN_AND_DEVIATION[1].0, MEAN_AND_DEVIATION[2].0],
        }
    }

    /// Returns a random number from -1 to 1 (xorshift).
    fn random(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        f64::from(self.random) / f64::from(u32::MAX) * 2.0 - 1.0
    }
}

impl Default for Simulated {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Sensor for Simulated {
    async fn read(&mut self) -> Reading {
        for (i, (mean, deviation)) in MEAN_AND_DEVIATION.into_iter().enumerate() {
            let step = self.random() * deviation / 60.0;
            // The pull towards the mean grows with the distance.
            self.reading[i] += step + (mean - self.reading[i]) / 40.0;
            self.reading[i] = self.reading[i].clamp(mean - deviation, mean + deviation);
        }
        let [temperature, humidity, pressure] = self.reading.map(Some);
        Reading { temperature, humidity, pressure }
    }
}

/// Timeout of a measurement.
const ANSWER: Duration = Duration::from_secs(1);

/// A Bosch BME280 on an I2C bus, at address 0x76 or 0x77.
pub struct Bme280<I> {
    sensor: bme280_rs::AsyncBme280<I, Delay>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No measurement was tried.
    New,
    /// The sensor is missing or does not answer, and this was logged.
    Missing,
    Measuring,
}

impl<I: I2c> Bme280<I> {
    /// Returns the sensor on that bus, at 0x76.
    ///
    /// With `secondary`, it is at 0x77, because its pin SDO is high.
    pub fn new(bus: I, secondary: bool) -> Self {
        let address = bme280_rs::DEFAULT_ADDRESS + u8::from(secondary);
        Self { sensor: bme280_rs::AsyncBme280::new_with_address(bus, address, Delay), state: State::New }
    }

    async fn sample(&mut self) -> Result<bme280_rs::Sample, Fault<I::Error>> {
        if self.state != State::Measuring {
            if self.sensor.chip_id().await.map_err(Fault::Bus)? != bme280_rs::CHIP_ID {
                return Err(Fault::WrongDevice);
            }
            self.sensor.init().await.map_err(Fault::Bus)?;
            let once = bme280_rs::Oversampling::Oversample1;
            let configuration = bme280_rs::Configuration::default()
                .with_temperature_oversampling(once)
                .with_humidity_oversampling(once)
                .with_pressure_oversampling(once)
                .with_sensor_mode(bme280_rs::SensorMode::Normal);
            self.sensor.set_sampling_configuration(configuration).await.map_err(Fault::Bus)?;
            // The first measurement takes at most 9.3 ms (data sheet, appendix B).
            embassy_time::Timer::after_millis(10).await;
        }
        self.sensor.read_sample().await.map_err(Fault::Bus)
    }
}

/// Failure of a measurement.
#[derive(Debug)]
enum Fault<E> {
    Bus(E),
    WrongDevice,
}

impl<I: I2c> Sensor for Bme280<I> {
    async fn read(&mut self) -> Reading {
        match with_timeout(ANSWER, self.sample()).await {
            Ok(Ok(sample)) => {
                if self.state == State::Missing {
                    log::info!("The BME280 measures again");
                }
                self.state = State::Measuring;
                Reading {
                    temperature: sample.temperature.map(f64::from),
                    humidity: sample.humidity.map(f64::from),
                    pressure: sample.pressure.map(|pascals| f64::from(pascals) / 100.0),
                }
            }
            result => {
                if self.state != State::Missing {
                    match result {
                        Ok(Err(Fault::WrongDevice)) => {
                            log::warn!("The device at the address of the BME280 is not a BME280");
                        }
                        Ok(Err(Fault::Bus(error))) => log::warn!("The BME280 does not answer: {error:?}"),
                        _ => log::warn!("The BME280 does not answer in time"),
                    }
                }
                self.state = State::Missing;
                Reading::default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::cell::Cell;
    use embassy_futures::block_on;
    use embedded_hal_async::i2c::{ErrorKind, ErrorType, NoAcknowledgeSource, Operation};

    /// Registers of a BME280.
    struct Chip<'c> {
        there: &'c Cell<bool>,
        registers: [u8; 256],
        at: u8,
    }

    /// Example of 25.08 °C and 1006.53 hPa (data sheet of the BMP280, section 3.12).
    ///
    /// The formulas for temperature and pressure are the same.
    const CALIBRATION: [i32; 12] =
        [27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000];
    const RAW: (u32, u32) = (519_888, 415_148);

    impl<'c> Chip<'c> {
        fn new(there: &'c Cell<bool>) -> Self {
            let mut registers = [0; 256];
            registers[0xD0] = 0x60;
            for (at, value) in CALIBRATION.into_iter().enumerate() {
                registers[0x88 + 2 * at..][..2].copy_from_slice(&value.to_le_bytes()[..2]);
            }
            for (at, raw) in [(0xF7, RAW.1), (0xFA, RAW.0)] {
                registers[at..at + 3].copy_from_slice(&(raw << 4).to_be_bytes()[1..]);
            }
            Self { there, registers, at: 0 }
        }
    }

    impl ErrorType for Chip<'_> {
        type Error = ErrorKind;
    }

    impl I2c for Chip<'_> {
        async fn transaction(
            &mut self,
            address: u8,
            operations: &mut [Operation<'_>],
        ) -> Result<(), ErrorKind> {
            if address != 0x77 || !self.there.get() {
                return Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address));
            }
            for operation in operations {
                match operation {
                    Operation::Write(bytes) => self.at = bytes[0],
                    Operation::Read(bytes) => {
                        let length = bytes.len();
                        bytes.copy_from_slice(&self.registers[usize::from(self.at)..][..length]);
                    }
                }
            }
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn lost_sensor_is_measured_again_when_it_is_back() {
        let there = Cell::new(false);
        let mut sensor = Bme280::new(Chip::new(&there), true);
        host_time::run(async {
            assert_eq!(sensor.read().await, Reading::default());
            for _ in 0..2 {
                there.set(true);
                let reading = sensor.read().await;
                assert!((reading.temperature.unwrap() - 25.08).abs() < 0.01, "{reading:?}");
                assert!((reading.pressure.unwrap() - 1006.53).abs() < 0.01, "{reading:?}");
                there.set(false);
                assert_eq!(sensor.read().await, Reading::default());
            }
        })
        .await;
    }

    #[test]
    fn simulated_weather_moves_within_its_range() {
        let mut weather = Simulated::new(7);
        let mut last = Reading::default();
        for _ in 0..10_000 {
            let reading = block_on(weather.read());
            assert_ne!(reading, last);
            for (value, (usual, range)) in
                [reading.temperature, reading.humidity, reading.pressure].into_iter().zip(MEAN_AND_DEVIATION)
            {
                assert!((value.unwrap() - usual).abs() <= range);
            }
            last = reading;
        }
    }
}
