//! Content of a request that is taken piece by piece, which only firmware updates do.

use crate::time::Instant;

/// Content that is being taken. Holds the time at which the next turn is due.
#[cfg(feature = "update")]
#[derive(Clone, Copy, Debug)]
pub struct Piecewise(pub(crate) Instant);

/// Content that is being taken, which never is without the feature `update`.
///
/// It has no value, so the compiler leaves out the states of a connection that hold one.
#[cfg(not(feature = "update"))]
#[derive(Clone, Copy, Debug)]
pub enum Piecewise {}

#[cfg(feature = "update")]
impl Piecewise {
    /// Returns when the next turn is due.
    pub(crate) fn wake_at(&self) -> Instant {
        self.0
    }

    /// Sets when the next turn is due.
    pub(crate) fn wake_later(&mut self, at: Instant) {
        self.0 = at;
    }
}

#[cfg(not(feature = "update"))]
impl Piecewise {
    pub(crate) fn wake_at(&self) -> Instant {
        match *self {}
    }

    pub(crate) fn wake_later(&mut self, _: Instant) {
        match *self {}
    }
}

/// What a turn took of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// The number of used input bytes.
    pub(crate) used: usize,
    pub(crate) next: Next,
    /// The time at which the next turn is due at the latest.
    pub(crate) wake_at: Instant,
}

/// Next step of a connection whose content is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is read from.
    Read,
    /// It is not read from until its next turn.
    #[cfg(feature = "update")]
    Wait,
    /// It sends its output and closes.
    End,
}
