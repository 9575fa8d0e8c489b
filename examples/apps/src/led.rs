//! The LED of the applications.

use embedded_hal::digital::OutputPin;
use instep_settings::{Kept, KeptName, KeptSwitch, PowerUp};

/// Key of the LED's state in the settings.
///
/// It has a dot, because properties of a Thing are stored by their names, which have none.
pub const LED: KeptName = KeptName::new(".led");

/// An output, and its state at power-up.
#[derive(Debug)]
pub struct Led<'a, P> {
    pin: P,
    kept: KeptSwitch<'a>,
}

impl<P: OutputPin> Led<'static, P> {
    /// Returns an LED that is off at power-up.
    pub const fn new(pin: P) -> Self {
        Self::kept(pin, KeptSwitch::new(Kept::nothing(), LED, PowerUp::Off))
    }
}

impl<'a, P: OutputPin> Led<'a, P> {
    /// Returns an LED whose state at power-up is that of `kept`.
    pub const fn kept(pin: P, kept: KeptSwitch<'a>) -> Self {
        Self { pin, kept }
    }

    /// Returns the output alone.
    pub fn into_pin(self) -> P {
        self.pin
    }

    /// Sets the output to its state at power-up, and returns that state. Call it first.
    pub fn begin(&mut self) -> bool {
        let on = self.kept.at_start();
        self.drive(on);
        on
    }

    /// Sets the output, logs its state, and stores it. A failure is only logged.
    pub fn switch(&mut self, on: bool) {
        self.drive(on);
        log::info!("LED {}", if on { "ON" } else { "OFF" });
        if let Err(error) = self.kept.switched(on) {
            log::error!("The LED's state is not kept: {error}");
        }
    }

    /// Sets the output without logging or storing its state, for blinking.
    pub(crate) fn drive(&mut self, on: bool) {
        if self.pin.set_state(on.into()).is_err() {
            log::error!("The LED cannot be set");
        }
    }
}
