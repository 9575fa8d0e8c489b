//! Values that an application persists.

use crate::{KeepError, KeptName, KeptValue, Settings};

/// Application's own part of the settings.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a>(Option<&'a Settings>);

impl<'a> Kept<'a> {
    /// Persists in `settings`.
    pub const fn by(settings: &'a Settings) -> Self {
        Self(Some(settings))
    }

    /// Persists nothing, for a device without a storage.
    pub const fn nothing() -> Self {
        Self(None)
    }

    /// Returns the stored value of `name`.
    pub fn value(self, name: KeptName) -> Option<KeptValue> {
        self.0?.kept(name)
    }

    /// Sets the value of `name`.
    ///
    /// The value is stored within [`SAVE_EVERY`](crate::SAVE_EVERY). This call does not block.
    ///
    /// # Errors
    /// If the value does not fit. The previous value stays.
    pub fn keep(self, name: KeptName, value: &[u8]) -> Result<(), KeepError> {
        self.0.map_or(Ok(()), |settings| settings.keep(name, value))
    }

    /// Removes the value of `name`.
    pub fn remove(self, name: KeptName) {
        if let Some(settings) = self.0 {
            settings.remove(name);
        }
    }
}

/// State of an output at power-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PowerUp {
    /// Off.
    #[default]
    Off,
    /// On.
    On,
    /// Last known state; off if there is none.
    Last,
}

/// Switched output with a defined state at power-up.
///
/// ```
/// use instep_settings::{Kept, KeptName, KeptSwitch, PowerUp, Settings};
///
/// let settings = Settings::new();
/// let pump = KeptSwitch::new(Kept::by(&settings), KeptName::new("pump"), PowerUp::Last);
/// assert!(!pump.at_start(), "no state is stored yet");
/// pump.switched(true).unwrap();
/// assert!(pump.at_start());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct KeptSwitch<'a> {
    kept: Kept<'a>,
    name: KeptName,
    power_up: PowerUp,
}

impl<'a> KeptSwitch<'a> {
    /// Creates the output `name`.
    pub const fn new(kept: Kept<'a>, name: KeptName, power_up: PowerUp) -> Self {
        Self { kept, name, power_up }
    }

    /// Returns the state to set first at the start, even before the network.
    pub fn at_start(self) -> bool {
        match self.power_up {
            PowerUp::Off => false,
            PowerUp::On => true,
            PowerUp::Last => self.kept.value(self.name).is_some_and(|value| value == b"on"),
        }
    }

    /// Records that the output was set. Only [`PowerUp::Last`] stores its state.
    ///
    /// # Errors
    /// If the state does not fit.
    pub fn switched(self, on: bool) -> Result<(), KeepError> {
        match self.power_up {
            PowerUp::Last => self.kept.keep(self.name, if on { b"on" } else { b"off" }),
            PowerUp::Off | PowerUp::On => Ok(()),
        }
    }
}
