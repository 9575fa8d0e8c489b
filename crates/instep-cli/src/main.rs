//! The command `instep`, which runs the example applications as programs on Linux, makes a folder for a device of one's own,
//! updates the firmware of devices, and simulates devices at a broker.

mod image_file;
mod keys;
mod new;
mod qemu;
mod simulate;
mod update;

use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal_async::digital::Wait;
use instep::{App, Device, Inbox};
use instep_apps::knob::{Encoder, Quadrature};
use instep_apps::weather::{self, Bme280, Reading, Simulated};
use instep_apps::{LED, Led, Machine};
use instep_linux::{I2cBus, Io, Program};
use instep_settings::KeptSwitch;
use std::process::ExitCode;

fn main() -> ExitCode {
    Program::new(instep_apps::ALL[0])
        .with_name("instep")
        .with_version(env!("CARGO_PKG_VERSION"))
        .with_apps(&instep_apps::ALL)
        .with_commands(&[
            new::COMMAND,
            qemu::COMMAND,
            keys::KEYGEN,
            keys::SIGN,
            update::COMMAND,
            simulate::COMMAND,
            instep_linux::GATEWAY,
        ])
        .with_log_also_to(instep_apps::console::note)
        .run(run)
}

/// Runs an application with its hardware. An input, output or sensor that `--io` does not connect is simulated.
async fn run(app: &'static App, device: &'static Device, inbox: &'static mut Inbox<'static>, io: Io) {
    instep_apps::run(app.name(), device, inbox, Linux(io)).await;
}

/// Hardware of this machine.
struct Linux(Io);

impl Machine for Linux {
    fn led(&self) -> Led<'_, impl OutputPin> {
        let Self(io) = self;
        Led::kept(io.output("led"), KeptSwitch::new(io.kept(), LED, io.power_up()))
    }

    fn weather_sensor(&self) -> impl weather::Sensor {
        match self.0.i2c("bme280", &[0x76, 0x77]) {
            Some(device) => WeatherSensor::Bme280(Bme280::new(device.bus, device.address == 0x77)),
            None => WeatherSensor::Simulated(Simulated::default()),
        }
    }

    fn push_button(&self) -> impl InputPin + Wait {
        self.0.input("button")
    }

    fn encoder(&self) -> impl Encoder {
        Quadrature::new(self.0.input("knob-a"), self.0.input("knob-b"))
    }
}

/// Weather sensor: on an I2C bus, or simulated.
enum WeatherSensor {
    Simulated(Simulated),
    Bme280(Bme280<I2cBus>),
}

impl weather::Sensor for WeatherSensor {
    async fn read(&mut self) -> Reading {
        match self {
            Self::Simulated(sensor) => sensor.read().await,
            Self::Bme280(sensor) => sensor.read().await,
        }
    }
}
