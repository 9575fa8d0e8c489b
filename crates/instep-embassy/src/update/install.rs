//! Receiving of images, and writing of them into the slot that does not run.

use super::judge::reach;
use super::lifecycle::Firmware;
use core::future::pending;
use embassy_futures::yield_now;
use embassy_net::Stack;
use embassy_time::Timer;
use instep::update::{Event, Offer, Receiver, Status};
use instep_update::{Allowed, Network, Refusal, Updater};

/// Delay between the check of a whole image and its activation, in ms.
///
/// Nothing else runs while a signature is checked. In this time, the driver finds a client that has disconnected meanwhile.
const BEFORE_ACTIVATION_MS: u64 = 100;

impl Firmware {
    /// Receives images until one is activated. Waits for ever if the flash failed at the start.
    pub(super) async fn receive(&mut self, networks: &[(Network, Stack<'static>)]) {
        let Self { receiver, updater: Some(updater), .. } = self else { return pending().await };
        loop {
            let Event::Begin(Offer { downgrade, other_application, .. }) = receiver.next().await else {
                continue;
            };
            let allowed = Allowed { downgrade, other_application };
            match install(updater, receiver, allowed, networks).await {
                Ok(true) => {
                    let image = updater.other_identity().ok().flatten();
                    let version = image.as_ref().map_or("", |image| image.version.as_str());
                    log::info!("Version {version} of the firmware is written");
                    return receiver.done(version);
                }
                Ok(false) => log::info!("The firmware did not arrive"),
                Err(refusal) => receiver.refuse(status(refusal), refusal.code(), refusal.sentence()),
            }
        }
    }
}

/// Writes an image, and makes it the boot loader's choice.
///
/// Returns whether it did, which it does not if its client is gone.
async fn install(
    updater: &mut Updater<'static>,
    receiver: &mut Receiver,
    allowed: Allowed,
    networks: &[(Network, Stack<'static>)],
) -> Result<bool, Refusal> {
    let Event::Sector(first) = receiver.next().await else { return Ok(false) };
    let mut writer = updater.begin(first, allowed)?;
    let mut left = first;
    loop {
        while !left.is_empty() {
            left = writer.write(left)?;
            yield_now().await;
        }
        match receiver.next().await {
            Event::Sector(sector) => left = sector,
            Event::End => break,
            _ => return Ok(false),
        }
    }
    let verified = writer.verify()?;
    Timer::after_millis(BEFORE_ACTIVATION_MS).await;
    if receiver.is_abandoned() {
        return Ok(false);
    }
    verified.activate(reach(networks))?;
    Ok(true)
}

/// Returns the status of the answer to a refused image.
fn status(refusal: Refusal) -> Status {
    match refusal.status() {
        403 => Status::Forbidden,
        404 => Status::NotFound,
        409 => Status::Conflict,
        413 => Status::ContentTooLarge,
        422 => Status::UnprocessableContent,
        _ => Status::ServiceUnavailable,
    }
}
