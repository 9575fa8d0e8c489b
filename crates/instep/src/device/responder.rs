//! The answer that the application owes a client.

use super::error::SendError;
use super::shared::Device;
use super::slot::ClientId;
use crate::log::NOT_PUBLISHED;
use crate::model::{ErrorFrame, Output, Reading};
use core::fmt::Display;

/// The answer to one request, for the application to give: at the latest, it should be given when what was asked for is done.
///
/// Dropping it answers nothing.
#[derive(Clone, Copy, Debug)]
#[must_use = "whoever asked waits for it"]
pub struct Responder<'d> {
    pub(super) device: &'d Device,
    pub(super) client: ClientId,
    /// None: nobody asked for an answer; a refusal is told anyway.
    pub(super) id: Option<u64>,
    pub(super) name: &'static str,
}

impl Responder<'_> {
    /// It is done.
    pub fn done(self) {
        if let Some(id) = self.id {
            self.send(format_args!("{{\"label\":\"ok\",\"id\":{id}}}"));
        }
    }

    /// It is done, and this came out.
    pub fn respond<'v>(self, output: impl Into<Reading<'v>>) {
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
        send_answer(self.device, self.client, frame);
    }
}

/// Sends a client its answer. One that is gone needs none.
pub(super) fn send_answer(device: &Device, client: ClientId, frame: impl Display) {
    match device.send(client, frame) {
        Ok(()) | Err(SendError::Gone) => {}
        Err(error) => {
            log::warn!(target: NOT_PUBLISHED, client = client.logged(); "[{client}] Not answered: {error}");
        }
    }
}
