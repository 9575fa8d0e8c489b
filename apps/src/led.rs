//! The LED that the applications switch.

use embedded_hal::digital::OutputPin;
use instep_settings::{Kept, KeptName, KeptSwitch, PowerUp};

/// What its state is kept as. No property of a Thing can be called so: that would be kept, too, by its own name.
pub const LED: KeptName = KeptName::new(".led");

/// An output, and how it is when power comes.
#[derive(Debug)]
pub struct Led<'a, P> {
    pin: P,
    kept: KeptSwitch<'a>,
}

impl<P: OutputPin> Led<'static, P> {
    /// An LED that is off when power comes.
    pub const fn new(pin: P) -> Self {
        Self::kept(pin, KeptSwitch::new(Kept::nothing(), LED, PowerUp::Off))
    }
}

impl<'a, P: OutputPin> Led<'a, P> {
    /// An LED that is as `kept` says when power comes.
    pub const fn kept(pin: P, kept: KeptSwitch<'a>) -> Self {
        Self { pin, kept }
    }

    /// The output alone, for who sets it otherwise.
    pub fn into_pin(self) -> P {
        self.pin
    }

    /// Sets it as it is to be when power comes, and says how that is. Before all else.
    pub fn begin(&mut self) -> bool {
        let on = self.kept.at_start();
        self.drive(on);
        on
    }

    /// Sets it and says so. A pin that cannot be set is an error for the log: the device goes on.
    pub fn switch(&mut self, on: bool) {
        self.drive(on);
        log::info!("LED {}", if on { "ON" } else { "OFF" });
        if let Err(error) = self.kept.switched(on) {
            log::error!("The LED's state is not kept: {error}");
        }
    }

    /// Sets it, and neither says so nor keeps it: while it blinks.
    pub(crate) fn drive(&mut self, on: bool) {
        if self.pin.set_state(on.into()).is_err() {
            log::error!("The LED cannot be set");
        }
    }
}
