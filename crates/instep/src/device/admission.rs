//! Functions of the device for one client: admission, inbox, replies and revocation.

use super::counters::{End, RefusalReason};
use super::shared::Device;
use super::slot::{ClientId, InboxState};
use super::slot_index::SlotIndex;
use crate::limits::Limits;
use crate::model::Thing;
use crate::time::Instant;
use core::num::NonZeroU32;
use instep_proto::delivery::Storage as _;
use instep_proto::http::PageValues;
use instep_proto::message::{Kind, Piece};

/// Maximum length of a write that may be replaced, in bytes.
///
/// The maximum is small, because the write is parsed while the device is locked.
const REPLACED_MAX: usize = 128;

/// Slot of a connected client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotHandle {
    pub(crate) client: ClientId,
    /// Whether the application receives messages of this client.
    pub(crate) notify_app: bool,
}

/// Outcome of offering a piece of a message to the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// The piece is taken. If it ends its message, the message waits for the application.
    Taken,
    /// The inbox has no room now. The client gets a turn when it has.
    Blocked,
    /// The message is longer than the limit.
    TooBig,
}

impl Device {
    /// Admits a new client and returns its slot.
    ///
    /// `follower` is the index of the client's driver. `notify_app` is set if the application receives the client's messages, and
    /// `speaks_thing` if the client uses the protocol of the Thing. `session` is the number of the client's credential. Returns
    /// `None` if no slot is free.
    pub(crate) fn admit(
        &self,
        follower: usize,
        notify_app: bool,
        speaks_thing: bool,
        session: Option<NonZeroU32>,
    ) -> Option<SlotHandle> {
        let clients = self.limits().clients;
        self.with(|state| {
            let own = &mut state.followers[follower];
            if state.taken >= clients || own.taken >= own.clients {
                return None;
            }
            let free = state.free.take(state.slots)?;
            own.taken += 1;
            if own.taken == 1 && own.for_clients_only {
                // A publish since the driver caught up did not wake it.
                own.wake(&mut state.wakes);
            }
            state.taken += 1;
            state.counts.opened += 1;
            // Skips 0, which is the number of a free slot.
            state.last_number = ((state.last_number + 1) % (1 << 31)).max(1);
            let slot = &mut state.slots[free.get()];
            if core::mem::take(&mut slot.is_ready) {
                // The entry belongs to the previous client of the slot, which may be on another driver.
                state.followers[usize::from(slot.follower)].ready.remove(free);
            }
            (slot.number, slot.follower, slot.notify_app, slot.opened) =
                (state.last_number, u16::try_from(follower).ok()?, notify_app, notify_app);
            (slot.session, slot.revoked, slot.speaks_thing) = (session, false, speaks_thing);
            let client = ClientId { number: slot.number, slot: free };
            if notify_app {
                state.enqueue_inbox(client.slot);
            }
            Some(SlotHandle { client, notify_app })
        })
    }

    /// Returns whether no slot is free for a new client.
    pub(crate) fn is_full(&self, follower: usize) -> bool {
        let clients = self.limits().clients;
        self.with(|state| {
            let own = &state.followers[follower];
            state.taken >= clients || own.taken >= own.clients
        })
    }

    /// Returns the maximum number of clients of the driver with the index `follower`.
    ///
    /// If the device has two networks, each network has its own driver and its own maximum.
    pub(crate) fn client_limit(&self, follower: usize) -> usize {
        let clients = self.limits().clients;
        self.with(|state| clients.min(state.followers[follower].clients))
    }

    /// Releases the slot of a client whose connection has ended.
    pub(crate) fn release(&self, handle: SlotHandle, end: End) {
        self.with(|state| {
            state.counts.end(end);
            state.yield_reservation(handle.client.slot, self.limits().inbox);
            let slot = &mut state.slots[handle.client.slot.get()];
            state.taken -= 1;
            state.followers[usize::from(slot.follower)].taken -= 1;
            slot.replies.clear();
            if slot.inbox == InboxState::Waiting {
                slot.inbox = InboxState::Idle;
                state.waiting.remove(handle.client.slot);
            }
            if handle.notify_app {
                slot.closed = true;
                if slot.inbox.message_kind().is_none() {
                    slot.message.clear();
                }
                state.resume_awaiting(handle.client.slot, self.limits());
                state.enqueue_inbox(handle.client.slot);
            } else {
                slot.free();
                state.free.put(state.slots, handle.client.slot);
            }
        });
    }

    /// Offers a piece of a message to the inbox.
    pub(crate) fn offer(&self, handle: SlotHandle, piece: &Piece<'_>) -> Offer {
        let Limits { message, inbox, .. } = *self.limits();
        let reply = self.limits().reply();
        self.with(|state| {
            let inbox_full = state.inbox_used >= inbox;
            let slot = &mut state.slots[handle.client.slot.get()];
            // A message is taken only if there is room for its reply.
            if slot.inbox.message_kind().is_some() || (piece.last && !slot.replies.has_room(reply)) {
                slot.is_blocked = true;
                // The client cannot use its reserved place in the inbox before its outbox has room, so others get the place.
                state.yield_reservation(handle.client.slot, inbox);
                return Offer::Blocked;
            }
            if piece.last && inbox_full && slot.inbox != InboxState::Reserved {
                if slot.inbox == InboxState::Idle {
                    slot.inbox = InboxState::Waiting;
                    state.waiting.push(handle.client.slot);
                }
                return Offer::Blocked;
            }
            if slot.message.bytes().len() + piece.bytes.len() > message || !slot.message.append(piece.bytes) {
                return Offer::TooBig;
            }
            if !piece.last {
                return Offer::Taken;
            }
            debug_assert!(
                slot.inbox != InboxState::Waiting,
                "a client waited for a place in the inbox although there was one"
            );
            if slot.inbox != InboxState::Reserved {
                state.inbox_used += 1;
            }
            slot.inbox = InboxState::Queued(piece.kind);
            state.enqueue_inbox(handle.client.slot);
            Offer::Taken
        })
    }

    /// Replaces the client's waiting write of the same property, if neither asks for a reply.
    ///
    /// Returns whether the write was replaced.
    pub(crate) fn replace_write(&self, handle: SlotHandle, thing: &'static Thing, text: &str) -> bool {
        if text.len() > REPLACED_MAX.min(self.limits().message) {
            return false;
        }
        let Some(property) = thing.plain_write(text) else { return false };
        self.with(|state| {
            let slot = &mut state.slots[handle.client.slot.get()];
            let waiting = Some(slot.message.bytes())
                .filter(|bytes| slot.inbox.message_kind() == Some(Kind::Text) && bytes.len() <= REPLACED_MAX)
                .and_then(|bytes| core::str::from_utf8(bytes).ok());
            let older = waiting.is_some_and(|older| thing.plain_write(older) == Some(property));
            if older {
                slot.message.clear();
            }
            older && slot.message.append(text.as_bytes())
        })
    }

    /// Yields the client's reserved place in the inbox, if it has one.
    ///
    /// The client cannot use the place now.
    pub(crate) fn yield_reservation(&self, handle: SlotHandle) {
        self.with(|state| state.yield_reservation(handle.client.slot, self.limits().inbox));
    }

    /// Passes the first reply to `take`, and removes the reply if `take` returns `true`.
    ///
    /// Returns whether a reply was removed.
    pub(crate) fn fetch_reply(&self, handle: SlotHandle, take: &mut dyn FnMut(u64, &[u8]) -> bool) -> bool {
        self.with(|state| {
            let slot = &mut state.slots[handle.client.slot.get()];
            let taken = slot.replies.first().is_some_and(|(revision, frame)| take(revision, frame));
            if taken {
                slot.replies.remove_first();
                state.resume_awaiting(handle.client.slot, self.limits());
            }
            taken
        })
    }

    /// Calls `with` with the latest frame of a topic, if there is one.
    pub(crate) fn read_topic<R>(&self, topic: usize, with: impl FnOnce(Option<&[u8]>) -> R) -> R {
        self.with(|state| with(state.feed.table().latest(topic)))
    }

    pub(crate) fn count_refusal(&self, reason: RefusalReason) {
        self.with(|state| state.counts.refuse(reason));
    }

    /// Counts a log line about a refusal, and returns how many lines were left out.
    ///
    /// Returns `None` if this line must be left out, too.
    pub(crate) fn allow_log(&self, now: Instant) -> Option<u64> {
        self.with(|state| state.log_limit.allow(now))
    }

    pub(crate) fn count_missed(&self, events: u64) {
        self.with(|state| state.counts.events_missed += events);
    }

    /// Returns whether a reply waits, and whether the credential was revoked.
    pub(crate) fn has_reply(&self, handle: SlotHandle) -> (bool, bool) {
        self.with(|state| {
            let slot = &state.slots[handle.client.slot.get()];
            (!slot.replies.is_empty(), slot.revoked)
        })
    }

    /// Returns whether a client with this session is connected.
    pub(crate) fn session_in_use(&self, session: NonZeroU32) -> bool {
        self.with(|state| {
            let mut connected = state.slots.iter().filter(|slot| slot.number != 0 && !slot.closed);
            connected.any(|slot| slot.session == Some(session))
        })
    }

    /// Revokes the credential of all clients with this session.
    ///
    /// `None` stands for all clients.
    pub(crate) fn revoke(&self, session: Option<NonZeroU32>) {
        self.with(|state| {
            for index in 0..state.slots.len() {
                let slot = &mut state.slots[index];
                let matches = session.is_none() || slot.session == session;
                if slot.number != 0 && !slot.closed && matches {
                    slot.revoked = true;
                    // Cannot fail, because each slot has an index.
                    SlotIndex::new(index).into_iter().for_each(|slot| state.mark_ready(slot));
                }
            }
        });
    }
}

impl PageValues for Device {
    fn page_value(&self, name: &str, each: &mut dyn FnMut(&str)) -> bool {
        self.with(|state| state.page_values.write(name, each))
    }
}
