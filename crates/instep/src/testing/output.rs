//! Output pin that remembers its levels.

use embedded_hal::digital::{ErrorType, OutputPin, StatefulOutputPin};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

/// An output pin for tests, which remembers every level that is set.
///
/// A clone is the same pin: the application drives one, and the test reads the other.
///
/// ```
/// use embedded_hal::digital::OutputPin;
/// use instep::testing::Output;
///
/// let pin = Output::new();
/// let mut driven = pin.clone();
/// driven.set_high().unwrap();
/// driven.set_high().unwrap();
/// driven.set_low().unwrap();
/// assert!(!pin.is_on());
/// assert_eq!(pin.levels(), [true, true, false]);
/// assert_eq!(pin.changes(), 2);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Output(Arc<Mutex<Vec<bool>>>);

impl Output {
    /// Returns a pin that is low, and was not set yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns whether the output is on, which is high.
    pub fn is_on(&self) -> bool {
        self.with(|levels| levels.last() == Some(&true))
    }

    /// Returns the levels that were set, the first one first. `true` is high.
    pub fn levels(&self) -> Vec<bool> {
        self.with(|levels| levels.clone())
    }

    /// Returns the number of changes. A level that the pin had already is none.
    pub fn changes(&self) -> usize {
        self.with(|levels| {
            let before = std::iter::once(&false).chain(levels.iter());
            before.zip(levels.iter()).filter(|(before, level)| before != level).count()
        })
    }

    fn with<R>(&self, read: impl FnOnce(&mut Vec<bool>) -> R) -> R {
        read(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ErrorType for Output {
    type Error = Infallible;
}

impl OutputPin for Output {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.with(|levels| levels.push(false));
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.with(|levels| levels.push(true));
        Ok(())
    }
}

impl StatefulOutputPin for Output {
    fn is_set_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.is_on())
    }

    fn is_set_low(&mut self) -> Result<bool, Infallible> {
        Ok(!self.is_on())
    }
}
