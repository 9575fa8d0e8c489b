//! Progress of a gateway in hearing what the broker has stored, and the time to ask for it again.

use super::heard::Heard;
use super::marks::{INTERVAL_MS, Marks, Returned};
use crate::id::DeviceId;
use crate::lines;
use crate::packet::Publish;
use instep::Instant;
use instep_proto::delivery::Outgoing;

/// Number of times that a broker is asked for everything if no mark comes back.
const ATTEMPTS: u8 = 3;
/// Maximum time for an answer that goes on, before the broker is asked again, in ms.
const ANSWER_MS: u64 = 90_000;
/// Minimum time between two questions for everything, in ms, because the answer may be long. It doubles with each question.
const AGAIN_MS: u64 = 30_000;
/// Maximum number of doublings.
const DOUBLINGS: u32 = 4;
/// Time between two calls after which the gateway was stalled, in ms, because it is called for each mark.
const STALL_MS: u64 = INTERVAL_MS + 500;

/// Progress of one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    step: Step,
    marks: Marks,
    /// The number of the mark behind the question that is open.
    proof: Option<u32>,
    /// The time at which the answer counts as lost.
    answer_until: Instant,
    /// The number of questions in a row to which no mark came back.
    attempts: u8,
    /// The cause of a loss since the last question, and the number of the last mark that was sent before it was noticed.
    loss: Option<(Loss, u32)>,
    /// The number of questions because of losses.
    asked: u32,
    /// The time from which on the broker may be asked again.
    ask_from: Instant,
    /// The time of the last call.
    called_at: Instant,
}

/// Step after CONNACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The gateway has yet to subscribe, which asks for everything.
    Subscribe,
    /// The gateway has yet to send the mark behind its subscriptions.
    Mark,
    /// That mark has yet to come back.
    Hear,
    /// Everything was heard. Marks show whether that stays so.
    Heard,
    /// No mark comes back, so nothing shows what was heard. A later one may come back.
    Unmarked,
}

/// Cause of a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    /// The broker dropped a mark.
    Dropped,
    /// The gateway did not read.
    Stalled,
}

impl Progress {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            step: Step::Subscribe,
            marks: Marks::new(),
            proof: None,
            answer_until: Instant::NEVER,
            attempts: 0,
            loss: None,
            asked: 0,
            ask_from: now,
            called_at: now,
        }
    }

    /// Returns whether the gateway must subscribe now.
    pub(super) fn must_subscribe(&self) -> bool {
        self.step == Step::Subscribe
    }

    /// Notes that the gateway has subscribed.
    pub(super) fn note_subscribed(&mut self) {
        self.step = Step::Mark;
    }

    /// Returns whether the gateway has subscribed.
    pub(super) fn has_subscribed(&self) -> bool {
        !matches!(self.step, Step::Subscribe | Step::Mark)
    }

    /// Returns whether no question is open.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self.step, Step::Heard | Step::Unmarked)
    }

    /// Notes a call of the driver. The broker may have had too many messages if the last one is long ago.
    pub(super) fn note_call(&mut self, now: Instant) {
        if matches!(self.step, Step::Hear | Step::Heard) && now >= self.called_at.after(STALL_MS) {
            self.loss = self.loss.or(Some((Loss::Stalled, self.marks.sent())));
        }
        self.called_at = now;
    }

    /// Sends a mark if one is due.
    pub(super) fn transmit(&mut self, now: Instant, prefix: &str, id: &DeviceId, out: &mut Outgoing<'_>) {
        let is_due = match self.step {
            Step::Subscribe => false,
            Step::Mark => true,
            Step::Hear | Step::Heard => now >= self.marks.next_at(),
            Step::Unmarked => now >= self.ask_from,
        };
        if !is_due {
            return;
        }
        // Without room, the mark is sent at the next call.
        let Some(number) = self.marks.send(now, prefix, id, out) else { return };
        match self.step {
            Step::Mark => {
                // A mark of an earlier attempt proves as much.
                self.proof = self.proof.or(Some(number));
                self.marks.postpone(now);
                (self.step, self.answer_until) = (Step::Hear, now.after(ANSWER_MS));
            }
            Step::Unmarked => self.ask_from = now.after(AGAIN_MS),
            _ => {}
        }
    }

    /// Takes a message. Returns `None` if it is no mark, and otherwise what the mark says.
    pub(super) fn take(
        &mut self,
        now: Instant,
        prefix: &str,
        id: &DeviceId,
        message: &Publish<'_>,
    ) -> Option<Option<Heard<'static>>> {
        let Some(returned) = self.marks.take(now, prefix, id, message) else {
            if self.step == Step::Hear {
                self.marks.postpone(now);
            }
            return None;
        };
        let mut said = None;
        // Marks that are missing before the question show nothing of its answer.
        let is_proof = match returned {
            Returned::InOrder(number) => self.proof.is_some_and(|proof| number >= proof),
            Returned::AfterGap(number) => self.proof == Some(number),
            Returned::Unknown => false,
        };
        match (returned, self.step) {
            (Returned::Unknown, _) => {}
            (_, Step::Hear) if is_proof => {
                (self.step, self.proof, self.attempts) = (Step::Heard, None, 0);
                said = Some(Heard::Complete);
            }
            (Returned::AfterGap(_), Step::Hear | Step::Heard) | (_, Step::Unmarked) => {
                said = (self.step == Step::Hear).then_some(Heard::Incomplete);
                (self.step, self.proof, self.attempts) = (Step::Heard, None, 0);
                self.loss = Some((Loss::Dropped, self.marks.sent()));
            }
            (Returned::InOrder(_) | Returned::AfterGap(_), _) => {}
        }
        Some(said)
    }

    /// Asks for everything again if messages were lost, or gives up the marks if none comes back.
    pub(super) fn check(&mut self, now: Instant) -> Option<Heard<'static>> {
        let is_late = now >= self.marks.late_at();
        match self.step {
            Step::Hear if is_late || now >= self.answer_until => {
                self.attempts += 1;
                if self.attempts == 1 {
                    Loss::Dropped.log();
                }
                if self.attempts < ATTEMPTS {
                    self.step = Step::Subscribe;
                    return None;
                }
                (self.step, self.ask_from) = (Step::Unmarked, now.after(AGAIN_MS));
                Some(Heard::Incomplete)
            }
            Step::Heard if (is_late || self.is_ready()) && now >= self.ask_from => {
                self.loss.take().map_or(Loss::Dropped, |(loss, _)| loss).log();
                self.step = Step::Subscribe;
                self.ask_from = now.after(AGAIN_MS << self.asked.min(DOUBLINGS));
                self.asked = self.asked.saturating_add(1);
                Some(Heard::Resync)
            }
            _ => None,
        }
    }

    /// Returns the time of the next call at the latest.
    pub(super) fn wake_at(&self) -> Instant {
        match self.step {
            Step::Hear => self.marks.next_at().min(self.marks.late_at()).min(self.answer_until),
            Step::Heard if self.is_ready() => self.marks.next_at().min(self.ask_from),
            Step::Heard => self.marks.next_at().min(self.marks.late_at().max(self.ask_from)),
            Step::Unmarked => self.ask_from,
            Step::Subscribe | Step::Mark => Instant::NEVER,
        }
    }

    /// Returns whether messages were lost, and a later mark came back. Before, the broker would drop the answer, too.
    fn is_ready(&self) -> bool {
        self.loss.is_some_and(|(_, sent)| sent < self.marks.sent()) && self.marks.are_back()
    }
}

impl Loss {
    fn log(self) {
        match self {
            Self::Dropped => lines::warn(format_args!(
                "The broker dropped a message, and perhaps values of devices, which are asked for again; raise max_queued_messages in mosquitto, and let this user write below its own id"
            )),
            Self::Stalled => lines::warn(format_args!(
                "The gateway did not read for more than a second, so the broker may have dropped values, which are asked for again; give the gateway more of the CPU if this line returns"
            )),
        }
    }
}
