//! The firmware of a device, from its start to its replacement.

use super::judge::judge;
use super::tell::tell;
use crate::clock::now;
use embassy_net::Stack;
use embassy_time::Timer;
use instep::Device;
use instep::update::{
    FirmwareStatus, ImageState, LastUpdate, LastUpdateOutcome, NETWORKS_MAX, Permission, Receiver, Upload,
};
use instep_update::{
    AtStart, Flash, Identity, LastTry, Layout, Network, Refusal, ResetReason, Slot, Times, Trial, Updater,
    Verdict,
};
use log::Level;

/// Delay between the answer to an update and the restart, in ms, so that the client gets the answer.
const ANSWER_MS: u64 = 1_000;
/// Interval at which a verdict is written again after the flash failed, in ms.
const RETRY_MS: u64 = 10_000;

/// Line of the log before the reason for which an image is given up.
const RETURNS: &str = "The device returns to its old firmware: ";

/// Facts about the running image, as its board knows them.
#[derive(Clone, Copy, Debug)]
pub struct Image {
    /// What it is.
    pub identity: &'static Identity,
    /// Places of the slots.
    pub layout: Layout,
    /// The slot from which it runs, by the MMU.
    pub running: Slot,
    /// Reason of the last reset.
    pub reset: ResetReason,
    /// Clients that may update the device.
    pub permission: Permission,
    /// Times of a trial.
    pub times: &'static Times,
    /// Restarts the device.
    pub restart: fn() -> !,
}

/// Firmware of a device, which can be replaced over HTTP.
pub struct Firmware {
    identity: &'static Identity,
    running: Slot,
    restart: fn() -> !,
    pub(super) receiver: Receiver,
    /// Access to the flash, or why there is none.
    pub(super) updater: Result<Updater<'static>, Refusal>,
    /// Network in which the old image was reached, if this one is on trial.
    before: Option<Network>,
    times: &'static Times,
}

impl Firmware {
    /// Opens the flash, and counts this start if the image is on trial.
    pub(super) fn start(receiver: Receiver, flash: &'static dyn Flash, image: Image) -> Self {
        let Image { identity, layout, running, reset, times, restart, .. } = image;
        let mut before = None;
        let updater = match Updater::open(flash, layout, running, identity, reset) {
            Ok((_, AtStart::GivenUp(reason))) => {
                tell(Level::Error, RETURNS, &reason.as_str());
                restart()
            }
            Ok((updater, AtStart::OnTrial { start, before: network })) => {
                tell(Level::Warn, "This firmware is on trial, at its start ", &start);
                receiver.upload().witness().watch();
                before = Some(network);
                Ok(updater)
            }
            Ok((updater, AtStart::Settled)) => Ok(updater),
            Err(refusal) => {
                tell(Level::Error, "This device cannot be updated: ", &refusal.sentence());
                Err(refusal)
            }
        };
        Self { identity, running, restart, receiver, updater, before, times }
    }

    /// Returns the upload, for [`Server::with_update`](crate::Server::with_update).
    pub fn upload(&self) -> &'static Upload {
        self.receiver.upload()
    }

    /// Accepts only images that are signed with the secret part of this key.
    #[cfg(feature = "signature")]
    pub fn require_signature(&mut self, key: &'static instep_update::PublicKey) {
        if let Ok(updater) = &mut self.updater {
            updater.require_signature(key);
        }
    }

    /// Judges the running image if it is on trial; then receives images, and restarts the device into one.
    ///
    /// Call this in its own task. `device` is the server's. `networks` are those of the drivers, in the order of their memory. `save`
    /// saves what must survive a restart.
    ///
    /// # Panics
    /// If there are more than [`NETWORKS_MAX`] networks.
    pub async fn run(
        &mut self,
        device: &Device,
        networks: &[(Network, Stack<'static>)],
        save: impl AsyncFn(),
    ) -> ! {
        assert!(networks.len() <= NETWORKS_MAX, "there are more networks than a trial watches");
        let mut stays = true;
        if let Some(before) = self.before {
            let trial = Trial::new(before, *self.times, now().as_millis());
            let verdict = judge(trial, self.upload().witness(), device, networks).await;
            stays = tell_verdict(verdict);
            // If it does not stay, the next start gives it up, because the device restarted itself.
            while !self.conclude(verdict) && stays {
                Timer::after_millis(RETRY_MS).await;
            }
            if stays {
                self.upload().witness().stop();
                self.publish();
                device.end_trial();
            }
        }
        if stays {
            self.receive(networks).await;
            Timer::after_millis(ANSWER_MS).await;
            tell(Level::Info, "The device restarts with its new firmware", &"");
        }
        save().await;
        (self.restart)()
    }

    /// Writes the verdict. Returns whether the flash keeps it.
    fn conclude(&mut self, verdict: Verdict) -> bool {
        if let Ok(updater) = &mut self.updater
            && let Err(refusal) = updater.conclude(verdict)
        {
            tell(Level::Error, "The verdict on this firmware is not stored: ", &refusal.sentence());
            return false;
        }
        true
    }

    /// Updates what `GET /firmware` says.
    // Not inlined, because it is called at two places.
    #[inline(never)]
    pub(super) fn publish(&mut self) {
        let identity = self.identity;
        let mut status = FirmwareStatus::UNKNOWN;
        status.chip = Some(identity.chip.0);
        status.version = identity.version.as_str();
        status.board = identity.board.as_str();
        status.application = identity.application.as_str();
        status.slot = self.running.name();
        match &mut self.updater {
            Ok(updater) => {
                if updater.is_on_trial() {
                    status.state = ImageState::Trial;
                }
                status.capacity = Some(updater.length_max());
                status.last = last_update(updater);
            }
            Err(refusal) => status.flash_failed = *refusal != Refusal::NoSecondSlot,
        }
        self.receiver.upload().set_status(status);
    }
}

/// Returns what became of the last update, if it is known.
fn last_update(updater: &mut Updater<'static>) -> Option<LastUpdate> {
    let other;
    let (outcome, version, reason) = match updater.last_try() {
        LastTry::Confirmed(by) => {
            (LastUpdateOutcome::Confirmed, updater.identity().version.as_str(), by.as_str())
        }
        LastTry::CameBack(reason) => {
            other = updater.other_identity().ok().flatten();
            let version = other.as_ref().map_or("", |other| other.version.as_str());
            (LastUpdateOutcome::Returned, version, reason.as_str())
        }
        LastTry::Unknown | LastTry::OnTrial => return None,
    };
    Some(LastUpdate::new(outcome, version, reason))
}

/// Logs a verdict. Returns whether the image stays.
fn tell_verdict(verdict: Verdict) -> bool {
    match verdict {
        Verdict::Confirmed(by) => tell(Level::Info, "This firmware stays: ", &by.as_str()),
        Verdict::GivenUp(reason) => tell(Level::Error, RETURNS, &reason.as_str()),
    }
    matches!(verdict, Verdict::Confirmed(_))
}

impl core::fmt::Debug for Firmware {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Firmware").field("identity", &self.identity).finish_non_exhaustive()
    }
}
