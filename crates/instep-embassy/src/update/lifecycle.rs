//! The firmware of a device, from its start to its replacement.

use super::judge::judge;
use crate::clock::now;
use embassy_net::Stack;
use embassy_time::Timer;
use instep::Device;
use instep::update::{
    FirmwareStatus, ImageState, LastUpdate, LastUpdateOutcome, NETWORKS_MAX, Permission, Receiver, Upload,
};
use instep_update::{
    AtStart, Flash, Identity, LastTry, Layout, Name, Network, ResetReason, Slot, Times, Trial, Updater,
    Verdict,
};

/// Delay between the answer to an update and the restart, in ms, so that the client gets the answer.
const ANSWER_MS: u64 = 1_000;
/// Interval at which a verdict is written again after the flash failed, in ms.
const RETRY_MS: u64 = 10_000;

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
    /// Access to the flash; `None` if the flash failed at the start.
    pub(super) updater: Option<Updater<'static>>,
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
                log::error!("The device returns to its old firmware: {reason}");
                restart()
            }
            Ok((updater, AtStart::OnTrial { start, before: network })) => {
                log::warn!("This firmware is on trial, at its start {start}");
                receiver.upload().witness().watch();
                before = Some(network);
                Some(updater)
            }
            Ok((updater, AtStart::Settled)) => Some(updater),
            Err(refusal) => {
                log::error!("This device cannot be updated: {refusal}");
                None
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
    pub fn require_signature(&mut self, key: instep_update::PublicKey) {
        if let Some(updater) = &mut self.updater {
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
        let stays = match self.before {
            Some(before) => {
                let trial = Trial::new(before, *self.times, now().as_millis());
                let verdict = judge(trial, self.receiver.upload().witness(), device, networks).await;
                let stays = self.conclude(verdict).await;
                if stays {
                    device.end_trial();
                }
                stays
            }
            None => true,
        };
        if stays {
            self.receive(networks).await;
            Timer::after_millis(ANSWER_MS).await;
            log::info!("The device restarts with its new firmware");
        }
        save().await;
        (self.restart)()
    }

    /// Writes the verdict. Returns whether the image stays; if not, the device must restart.
    async fn conclude(&mut self, verdict: Verdict) -> bool {
        let Some(updater) = &mut self.updater else { return true };
        let stays = match verdict {
            Verdict::Confirmed(by) => {
                log::info!("This firmware stays: {by}");
                true
            }
            Verdict::GivenUp(reason) => {
                log::error!("The device returns to its old firmware: {reason}");
                false
            }
        };
        while let Err(refusal) = updater.conclude(verdict) {
            log::error!("The verdict on this firmware is not stored: {refusal}");
            if !stays {
                // The next start gives it up, because the device restarted itself.
                return false;
            }
            Timer::after_millis(RETRY_MS).await;
        }
        if stays {
            self.receiver.upload().witness().stop();
            self.publish();
        }
        stays
    }

    /// Updates what `GET /firmware` says.
    // Not inlined, because it is called at two places.
    #[inline(never)]
    pub(super) fn publish(&mut self) {
        let identity = self.identity;
        let mut status = FirmwareStatus::UNKNOWN
            .with_chip(Some(identity.chip.0))
            .with_version(identity.version.as_str())
            .with_board(identity.board.as_str())
            .with_application(identity.application.as_str())
            .with_slot(self.running.name());
        if let Some(updater) = &mut self.updater {
            let state = if updater.is_on_trial() { ImageState::Trial } else { ImageState::Confirmed };
            let last = match updater.last_try() {
                LastTry::Confirmed(by) => {
                    Some((LastUpdateOutcome::Confirmed, Some(identity.version), by.as_str()))
                }
                LastTry::CameBack(reason) => {
                    let other = updater.other_identity().ok().flatten();
                    Some((LastUpdateOutcome::Returned, other.map(|other| other.version), reason.as_str()))
                }
                LastTry::Unknown | LastTry::OnTrial => None,
            };
            let last = last.as_ref().map(|(outcome, version, reason)| {
                LastUpdate::new(*outcome, version.as_ref().map_or("", Name::as_str), reason)
            });
            status = status.with_state(state).with_capacity(Some(updater.length_max())).with_last(last);
        }
        self.receiver.upload().set_status(status);
    }
}

impl core::fmt::Debug for Firmware {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Firmware").field("identity", &self.identity).finish_non_exhaustive()
    }
}
