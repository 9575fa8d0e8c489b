//! Motor drivers.

use embedded_hal::digital::OutputPin;
use embedded_hal::pwm::SetDutyCycle;

/// Direction of a motor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// The direction in which the motor is connected.
    #[default]
    Forward,
    /// The opposite direction.
    Backward,
}

/// Motor driver.
pub trait Drive {
    /// Error of the hardware.
    type Error: core::fmt::Debug;

    /// Turns the motor in that direction, at a speed in percent of full speed.
    ///
    /// A speed of 0 stops the motor.
    ///
    /// # Errors
    /// If an output of the hardware cannot be set.
    fn turn(&mut self, direction: Direction, percent: u8) -> Result<(), Self::Error>;
}

/// A simulated motor.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulated;

impl Drive for Simulated {
    type Error = core::convert::Infallible;

    fn turn(&mut self, _: Direction, _: u8) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// A driver with three inputs, such as an L298N or a TB6612.
///
/// One has the speed as pulse width, and two have the direction.
#[derive(Debug)]
pub struct Bridge<S, F, B> {
    speed: S,
    forward: F,
    backward: B,
}

/// Input that could not be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BridgeError {
    /// The pulse-width input.
    Speed,
    /// A direction input.
    Direction,
}

impl<S: SetDutyCycle, F: OutputPin, B: OutputPin> Bridge<S, F, B> {
    /// Returns the driver with these inputs.
    pub const fn new(speed: S, forward: F, backward: B) -> Self {
        Self { speed, forward, backward }
    }
}

impl<S: SetDutyCycle, F: OutputPin, B: OutputPin> Drive for Bridge<S, F, B> {
    type Error = BridgeError;

    fn turn(&mut self, direction: Direction, percent: u8) -> Result<(), BridgeError> {
        let turns = percent > 0;
        // One input is switched off first, so that both are never on at once.
        let direction = match direction {
            Direction::Forward => {
                self.backward.set_low().is_ok() && self.forward.set_state(turns.into()).is_ok()
            }
            Direction::Backward => {
                self.forward.set_low().is_ok() && self.backward.set_state(turns.into()).is_ok()
            }
        };
        let speed = self.speed.set_duty_cycle_percent(percent.min(100));
        if direction { speed.map_err(|_| BridgeError::Speed) } else { Err(BridgeError::Direction) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::cell::RefCell;
    use core::convert::Infallible;
    use std::vec::Vec;

    struct Pin<'l>(&'static str, &'l RefCell<Vec<(&'static str, u16)>>);

    impl embedded_hal::digital::ErrorType for Pin<'_> {
        type Error = Infallible;
    }

    impl OutputPin for Pin<'_> {
        fn set_low(&mut self) -> Result<(), Infallible> {
            self.1.borrow_mut().push((self.0, 0));
            Ok(())
        }

        fn set_high(&mut self) -> Result<(), Infallible> {
            self.1.borrow_mut().push((self.0, 1));
            Ok(())
        }
    }

    impl embedded_hal::pwm::ErrorType for Pin<'_> {
        type Error = Infallible;
    }

    impl SetDutyCycle for Pin<'_> {
        fn max_duty_cycle(&self) -> u16 {
            1000
        }

        fn set_duty_cycle(&mut self, duty: u16) -> Result<(), Infallible> {
            self.1.borrow_mut().push((self.0, duty));
            Ok(())
        }
    }

    #[test]
    fn direction_inputs_are_never_on_together() {
        let done = RefCell::new(Vec::new());
        let mut bridge = Bridge::new(Pin("speed", &done), Pin("forward", &done), Pin("backward", &done));
        for (direction, percent) in [
            (Direction::Forward, 30),
            (Direction::Backward, 100),
            (Direction::Backward, 0),
            (Direction::Forward, 200),
        ] {
            bridge.turn(direction, percent).unwrap();
        }
        let expected = [
            [("backward", 0), ("forward", 1), ("speed", 300)],
            [("forward", 0), ("backward", 1), ("speed", 1000)],
            [("forward", 0), ("backward", 0), ("speed", 0)],
            [("backward", 0), ("forward", 1), ("speed", 1000)],
        ];
        assert_eq!(done.into_inner(), expected.concat());
    }
}
