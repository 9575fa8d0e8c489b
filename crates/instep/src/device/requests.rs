//! What clients ask of the device's Thing, one request at a time: what is wrong is answered here, and the application
//! gets what is right.

use super::inbox::{Inbox, InboxItem, Invoked, PendingReply};
use super::responder::{Responder, send_answer};
use crate::model::{Argument, Input, Interaction, Reading, RequestError, RequestErrorKind, Thing};
use core::fmt::Display;
use core::ops::Range;
use instep_proto::delivery::Storage as _;
use instep_proto::json::unescape;
use instep_proto::message::Kind;

/// A write or an action that a client asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Request<'m> {
    /// The name of the property or action.
    pub name: &'static str,
    /// What came with it.
    pub input: Input<'m>,
}

/// An [`Invoked`] that knows where its text lies.
struct Decoded {
    interaction: &'static Interaction,
    id: Option<u64>,
    input: Input<'static>,
    text: Option<Range<usize>>,
}

impl<'d> Inbox<'d> {
    /// Waits for the next request to `thing` that can be met. Others are answered with what was wrong with them, and
    /// change nothing. That clients connect and leave is not told, and messages at endpoints that are not the Thing's
    /// are passed over.
    ///
    /// Whoever asked before, and has no answer yet, is told now that it is done. Dropping the future loses nothing.
    pub async fn next_request(&mut self, thing: &'static Thing) -> Request<'_> {
        let Invoked { name, input } = self.next_invoked(thing).await;
        let input = if matches!(input, Input::Text(_)) { Input::Text(self.text()) } else { input };
        Request { name, input }
    }

    /// Answers the last request with what came out. Without it, the next [`Inbox::next_request`] says that it is done.
    pub fn answer<'v>(&mut self, output: impl Into<Reading<'v>>) {
        if let Some(answer) = self.defer() {
            answer.respond(output);
        }
    }

    /// Refuses the last request; `why` tells a person.
    pub fn refuse(&mut self, why: impl Display) {
        if let Some(answer) = self.defer() {
            answer.refuse(why);
        }
    }

    /// Takes over the answer to the last request, to give it when what takes its time is done: meanwhile the next request
    /// may come. `None`: it has been answered.
    pub fn defer(&mut self) -> Option<Responder<'d>> {
        let PendingReply { client, id, name } = self.pending_reply.take()?;
        Some(Responder { device: self.device, client, id, name })
    }

    /// For the macro: as [`Inbox::next_request`].
    #[doc(hidden)]
    pub async fn next_invoked(&mut self, thing: &'static Thing) -> Invoked {
        if let Some(answer) = self.defer() {
            answer.done();
        }
        if let Some(asked) = self.next_restored(thing) {
            return asked;
        }
        loop {
            let (client, news) = self.next_item().await;
            let InboxItem::Data { kind, speaks_thing: asks_thing } = news else {
                self.log_item(client, news);
                continue;
            };
            self.log_item(client, news);
            if !asks_thing {
                continue;
            }
            let found = match read(thing, kind, self.buffer.bytes()) {
                Ok(found) => found,
                Err(wrong) => {
                    send_answer(self.device, client, wrong.frame(self.device.limits().frame));
                    continue;
                }
            };
            self.text = found.text.map_or(0..0, |text| {
                let length = unescape(&mut self.buffer.bytes_mut()[text.clone()]);
                text.start..text.start + length
            });
            let name = found.interaction.name;
            self.pending_reply = Some(PendingReply { client, id: found.id, name });
            return Invoked { name, input: found.input };
        }
    }

    /// For the macro: the text of the last request.
    #[doc(hidden)]
    pub fn text(&self) -> &str {
        // It was text before it was unescaped, and is so now.
        core::str::from_utf8(&self.buffer.bytes()[self.text.clone()]).unwrap_or_default()
    }
}

fn read<'m>(thing: &'static Thing, kind: Kind, message: &'m [u8]) -> Result<Decoded, RequestError<'m>> {
    if kind == Kind::Binary {
        return Err(RequestError::new(RequestErrorKind::Binary));
    }
    // The wire has been checked: text is UTF-8.
    let order = thing.read(core::str::from_utf8(message).unwrap_or_default())?;
    let (input, text) = match order.argument {
        Argument::Nothing => (Input::Nothing, None),
        Argument::Bool(on) => (Input::Bool(on), None),
        Argument::Number(number) => (Input::Number(number), None),
        Argument::Choice(option) => (Input::Choice(option), None),
        Argument::Text(text) => (Input::Text(""), Some(text.range())),
    };
    Ok(Decoded { interaction: order.interaction, id: order.id, input, text })
}
