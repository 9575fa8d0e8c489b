//! What an application keeps.

use crate::{KeepError, KeptName, KeptValue, Settings};

/// The application's own part of the settings.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a>(Option<&'a Settings>);

impl<'a> Kept<'a> {
    /// Keeps in these settings.
    pub const fn by(settings: &'a Settings) -> Self {
        Self(Some(settings))
    }

    /// Keeps nothing: for a device without a place for it.
    pub const fn nothing() -> Self {
        Self(None)
    }

    /// What was kept under that name.
    pub fn value(self, name: KeptName) -> Option<KeptValue> {
        self.0?.kept(name)
    }

    /// Keeps that value. It is stored within [`SAVE_EVERY`](crate::SAVE_EVERY); this does not wait.
    ///
    /// # Errors
    /// If there is no room for it. What was kept before stays.
    pub fn keep(self, name: KeptName, value: &[u8]) -> Result<(), KeepError> {
        self.0.map_or(Ok(()), |settings| settings.keep(name, value))
    }

    /// Keeps nothing under that name any more.
    pub fn remove(self, name: KeptName) {
        if let Some(settings) = self.0 {
            settings.remove(name);
        }
    }
}

/// How an output is when power comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PowerUp {
    /// Off.
    #[default]
    Off,
    /// On.
    On,
    /// As it was last; off, if that is not known.
    Last,
}

/// An output that is on or off and has a state of its own when power comes.
///
/// ```
/// use instep_settings::{Kept, KeptName, KeptSwitch, PowerUp, Settings};
///
/// let settings = Settings::new();
/// let pump = KeptSwitch::new(Kept::by(&settings), KeptName::new("pump"), PowerUp::Last);
/// assert!(!pump.at_start(), "nothing is known of it");
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
    /// The output of that name.
    pub const fn new(kept: Kept<'a>, name: KeptName, power_up: PowerUp) -> Self {
        Self { kept, name, power_up }
    }

    /// How it is to be set before anything else happens, the network above all.
    pub fn at_start(self) -> bool {
        match self.power_up {
            PowerUp::Off => false,
            PowerUp::On => true,
            PowerUp::Last => self.kept.value(self.name).is_some_and(|value| value == b"on"),
        }
    }

    /// It was set. Only [`PowerUp::Last`] has something to keep.
    ///
    /// # Errors
    /// If there is no room for it.
    pub fn switched(self, on: bool) -> Result<(), KeepError> {
        match self.power_up {
            PowerUp::Last => self.kept.keep(self.name, if on { b"on" } else { b"off" }),
            PowerUp::Off | PowerUp::On => Ok(()),
        }
    }
}
