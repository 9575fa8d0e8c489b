//! What a gateway does with a device that stands for another one: its memory is used again, and its requests go there.

use super::inbox::{Inbox, InboxItem};
use super::past_values::PastValues;
use super::requests::read;
use super::responder::send_answer;
use super::shared::Device;
use super::slot::ClientId;
use super::state::State;
use crate::model::Thing;
use alloc::sync::Arc;
use core::num::NonZeroU32;
use instep_proto::delivery::Storage as _;

/// Valid request of a client, to be passed on as the client sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forwarded<'i> {
    /// Who sent it; [`Device::send`] answers.
    pub client: ClientId,
    /// Whether it came by HTTP, and not by a WebSocket.
    pub by_http: bool,
    /// The name of the property or action.
    pub name: &'static str,
    /// The id of the answer, if the client asks for one. A request by HTTP has the id 0.
    pub id: Option<u64>,
    /// The frame.
    pub frame: &'i str,
}

impl Inbox<'_> {
    /// Waits for the next valid request to `thing`, and returns it as the client sent it.
    ///
    /// An invalid request is answered with an error, as by [`Inbox::recv_request`]. Nothing answers a valid one but
    /// [`Device::send`]. Dropping the future loses nothing.
    pub async fn recv_forwarded(&mut self, thing: &'static Thing) -> Forwarded<'_> {
        let (client, name, id) = loop {
            let (client, item) = self.recv_item().await;
            self.log_item(client, item);
            let InboxItem::Data { kind, speaks_thing: true } = item else { continue };
            match read(thing, kind, self.buffer.bytes()) {
                Ok(found) => break (client, found.interaction.name, found.id),
                Err(wrong) => {
                    send_answer(self.device, client, wrong.frame(self.device.limits().frame));
                    // Clients that flood this device must not stop the tasks of others.
                    embassy_futures::yield_now().await;
                }
            }
        };
        // Always valid, because the receiver has checked that text is UTF-8.
        let frame = core::str::from_utf8(self.buffer.bytes()).unwrap_or_default();
        Forwarded { client, by_http: client.is_request(), name, id, frame }
    }
}

impl Device {
    /// Forgets everything, as a device that was just created, so that the device can stand for another one.
    ///
    /// No driver may have a client of the device any more, and the application no inbox.
    pub fn recycle(&self) {
        self.with(State::recycle);
    }

    /// Answers histories of sensors by these past values from now on, until [`Device::recycle`].
    pub fn answer_histories_by(&self, past: Arc<dyn PastValues>) {
        self.with(|state| state.past = Some(past));
    }

    /// Returns whether a client with this session is connected.
    pub fn uses_session(&self, session: NonZeroU32) -> bool {
        self.session_in_use(session)
    }

    /// Revokes the credential of all clients with this session, which are closed with 1008. `None` stands for all clients.
    pub fn revoke_session(&self, session: Option<NonZeroU32>) {
        self.revoke(session);
    }

    /// Wakes all drivers, because something else has changed that concerns them.
    pub fn wake_drivers(&self) {
        self.with(State::wake_followers);
    }
}
