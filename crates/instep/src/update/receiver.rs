//! The end of an upload that writes flash.

pub use super::state::Offer;
use super::state::{Answer, Phase, SECTOR, State};
use super::upload::Upload;
use core::fmt::{Debug, Formatter, Result as FmtResult};
use core::future::poll_fn;
use core::task::Poll;
use instep_proto::http::Status;

/// The end of an upload for the one task that writes flash.
pub struct Receiver {
    upload: &'static Upload,
    /// The memory of the sector that was received last, until the next event.
    sector: Option<&'static mut [u8; SECTOR]>,
}

/// Event of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'s> {
    /// A client that may update the device begins to send an image.
    Begin(Offer),
    /// The next 4,096 bytes of the image; at its end perhaps fewer.
    Sector(&'s [u8]),
    /// The image has ended. The client waits for [`Receiver::done`] or [`Receiver::refuse`].
    End,
    /// The client is gone. No answer is expected.
    Abandoned,
}

/// [`Event`] with the memory of its sector.
enum Step {
    Begin(Offer),
    Sector(&'static mut [u8; SECTOR], usize),
    End,
    Abandoned,
}

impl Upload {
    /// Returns the end of the task that writes flash. `memory` holds the content that is not written yet.
    ///
    /// # Panics
    /// If it was called before.
    pub fn receiver(&'static self, memory: &'static mut [u8; SECTOR]) -> Receiver {
        self.with(|state| {
            assert!(!state.is_ready, "the receiver of the upload was taken before");
            (state.sector, state.is_ready) = (Some(memory), true);
        });
        Receiver { upload: self, sector: None }
    }
}

impl Receiver {
    /// Returns the upload.
    pub fn upload(&self) -> &'static Upload {
        self.upload
    }

    /// Waits for the next event.
    ///
    /// A call after [`Event::Sector`] frees the memory of the sector, so more content is read from the client. After a refusal the
    /// next event is the begin of another upload. The future may be dropped; no event is lost by that.
    pub async fn next(&mut self) -> Event<'_> {
        let Self { upload, sector } = self;
        let step = poll_fn(|context| {
            upload.with(|state| {
                if let Some(sector) = sector.take() {
                    (state.sector, state.filled) = (Some(sector), 0);
                }
                match state.next_step() {
                    Some(step) => Poll::Ready(step),
                    None => {
                        state.waker = Some(context.waker().clone());
                        Poll::Pending
                    }
                }
            })
        })
        .await;
        match step {
            Step::Begin(offer) => Event::Begin(offer),
            Step::Sector(memory, length) => Event::Sector(&sector.insert(memory)[..length]),
            Step::End => Event::End,
            Step::Abandoned => Event::Abandoned,
        }
    }

    /// Refuses the image. The client gets the status, and `code` and `sentence` in JSON.
    ///
    /// At most 192 bytes of the sentence are sent. Does nothing if no upload runs.
    pub fn refuse(&mut self, status: Status, code: &'static str, sentence: &'static str) {
        self.upload.with(|state| state.answer(Answer::Refused { status, code, sentence }));
    }

    /// Answers that the image of this version is activated, after [`Event::End`]. No other upload begins from now on.
    ///
    /// At most 32 bytes of the version are sent.
    ///
    /// The device should restart once the answer had time to reach the client, such as 1 s.
    pub fn done(&mut self, version: &str) {
        self.upload.with(|state| {
            state.note_version(version);
            state.answer(Answer::Activated);
        });
    }

    /// Returns whether the client is gone. The next event is then [`Event::Abandoned`].
    pub fn is_abandoned(&self) -> bool {
        self.upload.with(|state| matches!(state.phase, Phase::Abandoned(_)))
    }
}

impl Debug for Receiver {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

impl State {
    /// Takes the next event of the flash side, if there is one.
    fn next_step(&mut self) -> Option<Step> {
        match self.phase {
            Phase::Abandoned(cause) => {
                self.give_up(cause);
                Some(Step::Abandoned)
            }
            Phase::Announced => {
                self.phase = Phase::Receiving;
                Some(Step::Begin(self.offer))
            }
            Phase::Receiving if self.filled == SECTOR || (self.ended && self.filled > 0) => {
                self.sector.take().map(|sector| Step::Sector(sector, self.filled))
            }
            Phase::Receiving if self.ended => {
                self.phase = Phase::Finishing;
                Some(Step::End)
            }
            _ => None,
        }
    }
}
