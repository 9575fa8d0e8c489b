//! Slots of HTTP requests to the Thing.
//!
//! A request has a slot until it is answered. Requests and clients have separate slots, so a request takes no client's place.

use super::shared::Device;
use super::slot::{ClientId, FIRST_COMMAND, FIRST_REQUEST, InboxState};
use super::slot_index::SlotIndex;
use instep_proto::delivery::Storage as _;
use instep_proto::message::Kind;

impl Device {
    /// Puts a message, in parts, into the inbox.
    ///
    /// Reserves `places` in the inbox: one for this message and the others for the next messages ([`Device::invoke_next`]). Returns
    /// `None` if there is no room for all of them.
    pub(crate) fn invoke(&self, follower: usize, parts: &[&[u8]], places: usize) -> Option<ClientId> {
        self.invoke_from(FIRST_REQUEST, follower, parts, places)
    }

    /// Puts the command of a broker, in parts, into the inbox, as [`Device::invoke`] does.
    pub(crate) fn command(&self, follower: usize, parts: &[&[u8]]) -> Option<ClientId> {
        self.invoke_from(FIRST_COMMAND, follower, parts, 1)
    }

    /// Puts a message into the inbox, whose sender has a number from `first` on.
    fn invoke_from(&self, first: u32, follower: usize, parts: &[&[u8]], places: usize) -> Option<ClientId> {
        let inbox = self.limits().inbox;
        self.with(|state| {
            let slots = state.slots.len();
            let mut all = slots - state.requests..slots;
            let free = all
                .find(|index| state.slots[*index].number == 0)
                .filter(|_| state.inbox_used + places <= inbox)?;
            let index = SlotIndex::new(free)?;
            state.last_request = state.last_request.wrapping_add(1) % (FIRST_COMMAND - FIRST_REQUEST);
            let client = ClientId { number: first + state.last_request, slot: index };
            let slot = &mut state.slots[free];
            if core::mem::take(&mut slot.is_ready) {
                // The entry is for the request before, whose driver may be another one.
                state.followers[usize::from(slot.follower)].ready.remove(index);
            }
            if !parts.iter().all(|part| slot.message.append(part)) {
                slot.message.clear();
                return None;
            }
            (slot.number, slot.follower) = (client.number, u16::try_from(follower).ok()?);
            (slot.notify_app, slot.speaks_thing, slot.inbox) = (true, true, InboxState::Queued(Kind::Text));
            state.inbox_used += places;
            state.enqueue_inbox(index);
            Some(client)
        })
    }

    /// Puts the request's next message, in parts, into its reserved place.
    ///
    /// Returns `false` if it is too long.
    pub(crate) fn invoke_next(&self, client: ClientId, parts: &[&[u8]]) -> bool {
        self.with(|state| {
            let slot = &mut state.slots[client.slot.get()];
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

    /// Passes the frames for `client` to `take`, until it returns a value.
    ///
    /// Each frame comes with the revision that it follows.
    pub(crate) fn fetch_reply_of<R>(
        &self,
        client: ClientId,
        mut take: impl FnMut(u64, &[u8]) -> Option<R>,
    ) -> Option<R> {
        self.with(|state| {
            let slot = &mut state.slots[client.slot.get()];
            let mut answer = None;
            while let Some((revision, frame)) = slot.replies.first().filter(|_| answer.is_none()) {
                answer = take(revision, frame);
                slot.replies.remove_first();
            }
            answer
        })
    }

    /// Releases the slot of a request, which waits no more for a reply.
    ///
    /// The application receives neither the message that waits in the slot nor the `left` messages that would follow it.
    pub(crate) fn withdraw(&self, client: ClientId, left: u8) {
        let inbox = self.limits().inbox;
        self.with(|state| {
            let slot = &mut state.slots[client.slot.get()];
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
