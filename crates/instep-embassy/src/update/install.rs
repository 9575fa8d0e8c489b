//! Receiving of images, and writing of them into the slot that does not run.

use super::firmware::Firmware;
use super::judge::reach;
use core::future::pending;
use embassy_net::Stack;
use embedded_storage_async::nor_flash::MultiwriteNorFlash;
use instep::update::{Event, Offer, Receiver, Status};
use instep_update::{Allowed, Name, Network, Refusal, UpdateError, Updater};

impl<F: MultiwriteNorFlash> Firmware<F> {
    /// Receives images until one is activated. Waits for ever if the flash failed at the start.
    pub(super) async fn receive(&mut self, networks: &[(Network, Stack<'static>)]) {
        let Self { receiver, updater: Some(updater), .. } = self else { return pending().await };
        loop {
            let Event::Begin(offer) = receiver.next().await else { continue };
            match install(updater, receiver, offer, networks).await {
                Ok(Some(version)) => {
                    log::info!("Version {version} of the firmware is written");
                    return receiver.done(version.as_str());
                }
                Ok(None) => log::info!("The firmware did not arrive"),
                Err(error) => {
                    let refusal = error.refusal();
                    receiver.refuse(status(refusal), refusal.code(), format_args!("{refusal}"));
                }
            }
        }
    }
}

/// Writes an image, and makes it the boot loader's choice.
///
/// Returns its version, or `None` if its client is gone.
async fn install<F: MultiwriteNorFlash>(
    updater: &mut Updater<F>,
    receiver: &mut Receiver,
    offer: Offer,
    networks: &[(Network, Stack<'static>)],
) -> Result<Option<Name>, UpdateError<F::Error>> {
    let allowed = Allowed { downgrade: offer.downgrade, other_application: offer.other_application };
    let mut writer = match receiver.next().await {
        Event::Sector(first) => {
            let mut writer = updater.begin(first, allowed).await?;
            writer.write(first).await?;
            writer
        }
        _ => return Ok(None),
    };
    loop {
        match receiver.next().await {
            Event::Sector(sector) => writer.write(sector).await?,
            Event::End => break,
            _ => return Ok(None),
        }
    }
    if receiver.is_abandoned() {
        return Ok(None);
    }
    let version = writer.offered().version;
    writer.finish(reach(networks)).await?;
    Ok(Some(version))
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
