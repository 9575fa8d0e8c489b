//! What drivers ask of the device for one client: a place, a message to deliver, a reply to fetch.

use super::counters::{End, RefusalReason};
use super::shared::Device;
use super::slot::{ClientId, InboxState};
use crate::limits::Limits;
use crate::model::Thing;
use crate::time::Instant;
use core::num::NonZeroU32;
use instep_proto::delivery::Storage as _;
use instep_proto::http::PageValues;
use instep_proto::message::{Kind, Piece};

/// The longest write that may take the place of another, in bytes: they are read while the device is locked.
const REPLACED_MAX: usize = 128;

/// The place of a client that is connected.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotHandle {
    pub(crate) client: ClientId,
    /// The application hears of this client.
    pub(crate) notify_app: bool,
}

/// What became of a piece that was offered to the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// It is taken. A message that is complete now waits for the application.
    Taken,
    /// There is no room now. The client gets a turn when there is.
    Blocked,
    /// The message is longer than the application takes.
    TooBig,
}

impl Device {
    /// A place for a new client, if there is one. `heard`: the application hears of it. `session`: what let it in.
    /// `speaks_thing`: it speaks with the device's Thing.
    pub(crate) fn admit(
        &self,
        follower: usize,
        heard: bool,
        asks_thing: bool,
        session: Option<NonZeroU32>,
    ) -> Option<SlotHandle> {
        let clients = self.limits().clients;
        self.with(|state| {
            let slots = state.slots.len() - state.requests;
            let free = (0..slots)
                .map(|at| (state.search_from + at) % slots)
                .find(|at| state.slots[*at].number == 0)?;
            let own = &mut state.followers[follower];
            if state.taken >= clients || own.taken >= own.clients {
                return None;
            }
            own.taken += 1;
            state.search_from = (free + 1) % slots;
            state.taken += 1;
            state.counts.opened += 1;
            // 0 is that of a free slot.
            state.last_number = ((state.last_number + 1) % (1 << 31)).max(1);
            let slot = &mut state.slots[free];
            if core::mem::take(&mut slot.is_ready) {
                // It was for the client before, whose driver may be another one.
                state.followers[usize::from(slot.follower)].ready.remove(u16::try_from(free).ok()?);
            }
            (slot.number, slot.follower, slot.notify_app, slot.opened) =
                (state.last_number, u16::try_from(follower).ok()?, heard, heard);
            (slot.session, slot.revoked, slot.speaks_thing) = (session, false, asks_thing);
            let client = ClientId { number: slot.number, slot: u16::try_from(free).ok()? };
            if heard {
                state.enqueue_inbox(client.slot);
            }
            Some(SlotHandle { client, notify_app: heard })
        })
    }

    /// Whether there is no place for a new client.
    pub(crate) fn is_full(&self, follower: usize) -> bool {
        let clients = self.limits().clients;
        self.with(|state| {
            let own = &state.followers[follower];
            state.taken >= clients || own.taken >= own.clients
        })
    }

    /// How many clients this follower has at most: its network's, where the device is in two.
    pub(crate) fn client_limit(&self, follower: usize) -> usize {
        let clients = self.limits().clients;
        self.with(|state| clients.min(state.followers[follower].clients))
    }

    /// The client is gone.
    pub(crate) fn release(&self, place: SlotHandle, end: End) {
        self.with(|state| {
            state.counts.end(end);
            let slot = &mut state.slots[usize::from(place.client.slot)];
            state.taken -= 1;
            state.followers[usize::from(slot.follower)].taken -= 1;
            slot.replies.clear();
            if slot.inbox == InboxState::Waiting {
                slot.inbox = InboxState::Idle;
                state.waiting.remove(place.client.slot);
            }
            state.yield_reservation(place.client.slot, self.limits().inbox);
            let slot = &mut state.slots[usize::from(place.client.slot)];
            if place.notify_app {
                slot.closed = true;
                if slot.inbox.message_kind().is_none() {
                    slot.message.clear();
                }
                state.resume_awaiting(place.client.slot, self.limits());
                state.enqueue_inbox(place.client.slot);
            } else {
                slot.free();
            }
        });
    }

    /// Offers a piece of a message to the inbox.
    pub(crate) fn offer(&self, place: SlotHandle, piece: &Piece<'_>) -> Offer {
        let Limits { message, inbox, .. } = *self.limits();
        let reply = self.limits().reply();
        self.with(|state| {
            let inbox_full = state.inbox_used >= inbox;
            let slot = &mut state.slots[usize::from(place.client.slot)];
            // A message is taken only where there is room for the reply.
            if slot.inbox.message_kind().is_some() || (piece.last && !slot.replies.has_room(reply)) {
                slot.is_blocked = true;
                // Until there is, a place that is kept for it is of more use to others.
                state.yield_reservation(place.client.slot, inbox);
                return Offer::Blocked;
            }
            if piece.last && inbox_full && slot.inbox != InboxState::Reserved {
                if slot.inbox == InboxState::Idle {
                    slot.inbox = InboxState::Waiting;
                    state.waiting.push(place.client.slot);
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
                "a client waits for a place only if there is none"
            );
            if slot.inbox != InboxState::Reserved {
                state.inbox_used += 1;
            }
            slot.inbox = InboxState::Queued(piece.kind);
            state.enqueue_inbox(place.client.slot);
            Offer::Taken
        })
    }

    /// Puts a write in the place of an older one of the same property, if one of the client waits for the application and
    /// nobody asked for an answer to either.
    pub(crate) fn replace_write(&self, place: SlotHandle, thing: &'static Thing, text: &str) -> bool {
        if text.len() > REPLACED_MAX.min(self.limits().message) {
            return false;
        }
        let Some(property) = thing.plain_write(text) else { return false };
        self.with(|state| {
            let slot = &mut state.slots[usize::from(place.client.slot)];
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

    /// The client cannot make use of a place in the inbox now, if one is kept for it.
    pub(crate) fn yield_reservation(&self, place: SlotHandle) {
        self.with(|state| state.yield_reservation(place.client.slot, self.limits().inbox));
    }

    /// Hands the first reply for the client to `take`, which says whether it took it.
    pub(crate) fn fetch_reply(&self, place: SlotHandle, take: &mut dyn FnMut(u64, &[u8]) -> bool) -> bool {
        self.with(|state| {
            let slot = &mut state.slots[usize::from(place.client.slot)];
            let taken = slot.replies.first().is_some_and(|(revision, frame)| take(revision, frame));
            if taken {
                slot.replies.remove_first();
                state.resume_awaiting(place.client.slot, self.limits());
            }
            taken
        })
    }

    /// Hands the latest frame of a topic to `with`; `None`: nothing has been published.
    pub(crate) fn read_topic<R>(&self, topic: usize, with: impl FnOnce(Option<&[u8]>) -> R) -> R {
        self.with(|state| with(state.feed.table().latest(topic)))
    }

    pub(crate) fn count_refusal(&self, reason: RefusalReason) {
        self.with(|state| state.counts.refuse(reason));
    }

    /// Whether the log may tell of a refusal; then, of how many it did not since the last one.
    pub(crate) fn allow_log(&self, now: Instant) -> Option<u64> {
        self.with(|state| state.log_limit.allow(now))
    }

    pub(crate) fn count_missed(&self, events: u64) {
        self.with(|state| state.counts.events_missed += events);
    }

    /// Whether a reply for the client waits, and whether the client is to go.
    pub(crate) fn has_reply(&self, place: SlotHandle) -> (bool, bool) {
        self.with(|state| {
            let slot = &state.slots[usize::from(place.client.slot)];
            (!slot.replies.is_empty(), slot.revoked)
        })
    }

    /// Whether somebody whom this session let in is connected.
    pub(crate) fn session_in_use(&self, session: NonZeroU32) -> bool {
        self.with(|state| {
            let mut connected = state.slots.iter().filter(|slot| slot.number != 0 && !slot.closed);
            connected.any(|slot| slot.session == Some(session))
        })
    }

    /// The clients whom this session let in are to go; `None`: all.
    pub(crate) fn revoke(&self, session: Option<NonZeroU32>) {
        self.with(|state| {
            for number in 0..state.slots.len() {
                let slot = &mut state.slots[number];
                let meant = session.is_none() || slot.session == session;
                if slot.number != 0 && !slot.closed && meant {
                    slot.revoked = true;
                    // There are no more slots than a `u16` has numbers.
                    u16::try_from(number).into_iter().for_each(|slot| state.mark_ready(slot));
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
