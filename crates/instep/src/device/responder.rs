//! Replies of the application to requests.

use super::error::SendError;
use super::shared::Device;
use super::slot::ClientId;
use crate::log::NOT_PUBLISHED;
use crate::model::{ErrorFrame, Output, Reading};
use core::fmt::Display;

/// Responder to one request, to be used once the request is done or refused.
///
/// Dropping it sends no reply. An HTTP client then gets 503 after 5 s.
#[derive(Clone, Copy, Debug)]
#[must_use = "the client waits for the reply"]
pub struct Responder<'d> {
    pub(super) device: &'d Device,
    pub(super) client: ClientId,
    /// The id of the reply, or `None` if the client asked for none. A refusal is sent in any case.
    pub(super) id: Option<u64>,
    pub(super) name: &'static str,
}

impl Responder<'_> {
    /// Answers that the request is done.
    pub fn done(self) {
        if let Some(id) = self.id {
            self.send(format_args!("{{\"label\":\"ok\",\"id\":{id}}}"));
        }
    }

    /// Answers that the request is done, with an output.
    pub fn respond<'v>(self, output: impl Into<Reading<'v>>) {
        if let Some(id) = self.id {
            self.send(format_args!("{{\"label\":\"ok\",\"id\":{id},\"value\":{}}}", Output(output.into())));
        }
    }

    /// Refuses the request. `why` is the reason for people.
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

/// Sends a reply to a client, unless it has disconnected.
pub(super) fn send_answer(device: &Device, client: ClientId, frame: impl Display) {
    match device.send(client, frame) {
        Ok(()) | Err(SendError::Gone) => {}
        Err(error) => {
            log::warn!(target: NOT_PUBLISHED, client = client.logged(); "[{client}] Not answered: {error}");
        }
    }
}
