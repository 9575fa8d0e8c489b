//! The answer that the application owes a client.

use super::publish::Reading;
use super::wrong::ErrorFrame;
use crate::device::{ClientId, Device};
use core::fmt::{self, Display};
use instep_proto::json::Text;

/// The answer to one request, for the application to give: at the latest, it should be given when what was asked for is done.
///
/// Dropping it answers nothing.
#[derive(Clone, Copy, Debug)]
#[must_use = "whoever asked waits for it"]
pub struct Answer<'d> {
    pub(crate) device: &'d Device,
    pub(crate) client: ClientId,
    /// None: nobody asked for an answer; a refusal is told anyway.
    pub(crate) id: Option<u64>,
    pub(crate) name: &'static str,
}

impl Answer<'_> {
    /// It is done.
    pub fn done(self) {
        if let Some(id) = self.id {
            self.send(format_args!("{{\"label\":\"ok\",\"id\":{id}}}"));
        }
    }

    /// It is done, and this came out.
    pub fn give<'v>(self, output: impl Into<Reading<'v>>) {
        if let Some(id) = self.id {
            self.send(format_args!("{{\"label\":\"ok\",\"id\":{id},\"value\":{}}}", Output(output.into())));
        }
    }

    /// It was not done; `why` says so to a person.
    pub fn refuse(self, why: impl Display) {
        let frame_max = self.device.limits().frame;
        self.send(ErrorFrame {
            id: self.id,
            name: Some(self.name),
            code: "refused",
            message: why,
            frame_max,
        });
    }

    fn send(&self, frame: impl Display) {
        answer(self.device, self.client, frame);
    }
}

/// Sends a client its answer. One that is gone needs none.
pub(crate) fn answer(device: &Device, client: ClientId, frame: impl Display) {
    match device.send(client, frame) {
        Ok(()) | Err(crate::device::SendError::Gone) => {}
        Err(error) => log::warn!(client = client.logged(); "[{client}] Not answered: {error}"),
    }
}

/// What an action gives back, as JSON.
struct Output<'v>(Reading<'v>);

impl Display for Output<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Reading::Bool(on) => on.fmt(f),
            Reading::Number(number) if number.is_finite() => super::decimal::Plain(number).fmt(f),
            Reading::Unavailable | Reading::Number(_) => f.write_str("null"),
            Reading::Text(text) => Text::new(text).fmt(f),
        }
    }
}
