//! What clients ask of the device's Thing, one request at a time: what is wrong is answered here, and the application
//! gets what is right.

use super::inbox::{Asked, Inbox, News, Owed};
use super::responder::{Answer, send_answer};
use crate::model::{Given, Input, Interaction, Reading, Reason, Thing, Wrong};
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

/// An [`Asked`] that knows where its text lies.
struct Found {
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
        let Asked { name, input } = self.next_asked(thing).await;
        let input = if matches!(input, Input::Text(_)) { Input::Text(self.text()) } else { input };
        Request { name, input }
    }

    /// Answers the last request with what came out. Without it, the next [`Inbox::next_request`] says that it is done.
    pub fn answer<'v>(&mut self, output: impl Into<Reading<'v>>) {
        if let Some(answer) = self.answer_later() {
            answer.give(output);
        }
    }

    /// Refuses the last request; `why` tells a person.
    pub fn refuse(&mut self, why: impl Display) {
        if let Some(answer) = self.answer_later() {
            answer.refuse(why);
        }
    }

    /// Takes over the answer to the last request, to give it when what takes its time is done: meanwhile the next request
    /// may come. `None`: it has been answered.
    pub fn answer_later(&mut self) -> Option<Answer<'d>> {
        let Owed { client, id, name } = self.owed.take()?;
        Some(Answer { device: self.device, client, id, name })
    }

    /// For the macro: as [`Inbox::next_request`].
    #[doc(hidden)]
    pub async fn next_asked(&mut self, thing: &'static Thing) -> Asked {
        if let Some(answer) = self.answer_later() {
            answer.done();
        }
        if let Some(asked) = self.next_restored(thing) {
            return asked;
        }
        loop {
            let (client, news) = self.next_news().await;
            let News::Data { kind, speaks_thing: asks_thing } = news else {
                self.note(client, news);
                continue;
            };
            self.note(client, news);
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
            self.owed = Some(Owed { client, id: found.id, name });
            return Asked { name, input: found.input };
        }
    }

    /// For the macro: the text of the last request.
    #[doc(hidden)]
    pub fn text(&self) -> &str {
        // It was text before it was unescaped, and is so now.
        core::str::from_utf8(&self.buffer.bytes()[self.text.clone()]).unwrap_or_default()
    }
}

fn read<'m>(thing: &'static Thing, kind: Kind, message: &'m [u8]) -> Result<Found, Wrong<'m>> {
    if kind == Kind::Binary {
        return Err(Wrong::new(Reason::Binary));
    }
    // The wire has been checked: text is UTF-8.
    let order = thing.read(core::str::from_utf8(message).unwrap_or_default())?;
    let (input, text) = match order.given {
        Given::Nothing => (Input::Nothing, None),
        Given::Bool(on) => (Input::Bool(on), None),
        Given::Number(number) => (Input::Number(number), None),
        Given::Choice(option) => (Input::Choice(option), None),
        Given::Text(text) => (Input::Text(""), Some(text.range())),
    };
    Ok(Found { interaction: order.interaction, id: order.id, input, text })
}
