//! Marks: messages that a gateway sends to itself, by which it notices that a broker drops messages.
//!
//! A broker that has too many messages for a client drops some, and says nothing. Each mark has a number, so the next one that
//! comes back shows that one is missing.

use super::topics::REPLY;
use crate::id::DeviceId;
use crate::packet::{Publish, PublishHead};
use instep::Instant;
use instep_proto::delivery::Outgoing;

/// Interval of marks, in ms.
pub(super) const INTERVAL_MS: u64 = 1_000;
/// Time after which a mark that has not come back counts as dropped, in ms.
const TIMEOUT_MS: u64 = 30_000;

/// Marks of one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    /// The number of the last mark that was sent.
    sent: u32,
    /// The number of the last mark that came back.
    back: u32,
    /// The time of the next mark.
    next_at: Instant,
    /// The time at which the next mark to come back is late.
    late_at: Instant,
}

/// Meaning of a mark that comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returned {
    /// This mark and all before it came back.
    InOrder(u32),
    /// Marks before this one are missing. The broker has dropped them, and perhaps other messages.
    AfterGap(u32),
    /// It came back before, or was never sent.
    Unknown,
}

impl Marks {
    pub(super) const fn new() -> Self {
        Self { sent: 0, back: 0, next_at: Instant::NEVER, late_at: Instant::NEVER }
    }

    /// Sends a mark, and returns its number, or `None` if there was no room for it.
    pub(super) fn send(
        &mut self,
        now: Instant,
        prefix: &str,
        id: &DeviceId,
        out: &mut Outgoing<'_>,
    ) -> Option<u32> {
        let number = self.sent.wrapping_add(1);
        let payload = number.to_be_bytes();
        let topic = topic(prefix, id);
        let head = PublishHead { topic: &topic, payload: payload.len(), ..PublishHead::default() };
        if !out.has_room(head.packet_length()?) {
            return None;
        }
        let written = head.write(out.spare_mut())?;
        out.commit(written);
        if self.are_back() {
            self.late_at = now.after(TIMEOUT_MS);
        }
        (self.sent, self.next_at) = (number, now.after(INTERVAL_MS));
        out.push(&payload).then_some(number)
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
        // Others may write here, too, and a stored message comes with each answer.
        if message.retain || number <= self.back || number > self.sent {
            return Some(Returned::Unknown);
        }
        let is_next = number == self.back + 1;
        self.back = number;
        self.late_at = if self.are_back() { Instant::NEVER } else { now.after(TIMEOUT_MS) };
        Some(if is_next { Returned::InOrder(number) } else { Returned::AfterGap(number) })
    }

    /// Gives the marks on their way their whole time again, because other messages come before them.
    pub(super) fn postpone(&mut self, now: Instant) {
        if !self.are_back() {
            self.late_at = now.after(TIMEOUT_MS);
        }
    }

    /// Returns whether no mark is on its way.
    pub(super) fn are_back(&self) -> bool {
        self.back == self.sent
    }

    /// Returns the number of the last mark that was sent.
    pub(super) fn sent(&self) -> u32 {
        self.sent
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
