//! One physical light that is both switched and dimmed.

use core::cell::{Cell, RefCell};
use core::fmt::{self, Debug};
use embedded_hal::digital::{self, OutputPin};
use embedded_hal::pwm::{self, SetDutyCycle};

/// Maximum level of a light.
const FULL: u8 = u8::MAX;

/// A light with a level, such as a WS2812, or an LED that is dimmed by pulse width.
///
/// A closure is one, too: `|level| leds.write([RGB8::new(level, level, level)])`.
pub trait Light {
    /// Error of the hardware.
    type Error: Debug;

    /// Shows a level: 0 is off, and 255 is full brightness.
    ///
    /// # Errors
    /// If the hardware cannot show it.
    fn show(&mut self, level: u8) -> Result<(), Self::Error>;
}

impl<E: Debug, F: FnMut(u8) -> Result<(), E>> Light for F {
    type Error = E;

    fn show(&mut self, level: u8) -> Result<(), E> {
        self(level)
    }
}

/// An LED that is dimmed by pulse width, such as a channel of an ESP32's LEDC.
///
/// `Pulses(Inverted(channel))` is for an LED that is on while the pin is low.
#[derive(Clone, Copy, Debug)]
pub struct Pulses<C>(pub C);

impl<C: SetDutyCycle> Light for Pulses<C> {
    type Error = C::Error;

    fn show(&mut self, level: u8) -> Result<(), C::Error> {
        self.0.set_duty_cycle_fraction(level.into(), FULL.into())
    }
}

/// A light for [`lamp`](crate::lamp), which switches it as a pin and dims it by a duty cycle.
///
/// A reference is both of them:
///
/// ```
/// # use instep_apps::{Dimmed, Led, lamp};
/// # async fn run(device: &instep::Device, inbox: &mut instep::Inbox<'_>) {
/// let light = Dimmed::new(|level: u8| {
///     println!("{level}");
///     Ok::<(), ()>(())
/// });
/// lamp::run(device, inbox, Led::new(&light), &light).await;
/// # }
/// ```
#[derive(Debug)]
pub struct Dimmed<L> {
    light: RefCell<L>,
    on: Cell<bool>,
    /// Level while the light is on.
    brightness: Cell<u8>,
}

/// Failure of a light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LightError;

impl<L: Light> Dimmed<L> {
    /// Returns the light, and switches it off. Its brightness, once it is switched on, is full.
    pub fn new(mut light: L) -> Self {
        if let Err(error) = light.show(0) {
            log::error!("The light cannot be switched off: {error:?}");
        }
        Self { light: RefCell::new(light), on: Cell::new(false), brightness: Cell::new(FULL) }
    }

    fn show(&self) -> Result<(), LightError> {
        let level = if self.on.get() { self.brightness.get() } else { 0 };
        self.light.borrow_mut().show(level).map_err(|_| LightError)
    }
}

impl<L: Light> digital::ErrorType for &Dimmed<L> {
    type Error = LightError;
}

impl<L: Light> OutputPin for &Dimmed<L> {
    fn set_low(&mut self) -> Result<(), LightError> {
        self.on.set(false);
        self.show()
    }

    fn set_high(&mut self) -> Result<(), LightError> {
        self.on.set(true);
        self.show()
    }
}

impl<L: Light> pwm::ErrorType for &Dimmed<L> {
    type Error = LightError;
}

impl<L: Light> SetDutyCycle for &Dimmed<L> {
    fn max_duty_cycle(&self) -> u16 {
        FULL.into()
    }

    fn set_duty_cycle(&mut self, duty: u16) -> Result<(), LightError> {
        self.brightness.set(u8::try_from(duty).unwrap_or(FULL));
        self.show()
    }
}

impl fmt::Display for LightError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the light does not take the level")
    }
}

impl core::error::Error for LightError {}

impl digital::Error for LightError {
    fn kind(&self) -> digital::ErrorKind {
        digital::ErrorKind::Other
    }
}

impl pwm::Error for LightError {
    fn kind(&self) -> pwm::ErrorKind {
        pwm::ErrorKind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Inverted;
    use core::convert::Infallible;
    use std::vec::Vec;

    #[test]
    fn light_is_off_at_start_and_keeps_its_brightness() {
        let levels = RefCell::new(Vec::new());
        let light = Dimmed::new(|level| {
            levels.borrow_mut().push(level);
            Ok::<_, Infallible>(())
        });
        let (mut pin, mut dimmer) = (&light, &light);
        pin.set_high().unwrap();
        dimmer.set_duty_cycle_percent(20).unwrap();
        pin.set_low().unwrap();
        dimmer.set_duty_cycle_percent(60).unwrap();
        pin.set_high().unwrap();
        dimmer.set_duty_cycle(u16::MAX).unwrap();
        dimmer.set_duty_cycle_fully_off().unwrap();
        assert_eq!(*levels.borrow(), [0, 255, 51, 0, 0, 153, 255, 0]);
    }

    #[test]
    fn failure_is_reported_and_the_next_call_tries_again() {
        let works = Cell::new(false);
        let light = Dimmed::new(|_| if works.get() { Ok(()) } else { Err("no data line") });
        let mut pin = &light;
        assert_eq!(pin.set_high(), Err(LightError));
        works.set(true);
        assert_eq!(pin.set_high(), Ok(()));
    }

    /// A channel with 10 bits, as an LEDC can have.
    #[derive(Default)]
    struct Channel(u16);

    impl pwm::ErrorType for Channel {
        type Error = Infallible;
    }

    impl SetDutyCycle for Channel {
        fn max_duty_cycle(&self) -> u16 {
            1024
        }

        fn set_duty_cycle(&mut self, duty: u16) -> Result<(), Infallible> {
            self.0 = duty;
            Ok(())
        }
    }

    #[test]
    fn pulses_reach_both_ends_and_can_be_inverted() {
        let (mut plain, mut inverted) = (Pulses(Channel::default()), Pulses(Inverted(Channel::default())));
        for (level, duty) in [(0, 0), (255, 1024), (128, 514)] {
            plain.show(level).unwrap();
            inverted.show(level).unwrap();
            assert_eq!((plain.0.0, inverted.0.0.0), (duty, 1024 - duty), "{level}");
        }
    }
}
