//! The hardware of a machine that chooses its application by name.

use crate::knob::{self, Quadrature};
use crate::{Led, NoDimmer, Unconnected, motor, soil, thermometer, weather};
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::pwm::SetDutyCycle;
use embedded_hal_async::digital::Wait;

/// Hardware of a machine, which gives an application what the application has. The default is a simulation.
///
/// It is for programs that choose an application when they run. Firmware for one application calls its `run` function.
///
/// Each function is called at most once.
pub trait Machine {
    /// Returns the LED, or another switched output.
    fn led(&self) -> Led<'_, impl OutputPin>;

    /// Returns the dimmer of the LED.
    fn dimmer(&self) -> impl SetDutyCycle {
        NoDimmer
    }

    /// Returns the weather sensor.
    fn weather_sensor(&self) -> impl weather::Sensor {
        weather::Simulated::default()
    }

    /// Returns the motor driver.
    fn motor_drive(&self) -> impl motor::Drive {
        motor::Simulated
    }

    /// Returns the sensor of soil moisture.
    fn soil_sensor(&self) -> impl soil::Sensor {
        soil::Simulated::default()
    }

    /// Returns the thermometer.
    fn thermometer(&self) -> impl thermometer::Sensor {
        weather::Simulated::default()
    }

    /// Returns the push button, which is high while it is pressed.
    fn push_button(&self) -> impl InputPin + Wait {
        Unconnected
    }

    /// Returns the rotary encoder.
    fn encoder(&self) -> impl knob::Encoder {
        Quadrature::new(Unconnected, Unconnected)
    }
}
