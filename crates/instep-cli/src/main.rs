//! The command `instep`, which runs the example applications as programs on Linux, and makes a folder for a device of one's own.

mod new;
mod qemu;

use instep::{App, Device, Inbox};
use instep_apps::weather::{self, Bme280, Reading, Sensor, Simulated};
use instep_apps::{Hardware, LED, Led};
use instep_linux::{I2cBus, Io, Output, Program};
use instep_settings::KeptSwitch;
use std::process::ExitCode;

fn main() -> ExitCode {
    Program::new(instep_apps::ALL[0])
        .with_name("instep")
        .with_version(env!("CARGO_PKG_VERSION"))
        .with_apps(&instep_apps::ALL)
        .with_commands(&[new::COMMAND, qemu::COMMAND])
        .with_log_also_to(instep_apps::console::note)
        .run(run)
}

/// Runs an application with its hardware. An output or sensor that `--io` does not connect is simulated.
async fn run(app: &'static App, device: &'static Device, inbox: &'static mut Inbox<'static>, io: Io) {
    if app.name() == weather::APP.name() {
        return weather::run(device, inbox, WeatherSensor::new(&io)).await;
    }
    let output = if instep_apps::has_led(app) { io.output("led") } else { Output::simulated() };
    let led = Led::kept(output, KeptSwitch::new(io.kept(), LED, io.power_up()));
    instep_apps::run_with(app.name(), device, inbox, Hardware::new(led)).await;
}

/// Weather sensor: on an I2C bus, or simulated.
enum WeatherSensor {
    Simulated(Simulated),
    Bme280(Bme280<I2cBus>),
}

impl WeatherSensor {
    fn new(io: &Io) -> Self {
        match io.i2c("bme280", &[0x76, 0x77]) {
            Some(device) => Self::Bme280(Bme280::new(device.bus, device.address == 0x77)),
            None => Self::Simulated(Simulated::default()),
        }
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
