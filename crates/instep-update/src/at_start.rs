//! What becomes of a trial when the image starts.

use crate::{Entry, Network, Reason, State};

/// Number of times that a trial begins again after the power failed.
pub const AGAIN_MAX: u32 = 3;

/// Reason of the last reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResetReason {
    /// The power came, or a person reset the chip.
    PowerOn,
    /// The voltage was too low.
    BrownOut,
    /// A panic.
    Panic,
    /// A watchdog.
    Watchdog,
    /// The firmware restarted itself.
    OwnReset,
    /// Another reason; it counts as [`ResetReason::PowerOn`].
    Other,
}

/// What an image is at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtStart {
    /// Not on trial.
    Settled,
    /// On trial.
    OnTrial {
        /// Number of this start, from 1.
        start: u32,
        /// Network in which the old image was reached.
        before: Network,
    },
    /// Given up: the next start is that of the old image.
    GivenUp(Reason),
}

impl AtStart {
    /// Decides by the image's own entry, if there is one, and the reason of the reset.
    ///
    /// The first start follows the old image's own reset, so its reason says nothing.
    pub fn of(entry: Option<&Entry>, reset: ResetReason) -> Self {
        let Some(entry) = entry else { return Self::Settled };
        if !matches!(entry.state(), State::New | State::PendingVerify) {
            return Self::Settled;
        }
        let starts = entry.label.starts();
        let again = Self::OnTrial { start: starts + 1, before: entry.label.before() };
        match reset {
            _ if starts == 0 => again,
            ResetReason::Panic => Self::GivenUp(Reason::Panic),
            ResetReason::Watchdog => Self::GivenUp(Reason::Watchdog),
            ResetReason::OwnReset => Self::GivenUp(Reason::OwnReset),
            ResetReason::PowerOn | ResetReason::BrownOut | ResetReason::Other if starts > AGAIN_MAX => {
                Self::GivenUp(Reason::PowerLosses)
            }
            ResetReason::PowerOn | ResetReason::BrownOut | ResetReason::Other => again,
        }
    }
}
