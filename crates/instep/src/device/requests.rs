//! Requests to the Thing, of which the application receives only valid ones.

use super::inbox::{Inbox, InboxItem, Invoked, PendingReply};
use super::responder::{Responder, send_answer};
use crate::model::{Argument, Input, Interaction, Reading, RequestError, RequestErrorKind, Thing};
use core::fmt::Display;
use core::ops::Range;
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

/// [`Invoked`] with the range of its text in the message.
struct Decoded {
    interaction: &'static Interaction,
    id: Option<u64>,
    input: Input<'static>,
    text: Option<Range<usize>>,
}

impl<'d> Inbox<'d> {
    /// Waits for the next valid request to `thing`.
    ///
    /// Invalid requests are answered with an error and change nothing. Connects, disconnects and messages at other endpoints are
    /// logged and skipped. If the last request has no reply yet, it is answered as done now. Dropping the future loses no request.
    pub async fn next_request(&mut self, thing: &'static Thing) -> Request<'_> {
        let Invoked { name, input } = self.next_invoked(thing).await;
        let input = if matches!(input, Input::Text(_)) { Input::Text(self.text()) } else { input };
        Request { name, input }
    }

    /// Answers the last request with an output.
    ///
    /// Without a call, the next [`Inbox::next_request`] answers that it is done.
    pub fn answer<'v>(&mut self, output: impl Into<Reading<'v>>) {
        if let Some(responder) = self.defer() {
            responder.respond(output);
        }
    }

    /// Refuses the last request. `why` is the reason for people.
    pub fn refuse(&mut self, why: impl Display) {
        if let Some(responder) = self.defer() {
            responder.refuse(why);
        }
    }

    /// Defers the reply to the last request.
    ///
    /// So a slow action can be done while further requests are served. Returns `None` if the request has been answered.
    pub fn defer(&mut self) -> Option<Responder<'d>> {
        let PendingReply { client, id, name } = self.pending_reply.take()?;
        Some(Responder { device: self.device, client, id, name })
    }

    /// Waits for the next valid request, as [`Inbox::next_request`] does.
    ///
    /// For the macro.
    #[doc(hidden)]
    pub async fn next_invoked(&mut self, thing: &'static Thing) -> Invoked {
        if let Some(responder) = self.defer() {
            responder.done();
        }
        if let Some(restored) = self.next_restored(thing) {
            return restored;
        }
        loop {
            let (client, item) = self.next_item().await;
            let InboxItem::Data { kind, speaks_thing } = item else {
                self.log_item(client, item);
                continue;
            };
            self.log_item(client, item);
            if !speaks_thing {
                continue;
            }
            let request = match read(thing, kind, self.buffer.bytes()) {
                Ok(request) => request,
                Err(error) => {
                    send_answer(self.device, client, error.frame(self.device.limits().frame));
                    continue;
                }
            };
            self.text = request.text.map_or(0..0, |text| {
                let length = unescape(&mut self.buffer.bytes_mut()[text.clone()]);
                text.start..text.start + length
            });
            let name = request.interaction.name;
            self.pending_reply = Some(PendingReply { client, id: request.id, name });
            return Invoked { name, input: request.input };
        }
    }

    /// Returns the text of the last request. For the macro.
    #[doc(hidden)]
    pub fn text(&self) -> &str {
        // Cannot fail, because unescaping keeps UTF-8 valid.
        core::str::from_utf8(&self.buffer.bytes()[self.text.clone()]).unwrap_or_default()
    }
}

fn read<'m>(thing: &'static Thing, kind: Kind, message: &'m [u8]) -> Result<Decoded, RequestError<'m>> {
    if kind == Kind::Binary {
        return Err(RequestError::new(RequestErrorKind::Binary));
    }
    // Cannot fail, because the receiver accepts UTF-8 only.
    let invocation = thing.read(core::str::from_utf8(message).unwrap_or_default())?;
    let (input, text) = match invocation.argument {
        Argument::Nothing => (Input::Nothing, None),
        Argument::Bool(on) => (Input::Bool(on), None),
        Argument::Number(number) => (Input::Number(number), None),
        Argument::Choice(option) => (Input::Choice(option), None),
        Argument::Text(text) => (Input::Text(""), Some(text.range())),
    };
    Ok(Decoded { interaction: invocation.interaction, id: invocation.id, input, text })
}
