//! Requests to the Thing by plain HTTP. Each has a slot for as long as it takes, beside those of the clients: so whoever
//! asks takes nobody's place, and is answered as a client is.

use super::shared::Device;
use super::slot::{ClientId, FIRST_REQUEST, InboxState};
use instep_proto::delivery::Storage as _;
use instep_proto::message::Kind;

impl Device {
    /// Puts a message, in parts, into the inbox, and keeps so many places there: one for this message, the others for those that
    /// follow it ([`Device::invoke_next`]). `None`: there is no room for all now.
    pub(crate) fn invoke(&self, follower: usize, parts: &[&[u8]], places: usize) -> Option<ClientId> {
        let inbox = self.limits().inbox;
        self.with(|state| {
            let slots = state.slots.len();
            let mut all = slots - state.requests..slots;
            let free =
                all.find(|at| state.slots[*at].number == 0).filter(|_| state.inbox_used + places <= inbox)?;
            let at = u16::try_from(free).ok()?;
            state.last_request = state.last_request.wrapping_add(1) % FIRST_REQUEST;
            let client = ClientId { number: FIRST_REQUEST + state.last_request, slot: at };
            let slot = &mut state.slots[free];
            if core::mem::take(&mut slot.is_ready) {
                // It was for the request before, whose driver may be another one.
                state.followers[usize::from(slot.follower)].ready.remove(at);
            }
            if !parts.iter().all(|part| slot.message.append(part)) {
                slot.message.clear();
                return None;
            }
            (slot.number, slot.follower) = (client.number, u16::try_from(follower).ok()?);
            (slot.notify_app, slot.speaks_thing, slot.inbox) = (true, true, InboxState::Queued(Kind::Text));
            state.inbox_used += places;
            state.enqueue_inbox(at);
            Some(client)
        })
    }

    /// Puts the request's next message, in parts, into the place that is kept for it. `false`: it is too long.
    pub(crate) fn invoke_next(&self, client: ClientId, parts: &[&[u8]]) -> bool {
        self.with(|state| {
            let slot = &mut state.slots[usize::from(client.slot)];
            debug_assert!(slot.number == client.number && slot.inbox == InboxState::Idle);
            if !parts.iter().all(|part| slot.message.append(part)) {
                slot.message.clear();
                return false;
            }
            slot.inbox = InboxState::Queued(Kind::Text);
            state.enqueue_inbox(client.slot);
            true
        })
    }

    /// Hands what was sent to `client` to `take`, one frame after the other and each with the revision that it follows, until
    /// it returns something.
    pub(crate) fn fetch_reply_of<R>(
        &self,
        client: ClientId,
        mut take: impl FnMut(u64, &[u8]) -> Option<R>,
    ) -> Option<R> {
        self.with(|state| {
            let slot = &mut state.slots[usize::from(client.slot)];
            let mut answer = None;
            while let Some((revision, frame)) = slot.replies.first().filter(|_| answer.is_none()) {
                answer = take(revision, frame);
                slot.replies.remove_first();
            }
            answer
        })
    }

    /// Nobody waits for the answer any more. What the application has not got yet, it never gets: neither the message in the slot
    /// nor the `left` that were to follow it.
    pub(crate) fn withdraw(&self, client: ClientId, left: u8) {
        let inbox = self.limits().inbox;
        self.with(|state| {
            let slot = &mut state.slots[usize::from(client.slot)];
            if slot.number != client.number {
                return;
            }
            let waited = matches!(slot.inbox, InboxState::Queued(_));
            slot.free();
            debug_assert!(slot.message.bytes().is_empty());
            let places = usize::from(waited) + usize::from(left);
            if places > 0 {
                state.inbox_used -= places;
                state.reserve_free_slots(inbox);
            }
        });
    }
}
