//! The task of a device that writes its flash.

use instep::update::{Event, Offer, Receiver, Status};
use instep_update::{Allowed, Identity, ImageCheck, PublicKey, Refusal, inspect};
use std::time::Duration;

/// What the task checks images by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flash {
    pub(crate) running: Identity,
    pub(crate) key: Option<PublicKey>,
    pub(crate) capacity: u32,
    /// The time in which a sector is written.
    pub(crate) sector_time: Duration,
}

/// Statuses of refusals.
const STATUSES: [Status; 6] = [
    Status::Forbidden,
    Status::NotFound,
    Status::Conflict,
    Status::ContentTooLarge,
    Status::UnprocessableContent,
    Status::ServiceUnavailable,
];

impl Flash {
    /// Receives images until one is activated. Returns what it is.
    pub(crate) async fn receive(self, receiver: &mut Receiver) -> Identity {
        loop {
            match self.receive_one(receiver).await {
                Ok(Some(image)) => {
                    receiver.done(image.version.as_str());
                    return image;
                }
                Ok(None) => {}
                Err(refusal) => {
                    let status = STATUSES.into_iter().find(|status| status.code() == refusal.status());
                    let status = status.expect("the status of the refusal is not known here");
                    receiver.refuse(status, "refused", refusal.sentence());
                }
            }
        }
    }

    /// Receives one image. Returns `None` if it did not come whole.
    async fn receive_one(self, receiver: &mut Receiver) -> Result<Option<Identity>, Refusal> {
        let mut offer = Offer::default();
        let mut check = ImageCheck::new(self.capacity);
        let mut image = None;
        loop {
            match receiver.next().await {
                Event::Begin(begun) => {
                    (offer, image, check) = (begun, None, ImageCheck::new(self.capacity));
                }
                Event::Sector(bytes) => {
                    if image.is_none() {
                        let offered = inspect(bytes)?;
                        let allowed = Allowed {
                            downgrade: offer.downgrade,
                            other_application: offer.other_application,
                        };
                        self.running.accepts(&offered, allowed)?;
                        image = Some(offered);
                    }
                    check.take(bytes)?;
                    tokio::time::sleep(self.sector_time).await;
                }
                Event::End => {
                    let whole = check.finish()?;
                    if let (Some(key), Some(image)) = (self.key, &image) {
                        key.verify(image, &whole)?;
                    }
                    return Ok(image);
                }
                _ => return Ok(None),
            }
        }
    }
}
