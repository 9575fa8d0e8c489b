//! Marks: messages that a gateway sends to itself, by which it notices that a broker drops messages.
//!
//! A broker that has too many messages for a client drops some, and says nothing. Each mark has a number, so the next one that
//! comes back shows that one is missing. A gateway that stood still has sent no marks, but sends the next one late.

use super::topics::REPLY;
use crate::id::DeviceId;
use crate::packet::{Publish, PublishHead};
use instep::Instant;
use instep_proto::delivery::Outgoing;

/// Interval of marks, in ms.
const INTERVAL_MS: u64 = 1_000;
/// Time by which a mark is late if the gateway stood still, in ms.
const STILL_MS: u64 = 500;
/// Time after which a mark that has not come back counts as dropped, in ms.
const TIMEOUT_MS: u64 = 30_000;

/// Marks of one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    /// The number of the last mark that was sent.
    sent: u32,
    /// The number of the last mark that came back, or that need not come back.
    back: u32,
    /// The time of the next mark.
    next_at: Instant,
    /// The time at which the next mark to come back is late.
    late_at: Instant,
}

/// What a mark shows that comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returned {
    /// All that the broker had for the gateway before the last mark was heard.
    Last,
    /// Nothing: others are on their way, or it was sent before everything was asked for again.
    Other,
    /// The broker dropped a mark before it, and perhaps other messages.
    Gap,
}

impl Marks {
    pub(super) const fn new() -> Self {
        Self { sent: 0, back: 0, next_at: Instant::NEVER, late_at: Instant::NEVER }
    }

    /// Sends a mark, and returns whether there was room for it.
    pub(super) fn send(&mut self, now: Instant, prefix: &str, id: &DeviceId, out: &mut Outgoing<'_>) -> bool {
        let number = self.sent.wrapping_add(1);
        let payload = number.to_be_bytes();
        let topic = topic(prefix, id);
        let head = PublishHead { topic: &topic, payload: payload.len(), ..PublishHead::default() };
        if !out.has_room(head.packet_length().unwrap_or(usize::MAX)) {
            return false;
        }
        let Some(written) = head.write(out.spare_mut()) else { return false };
        out.commit(written);
        if self.back == self.sent {
            self.late_at = now.after(TIMEOUT_MS);
        }
        (self.sent, self.next_at) = (number, now.after(INTERVAL_MS));
        out.push(&payload)
    }

    /// Takes a message, if it is a mark of this gateway.
    pub(super) fn take(
        &mut self,
        now: Instant,
        prefix: &str,
        id: &DeviceId,
        message: &Publish<'_>,
    ) -> Option<Returned> {
        let rest = topic(prefix, id).iter().try_fold(message.topic, |rest, part| rest.strip_prefix(part))?;
        let number = u32::from_be_bytes(message.payload.try_into().ok().filter(|_| rest.is_empty())?);
        // Others may write here, too.
        if number <= self.back || number > self.sent {
            return Some(Returned::Other);
        }
        let (is_next, is_last) = (number == self.back + 1, number == self.sent);
        (self.back, self.late_at) = (number, if is_last { Instant::NEVER } else { now.after(TIMEOUT_MS) });
        Some(match (is_next, is_last) {
            (false, _) => Returned::Gap,
            (true, true) => Returned::Last,
            (true, false) => Returned::Other,
        })
    }

    /// Returns whether no mark is on its way.
    pub(super) fn are_back(&self) -> bool {
        self.back == self.sent
    }

    /// Returns whether the gateway stood still, so that the broker may have had too many messages for it.
    pub(super) fn stood_still(&self, now: Instant) -> bool {
        now >= self.next_at.after(STILL_MS)
    }

    /// Forgets the marks that are on their way, because everything is asked for again.
    pub(super) fn forget(&mut self) {
        (self.back, self.late_at) = (self.sent, Instant::NEVER);
    }

    /// Returns the time of the next mark.
    pub(super) fn next_at(&self) -> Instant {
        self.next_at
    }

    /// Returns the time at which the next mark to come back counts as dropped.
    pub(super) fn late_at(&self) -> Instant {
        self.late_at
    }
}

fn topic<'t>(prefix: &'t str, id: &'t DeviceId) -> [&'t str; 7] {
    [prefix, "/", id.as_str(), "/thing/answer/", id.as_str(), "/", REPLY]
}
