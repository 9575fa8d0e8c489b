//! Functions of the device for a driver without a feed of its own, such as the client of a broker.

use super::admission::SlotHandle;
use super::shared::Device;
use super::slot::{ClientId, InboxState};
use crate::time::Instant;
use instep_proto::delivery::Feed;

impl Device {
    /// Calls `with` with the device's own feed, while the device is locked.
    ///
    /// The driver with the index `follower` is called again after the next change, if it has registered its waker.
    pub(crate) fn with_feed<R>(&self, now: Instant, follower: usize, with: impl FnOnce(&Feed<'_>) -> R) -> R {
        self.with(|state| {
            state.histories.record(now);
            while let Some(slot) = state.followers[follower].ready.pop() {
                state.slots[slot.get()].is_ready = false;
            }
            with(&state.feed)
        })
    }

    /// Returns whether there is room for one more command of a broker.
    pub(crate) fn has_room_for_command(&self) -> bool {
        let inbox = self.limits().inbox;
        self.with(|state| {
            let first = state.slots.len() - state.requests;
            state.inbox_used < inbox && state.slots[first..].iter().any(|slot| slot.number == 0)
        })
    }

    /// Returns whether the application has received the message of this request.
    pub(crate) fn has_received(&self, client: ClientId) -> bool {
        self.with(|state| {
            let slot = &state.slots[client.slot.get()];
            slot.number != client.number || slot.inbox == InboxState::Idle
        })
    }

    /// Passes the first reply to a request to `take`, and removes the reply if `take` returns `true`.
    ///
    /// The reply comes with the revision that it follows. Returns whether it was removed.
    pub(crate) fn take_reply_of(&self, client: ClientId, take: &mut dyn FnMut(u64, &[u8]) -> bool) -> bool {
        self.fetch_reply(SlotHandle { client, notify_app: true }, take)
    }
}
