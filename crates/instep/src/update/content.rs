//! Content of an upload, on its way from a connection to the sector in memory.

use super::incoming::{Incoming, Step};
use super::obstacle::Obstacle;
use super::refusal::{log_refusal, write_json, write_refusal};
use super::state::{Answer, State};
use super::status::VERSION_MAX;
use crate::service::{BodyRemaining, Context, Next};
use crate::time::Instant;
use core::fmt::{Display, Write as _};
use instep_proto::delivery::Outgoing;
use instep_proto::http::{HeadError, HeadLimits, Status, Window};
use instep_proto::json::Text;

/// Maximum time without content while it is read, in ms.
const STALL_MS: u64 = 10_000;
/// Maximum time in which all content comes, in ms.
///
/// A client that sends a byte now and then would otherwise keep others from updating the device.
const CONTENT_MS: u64 = 600_000;
/// Maximum time for the flash side to write a sector or to answer, in ms.
const FLASH_MS: u64 = 60_000;
/// Maximum time in which the rest of refused content is discarded, in ms.
const DISCARD_MS: u64 = 10_000;
/// Interval at which a connection polls for the end of a write, in ms.
const WRITE_POLL_MS: u64 = 5;
/// Interval at which a connection polls for the answer, in ms.
const ANSWER_POLL_MS: u64 = 20;
/// Maximum length of the answer with the version, in bytes: each of its characters may be escaped.
const BODY_MAX: usize = 16 + 6 * VERSION_MAX;

impl Incoming {
    /// Returns when an upload fails that brings nothing from now on.
    pub(super) fn stalls_at(now: Instant) -> Instant {
        now.after(STALL_MS)
    }

    /// Returns when an upload fails whose content has not come as a whole.
    pub(super) fn ends_at(now: Instant) -> Instant {
        now.after(CONTENT_MS)
    }
}

impl State {
    /// Takes content, or writes the answer. Returns the number of used bytes, and when the next turn is due.
    pub(super) fn take(
        &mut self,
        incoming: &mut Incoming,
        now: Instant,
        input: &mut [u8],
        context: &Context<'_>,
        out: &mut Outgoing<'_>,
    ) -> (usize, Next, Instant) {
        let limits = context.device.limits().head;
        if incoming.step != Step::Discards
            && out.is_empty()
            && let Some(answer) = self.fetch_answer()
        {
            self.write_answer(&answer, incoming, out);
            incoming.step = Step::Discards;
            incoming.deadline = now.after(DISCARD_MS);
        }
        let mut used = 0;
        let failed = match incoming.step {
            Step::Discards => {
                let (used, ends) = discard(incoming, input, limits);
                let next = if ends || now >= incoming.deadline { Next::End } else { Next::Read };
                return (used, next, incoming.deadline);
            }
            Step::AwaitsAnswer => None,
            Step::Reads | Step::Stores => match self.store(incoming, now, input, limits) {
                Ok(stored) => {
                    used = stored;
                    None
                }
                Err(obstacle) => Some(obstacle),
            },
        };
        // Content of this turn came in time.
        let failed = failed.or_else(|| incoming.timeout(now));
        if let Some(obstacle) = failed {
            if out.is_empty() {
                write_refusal(obstacle.status(), obstacle.code(), obstacle.sentence(), incoming.extra, out);
            }
            log_refusal(log::Level::Info, obstacle.sentence());
            self.abandon(Some(obstacle));
            return (used, Next::End, now);
        }
        let poll = match incoming.step {
            Step::Stores => WRITE_POLL_MS,
            _ => ANSWER_POLL_MS,
        };
        let wake_at = incoming.fails_at().min(now.after(poll));
        (used, if incoming.step == Step::Reads { Next::Read } else { Next::Wait }, wake_at)
    }

    /// Writes the answer of the flash side.
    fn write_answer(&self, answer: &Answer, incoming: &Incoming, out: &mut Outgoing<'_>) {
        match answer {
            Answer::Activated => {
                let mut body = [0; BODY_MAX];
                let mut window = Window::new(&mut body, 0);
                // Cannot fail, because the longest version fits.
                let version = self.version();
                let _ = write!(window, "{{\"version\":{}}}", Text::<&dyn Display>::new(&version));
                let length = window.used();
                write_json(Status::Ok, &body[..length], incoming.extra, out);
            }
            Answer::Refused { status, code, sentence } => {
                log_refusal(log::Level::Warn, sentence);
                write_refusal(*status, code, sentence, incoming.extra, out);
            }
        }
    }

    /// Puts content into the sector, as far as there is room. Returns the number of used bytes.
    fn store(
        &mut self,
        incoming: &mut Incoming,
        now: Instant,
        input: &mut [u8],
        limits: HeadLimits,
    ) -> Result<usize, Obstacle> {
        let (mut used, mut taken) = (0, 0);
        loop {
            if incoming.decoded == 0 {
                let max = u64::from(self.status.capacity.unwrap_or(0));
                let (moved, decoded) = incoming.rest.decode(&mut input[used..], max, limits)?;
                used += moved;
                incoming.decoded = decoded;
            }
            if incoming.decoded == 0 {
                break;
            }
            let content = input.get(used..used + incoming.decoded).unwrap_or_default();
            let length = self.push(content);
            (used, taken, incoming.decoded) = (used + length, taken + length, incoming.decoded - length);
            if incoming.decoded > 0 {
                break;
            }
        }
        let step = if incoming.decoded > 0 {
            Step::Stores
        } else if incoming.rest.has_ended() {
            if self.received == 0 {
                return Err(Obstacle::Empty);
            }
            self.end();
            Step::AwaitsAnswer
        } else {
            Step::Reads
        };
        if taken > 0 || step != incoming.step {
            let patience = if step == Step::Reads { STALL_MS } else { FLASH_MS };
            incoming.deadline = now.after(patience);
        }
        incoming.step = step;
        Ok(used)
    }
}

impl Incoming {
    /// Returns when the request fails without content or an answer.
    fn fails_at(&self) -> Instant {
        match self.step {
            Step::Reads | Step::Stores => self.deadline.min(self.ends_at),
            Step::AwaitsAnswer | Step::Discards => self.deadline,
        }
    }

    /// Returns the failure if the request has taken too long.
    fn timeout(&self, now: Instant) -> Option<Obstacle> {
        if now < self.fails_at() {
            return None;
        }
        Some(match self.step {
            _ if now < self.deadline => Obstacle::TooSlow,
            Step::Reads => Obstacle::Stalled,
            _ => Obstacle::Stuck,
        })
    }
}

impl BodyRemaining {
    fn has_ended(&self) -> bool {
        match self {
            Self::Bytes(left) => *left == 0,
            Self::Kept { chunks, .. } | Self::Chunks(chunks) => chunks.is_done(),
        }
    }

    /// Decodes content in place, and moves it directly before the bytes that are not decoded.
    ///
    /// Returns the number of bytes before the content, and its length.
    fn decode(&mut self, input: &mut [u8], max: u64, limits: HeadLimits) -> Result<(usize, usize), Obstacle> {
        match self {
            Self::Bytes(left) => {
                let length = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *left -= length as u64;
                Ok((0, length))
            }
            Self::Kept { chunks, .. } | Self::Chunks(chunks) => {
                let (used, decoded) = chunks.decode(input, max, limits).map_err(|error| match error {
                    HeadError::TooLarge => Obstacle::LongChunks,
                    _ => Obstacle::Malformed,
                })?;
                if used < input.len() && !chunks.is_done() {
                    return Err(Obstacle::TooLong);
                }
                input.copy_within(..decoded, used - decoded);
                Ok((used - decoded, decoded))
            }
        }
    }
}

/// Discards content after the answer. Returns the number of used bytes, and whether the content has ended.
fn discard(incoming: &mut Incoming, input: &mut [u8], limits: HeadLimits) -> (usize, bool) {
    let decoded = incoming.decoded.min(input.len());
    incoming.decoded -= decoded;
    match incoming.rest.decode(&mut input[decoded..], u64::MAX, limits) {
        Ok((moved, length)) => (decoded + moved + length, incoming.decoded == 0 && incoming.rest.has_ended()),
        Err(_) => (decoded, true),
    }
}
