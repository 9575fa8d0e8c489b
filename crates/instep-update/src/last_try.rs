//! What became of the last update.

use crate::{Confirmation, Otadata, Reason, Slot, State, Verdict};

/// What became of the last update, as far as `otadata` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastTry {
    /// Nothing is known: there was none, or the power failed in the middle of one.
    Unknown,
    /// The running image is on trial.
    OnTrial,
    /// The running image was confirmed.
    Confirmed(Confirmation),
    /// The image in the other slot was given up.
    CameBack(Reason),
}

impl LastTry {
    /// Concludes from `otadata` what became of the last update.
    pub fn of(otadata: &Otadata, running: Slot) -> Self {
        let own = otadata.newest_of(running).map(|sector| otadata.of(sector));
        let other = otadata.newest_of(running.other()).map(|sector| otadata.of(sector));
        if let Some(other) = other
            && own.is_none_or(|own| other.sequence() > own.sequence())
        {
            return Self::CameBack(match (other.state(), other.label.verdict()) {
                (_, Some(Verdict::GivenUp(reason))) => reason,
                (State::Invalid | State::Aborted, _) if other.label.starts() == 0 => Reason::NotStarted,
                (State::Invalid | State::Aborted, _) => Reason::Restarted,
                // The entry is the boot loader's choice, and yet its image does not run.
                (State::New | State::PendingVerify | State::Valid, _) => Reason::NotLoaded,
            });
        }
        match own {
            Some(own) if matches!(own.state(), State::New | State::PendingVerify) => Self::OnTrial,
            Some(own) => match own.label.verdict() {
                Some(Verdict::Confirmed(by)) if own.state() == State::Valid => Self::Confirmed(by),
                _ => Self::Unknown,
            },
            None => Self::Unknown,
        }
    }
}
