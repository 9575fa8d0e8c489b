//! Table of the inputs and outputs that the application asked for.

use super::i2c::I2cDevice;
use super::input::Input;
use super::output::Output;
use core::cell::RefCell;
use heapless::Vec;
use instep_settings::{Kept, PowerUp};

/// Maximum number of inputs and outputs.
const NAMES_MAX: usize = 16;

/// Inputs and outputs of this machine, by the names that the application gives them.
///
/// All of them are simulated, and a line of the log says so. On Linux and on a chip the same names are those of real pins.
///
/// Ask for all of them before the application waits for the first time, as an argument of its `run` function does, so that
/// these lines come before the device's address.
#[derive(Debug)]
pub struct Io {
    names: RefCell<Vec<&'static str, NAMES_MAX>>,
}

impl Io {
    pub(crate) fn new() -> Self {
        Self { names: RefCell::new(Vec::new()) }
    }

    /// Returns the output `name`, which is off.
    ///
    /// # Panics
    /// If the name is asked for twice, or if there are more than 16 names.
    pub fn output(&self, name: &'static str) -> Output {
        self.simulate(name, "output");
        Output::simulated()
    }

    /// Returns the input `name`, which is low.
    ///
    /// # Panics
    /// As [`output`](Self::output).
    pub fn input(&self, name: &'static str) -> Input {
        self.simulate(name, "input");
        Input::simulated()
    }

    /// Returns `None`, so that the application simulates the device `name` on an I2C bus.
    ///
    /// # Panics
    /// As [`output`](Self::output), and if there are no addresses.
    pub fn i2c(&self, name: &'static str, addresses: &[u8]) -> Option<I2cDevice> {
        assert!(!addresses.is_empty(), "the I2C device {name:?} has no addresses");
        self.simulate(name, "I2C device");
        None
    }

    /// Returns the values that the application persists. In QEMU they are lost at its end.
    pub fn kept(&self) -> Kept<'static> {
        Kept::nothing()
    }

    /// Returns the state of outputs at the start.
    pub fn power_up(&self) -> PowerUp {
        PowerUp::Off
    }

    fn simulate(&self, name: &'static str, kind: &str) {
        let mut names = self.names.borrow_mut();
        assert!(!names.contains(&name), "the application asks for the {kind} {name} twice");
        names.push(name).expect("the application asks for too many inputs and outputs");
        log::info!("The {kind} {name} is simulated");
    }
}
