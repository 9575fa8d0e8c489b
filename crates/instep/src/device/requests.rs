//! Requests to the Thing, of which the application receives only valid ones.

use super::inbox::{Inbox, InboxItem, Invoked};
use super::responder::{Responder, send_answer};
use super::slot::ClientId;
use crate::model::{Input, Invocation, RequestError, RequestErrorKind, Thing};
use instep_proto::delivery::Storage as _;
use instep_proto::json::unescape;
use instep_proto::message::Kind;

/// Valid request of a client to write a property or to invoke an action.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Request<'m> {
    /// The name of the property or action.
    pub name: &'static str,
    /// The value to write, or the input of the action.
    pub input: Input<'m>,
}

impl<'d> Inbox<'d> {
    /// Waits for the next valid request to `thing`, and returns it with its responder.
    ///
    /// An invalid request is answered with an error, and changes nothing. Connects and disconnects are skipped, as are messages at
    /// endpoints that are not the Thing's.
    ///
    /// The previous request is answered with `ok` now, unless its [`Responder`] answered or deferred it. Dropping the future loses
    /// nothing.
    pub async fn recv_request<'i>(&'i mut self, thing: &'static Thing) -> (Request<'i>, Responder<'d>) {
        let (Invoked { name, input }, responder) = self.recv_invoked(thing).await;
        let input = if matches!(input, Input::Text(_)) { Input::Text(self.text()) } else { input };
        (Request { name, input }, responder)
    }

    /// Does the same as [`Inbox::recv_request`], for the macro.
    #[doc(hidden)]
    pub async fn recv_invoked(&mut self, thing: &'static Thing) -> (Invoked, Responder<'d>) {
        if let Some(responder) = self.last_request.take() {
            responder.done_if_due();
        }
        let next_invoked = self.restoring.map(|restoring| restoring.next_invoked);
        if let Some(restored) = next_invoked.and_then(|next_invoked| next_invoked(self, thing)) {
            let no_client = ClientId { number: 0, slot: 0 };
            return (restored, self.responder(no_client, None, restored.name, false));
        }
        loop {
            let (client, news) = self.recv_item().await;
            let InboxItem::Data { kind, speaks_thing } = news else {
                self.log_item(client, news);
                continue;
            };
            self.log_item(client, news);
            if !speaks_thing {
                continue;
            }
            let found = match read(thing, kind, self.buffer.bytes()) {
                Ok(found) => found,
                Err(wrong) => {
                    send_answer(self.device, client, wrong.frame(self.device.limits().frame));
                    continue;
                }
            };
            let start = found.text.start;
            self.text = start..start + unescape(&mut self.buffer.bytes_mut()[found.text]);
            let name = found.interaction.name;
            let responder = self.responder(client, found.id, name, true);
            self.last_request = Some(responder);
            return (Invoked { name, input: found.input }, responder);
        }
    }

    /// Returns the responder of a new request. `is_open` is whether a client waits for its answer.
    fn responder(
        &self,
        client: ClientId,
        id: Option<u64>,
        name: &'static str,
        is_open: bool,
    ) -> Responder<'d> {
        let serial = self.device.with(|state| state.open_request.begin(is_open));
        Responder { device: self.device, client, id, name, serial }
    }

    /// Returns the text of the last request. For the macro.
    #[doc(hidden)]
    pub fn text(&self) -> &str {
        // Always valid, because unescaping text results in text.
        core::str::from_utf8(&self.buffer.bytes()[self.text.clone()]).unwrap_or_default()
    }
}

pub(super) fn read<'m>(
    thing: &'static Thing,
    kind: Kind,
    message: &'m [u8],
) -> Result<Invocation, RequestError<'m>> {
    if kind == Kind::Binary {
        return Err(RequestError::new(RequestErrorKind::Binary));
    }
    // Always valid, because the receiver has checked that text is UTF-8.
    thing.read(core::str::from_utf8(message).unwrap_or_default())
}
