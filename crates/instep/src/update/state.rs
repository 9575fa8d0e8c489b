//! State of an upload, between connections and the task that writes flash.

use super::incoming::Incoming;
use super::obstacle::Obstacle;
use super::status::{FirmwareStatus, ImageState, LastUpdate, LastUpdateOutcome, VERSION_MAX};
use core::task::Waker;
use instep_proto::http::Status;

/// Length of a sector of flash, and so of the memory of an upload, in bytes.
pub const SECTOR: usize = 4096;
/// Reason of the outcome `broken`.
const BROKEN: &str = "the connection ended before the image was activated";

/// State of an upload, behind a lock.
pub(super) struct State {
    pub(super) phase: Phase,
    /// The request that brings the image, until its content has ended.
    pub(super) incoming: Option<Incoming>,
    pub(super) offer: Offer,
    /// The number of content bytes that were taken.
    pub(super) received: u32,
    /// The memory of a sector. `None` while the flash side has it.
    pub(super) sector: Option<&'static mut [u8; SECTOR]>,
    /// The number of bytes in `sector`.
    pub(super) filled: usize,
    /// Whether all content was taken.
    pub(super) ended: bool,
    /// Whether there is a flash side.
    pub(super) is_ready: bool,
    /// The waker of the flash side.
    pub(super) waker: Option<Waker>,
    pub(super) status: FirmwareStatus,
}

/// Phase of an upload.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    Idle,
    /// An upload has begun, and the flash side does not know.
    Announced,
    /// Content is taken and written.
    Receiving,
    /// The flash side has all content.
    Finishing,
    /// The flash side has answered, and the connection does not know.
    Answered(Answer),
    /// The connection takes no more content, and the flash side does not know. The device's reason is told if it has one.
    Abandoned(Option<Obstacle>),
    /// An image is activated, so the device will restart.
    Activated,
}

/// Answer of the flash side to an upload.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// The image is activated. Its version is at the start of the sector.
    Activated,
    Refused {
        status: Status,
        code: &'static str,
        sentence: &'static str,
    },
}

/// What a client says of an image before its content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Offer {
    /// The length of the image in bytes, if the client says it.
    pub length: Option<u32>,
    /// Whether a lower version may be installed.
    pub downgrade: bool,
    /// Whether the image of another application may be installed.
    pub other_application: bool,
}

impl State {
    pub(super) const NEW: Self = Self {
        phase: Phase::Idle,
        incoming: None,
        offer: Offer { length: None, downgrade: false, other_application: false },
        received: 0,
        sector: None,
        filled: 0,
        ended: false,
        is_ready: false,
        waker: None,
        status: FirmwareStatus::UNKNOWN,
    };

    /// Returns why no upload can ever begin, if so.
    pub(super) fn lasting_obstacle(&self) -> Option<Obstacle> {
        match self.status {
            FirmwareStatus { flash_failed: true, .. } => Some(Obstacle::FlashFailed),
            FirmwareStatus { capacity: None, .. } => Some(Obstacle::NoSlot),
            _ => None,
        }
    }

    /// Returns why no upload of that length can begin now, if so.
    ///
    /// That there can be one at all is known.
    pub(super) fn obstacle(&self, length: u64) -> Option<Obstacle> {
        if length > u64::from(self.status.capacity.unwrap_or(0)) {
            return Some(Obstacle::TooLong);
        }
        match self.phase {
            Phase::Activated => Some(Obstacle::Restarting),
            // The other slot has the image to return to.
            _ if self.status.state == ImageState::Trial => Some(Obstacle::OnTrial),
            _ if self.incoming.is_some() => Some(Obstacle::Busy),
            Phase::Idle if !self.is_ready => Some(Obstacle::NotReady),
            Phase::Idle => None,
            _ => Some(Obstacle::Busy),
        }
    }

    /// Begins an upload.
    pub(super) fn begin(&mut self, offer: Offer, incoming: Incoming) {
        (self.phase, self.offer, self.incoming) = (Phase::Announced, offer, Some(incoming));
        (self.received, self.filled, self.ended) = (0, 0, false);
        self.wake();
    }

    /// Takes content into the sector, as far as there is room. Returns the number of taken bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> usize {
        let takes = matches!(self.phase, Phase::Announced | Phase::Receiving);
        let Some(sector) = self.sector.as_mut().filter(|_| takes) else { return 0 };
        let space = sector.get_mut(self.filled..).unwrap_or_default();
        let length = bytes.len().min(space.len());
        space.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        self.filled += length;
        // Cannot saturate, because the content is no longer than the slot.
        self.received = self.received.saturating_add(u32::try_from(length).unwrap_or(u32::MAX));
        if self.filled == SECTOR {
            self.wake();
        }
        length
    }

    /// Notes that all content was taken.
    pub(super) fn end(&mut self) {
        self.ended = true;
        self.wake();
    }

    /// Notes that the connection takes no more content, with the device's reason if it has one.
    ///
    /// Without an answer of the flash side, the upload is given up.
    pub(super) fn abandon(&mut self, cause: Option<Obstacle>) {
        self.incoming = None;
        match self.phase {
            Phase::Announced => self.give_up(cause),
            Phase::Receiving | Phase::Finishing => self.phase = Phase::Abandoned(cause),
            Phase::Answered(answer) => self.settle(&answer),
            Phase::Idle | Phase::Abandoned(_) | Phase::Activated => {}
        }
        self.wake();
    }

    /// Ends an upload that was given up.
    pub(super) fn give_up(&mut self, cause: Option<Obstacle>) {
        let (outcome, reason) = match cause {
            Some(obstacle) => (LastUpdateOutcome::Refused, obstacle.sentence()),
            None => (LastUpdateOutcome::Broken, BROKEN),
        };
        self.end_without_image(outcome, reason);
    }

    // Not inlined, because it is called at several places.
    #[inline(never)]
    fn end_without_image(&mut self, outcome: LastUpdateOutcome, reason: &'static str) {
        self.status.last = Some(LastUpdate::new(outcome, "", reason));
        self.phase = Phase::Idle;
    }

    /// Returns the answer to an upload, once.
    pub(super) fn fetch_answer(&mut self) -> Option<Answer> {
        let Phase::Answered(answer) = self.phase else { return None };
        self.settle(&answer);
        self.wake();
        Some(answer)
    }

    /// Puts the version of the activated image into the sector, whose memory is free after the end of the image.
    pub(super) fn note_version(&mut self, version: &str) {
        let length = version.floor_char_boundary(VERSION_MAX);
        self.filled = 0;
        if let Some(sector) = &mut self.sector {
            self.filled = length;
            sector.iter_mut().zip(version.as_bytes()).take(length).for_each(|(to, from)| *to = *from);
        }
    }

    /// Returns the version of the activated image.
    pub(super) fn version(&self) -> &str {
        let version = self.sector.as_ref().and_then(|sector| sector.get(..self.filled));
        version.and_then(|version| core::str::from_utf8(version).ok()).unwrap_or_default()
    }

    /// Notes the answer of the flash side.
    pub(super) fn answer(&mut self, answer: Answer) {
        match self.phase {
            Phase::Announced | Phase::Receiving | Phase::Finishing => self.phase = Phase::Answered(answer),
            Phase::Abandoned(_) => self.settle(&answer),
            Phase::Idle | Phase::Answered(_) | Phase::Activated => {}
        }
    }

    /// Ends an upload with the answer of the flash side.
    fn settle(&mut self, answer: &Answer) {
        match answer {
            Answer::Activated => self.phase = Phase::Activated,
            Answer::Refused { sentence, .. } => {
                self.end_without_image(LastUpdateOutcome::Refused, sentence);
            }
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}
