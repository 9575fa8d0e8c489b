//! Requests to the Thing by plain HTTP. Each has a slot for as long as it takes, beside those of the clients: so whoever
//! asks takes nobody's place, and is answered as a client is.

use super::shared::Device;
use super::slot::{ClientId, FIRST};
use instep_proto::delivery::Storage as _;
use instep_proto::message::Kind;

impl Device {
    /// Puts a message, in parts, into the inbox. `None`: there is no room for it now.
    pub(crate) fn ask(&self, follower: usize, parts: &[&[u8]]) -> Option<ClientId> {
        let inbox = self.limits().inbox;
        self.with(|state| {
            let slots = state.slots.len();
            let mut all = slots - state.requests..slots;
            let free = all.find(|at| state.slots[*at].number == 0).filter(|_| state.places < inbox)?;
            let at = u16::try_from(free).ok()?;
            state.last_request = state.last_request.wrapping_add(1) % FIRST;
            let client = ClientId { number: FIRST + state.last_request, slot: at };
            let slot = &mut state.slots[free];
            if core::mem::take(&mut slot.attention) {
                // It was for the request before, whose driver may be another one.
                state.followers[usize::from(slot.follower)].attention.remove(at);
            }
            if !parts.iter().all(|part| slot.message.append(part)) {
                slot.message.clear();
                return None;
            }
            (slot.number, slot.follower) = (client.number, u16::try_from(follower).ok()?);
            (slot.heard, slot.asks_thing, slot.ready) = (true, true, Some(Kind::Text));
            state.places += 1;
            state.tell(at);
            Some(client)
        })
    }

    /// Hands what was sent to `client` to `take`, one frame after the other and each with the revision that it follows, until
    /// it returns something. Then, the request is over.
    pub(crate) fn fetch_answer<R>(
        &self,
        client: ClientId,
        mut take: impl FnMut(u64, &[u8]) -> Option<R>,
    ) -> Option<R> {
        let answer = self.with(|state| {
            let slot = &mut state.slots[usize::from(client.slot)];
            let mut answer = None;
            while let Some((revision, frame)) = slot.replies.first().filter(|_| answer.is_none()) {
                answer = take(revision, frame);
                slot.replies.remove_first();
            }
            answer
        });
        if answer.is_some() {
            self.withdraw(client);
        }
        answer
    }

    /// Nobody waits for the answer any more. If the application has not got the request yet, it never does.
    pub(crate) fn withdraw(&self, client: ClientId) {
        let inbox = self.limits().inbox;
        self.with(|state| {
            let slot = &mut state.slots[usize::from(client.slot)];
            if slot.number != client.number {
                return;
            }
            let waited = slot.ready.is_some() && !slot.parked;
            slot.free();
            debug_assert!(slot.message.bytes().is_empty());
            if waited {
                state.places -= 1;
                state.grant_places(inbox);
            }
        });
    }
}
