//! Receiving of images, and writing of them into the slot that does not run.

use super::judge::reach;
use super::lifecycle::Firmware;
use super::tell::tell;
use core::future::pending;
use embassy_futures::yield_now;
use embassy_net::Stack;
use embassy_time::Timer;
use instep::update::{Event, Offer, Status};
use instep_update::{Allowed, Network, Refusal};
use log::Level;

/// Delay between the check of a whole image and its activation, in ms.
///
/// Nothing else runs while a signature is checked. In this time, the driver finds a client that has disconnected meanwhile.
const BEFORE_ACTIVATION_MS: u64 = 100;

impl Firmware {
    /// Receives images until one is activated. Waits for ever if the flash failed at the start.
    pub(super) async fn receive(&mut self, networks: &[(Network, Stack<'static>)]) {
        let Self { receiver, updater: Ok(updater), .. } = self else { return pending().await };
        loop {
            let Event::Begin(Offer { downgrade, other_application, .. }) = receiver.next().await else {
                continue;
            };
            // Not a function, because its future would hold its arguments twice.
            let installed = 'upload: {
                let Event::Sector(first) = receiver.next().await else { break 'upload Ok(false) };
                let mut writer = match updater.begin(first, Allowed { downgrade, other_application }) {
                    Ok(writer) => writer,
                    Err(refusal) => break 'upload Err(refusal),
                };
                let mut left = first;
                loop {
                    while !left.is_empty() {
                        match writer.write(left) {
                            Ok(rest) => left = rest,
                            Err(refusal) => break 'upload Err(refusal),
                        }
                        yield_now().await;
                    }
                    match receiver.next().await {
                        Event::Sector(sector) => left = sector,
                        Event::End => break,
                        _ => break 'upload Ok(false),
                    }
                }
                let verified = match writer.verify() {
                    Ok(verified) => verified,
                    Err(refusal) => break 'upload Err(refusal),
                };
                Timer::after_millis(BEFORE_ACTIVATION_MS).await;
                if receiver.is_abandoned() {
                    break 'upload Ok(false);
                }
                verified.activate(reach(networks)).map(|()| true)
            };
            match installed {
                Ok(true) => {
                    let image = updater.other_identity().ok().flatten();
                    let version = image.as_ref().map_or("", |image| image.version.as_str());
                    tell(Level::Info, "The firmware is written: version ", &version);
                    return receiver.done(version);
                }
                Ok(false) => tell(Level::Info, "The firmware did not arrive", &""),
                Err(refusal) => receiver.refuse(status(refusal), refusal.code(), refusal.sentence()),
            }
        }
    }
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
