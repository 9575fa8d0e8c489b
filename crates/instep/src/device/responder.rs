//! Replies of the application to requests.

use super::error::SendError;
use super::open_request::OpenRequest;
use super::shared::Device;
use super::slot::ClientId;
use crate::log::NOT_PUBLISHED;
use crate::model::{Reading, error_frame};
use core::fmt::Display;

/// The answer to one request, for the application to give. It does not borrow the inbox.
///
/// A request that is not answered is answered with `ok` when the application receives the next one. [`Responder::defer`] keeps it open
/// beyond that. Each request has one answer: a responder whose request was answered does nothing, and logs so at level debug.
/// The same holds for requests of no client, as of properties that are restored.
#[derive(Clone, Copy, Debug)]
pub struct Responder<'d> {
    pub(super) device: &'d Device,
    pub(super) client: ClientId,
    /// The id of the reply, or `None` if the client asked for none. A refusal is sent in any case.
    pub(super) id: Option<u64>,
    pub(super) name: &'static str,
    /// Number of the request, for [`OpenRequest::take`].
    pub(super) serial: u32,
}

impl Responder<'_> {
    /// Answers that the request is done.
    pub fn done(self) {
        if self.take_or_log() {
            self.send_done();
        }
    }

    /// Answers that the request is done, with its output.
    pub fn respond<'v>(self, output: impl Into<Reading<'v>>) {
        if self.take_or_log()
            && let Some(id) = self.id
        {
            self.send(format_args!(
                "{{\"label\":\"ok\",\"id\":{id},\"value\":{}}}",
                crate::model::output(output.into())
            ));
        }
    }

    /// Refuses the request; `reason` is for a person to read.
    pub fn refuse(self, reason: impl Display) {
        if self.take_or_log() {
            let frame_max = self.device.limits().frame;
            self.send(error_frame(self.id, Some(self.name), "refused", reason, frame_max));
        }
    }

    /// Keeps the request open beyond the next receive, and returns the responder that answers it then.
    ///
    /// The client waits until the returned responder answers; if that is dropped, it gets no answer.
    #[must_use = "the client waits for the answer"]
    pub fn defer(self) -> Self {
        let serial = if self.take_or_log() { OpenRequest::DEFERRED } else { self.serial };
        Self { serial, ..self }
    }

    /// Answers with `ok` if the answer is still due.
    pub(super) fn done_if_due(self) {
        if self.take() {
            self.send_done();
        }
    }

    /// Returns whether the answer is due, and takes it as given.
    fn take(&self) -> bool {
        self.device.with(|state| state.open_request.take(self.serial))
    }

    fn take_or_log(&self) -> bool {
        let is_due = self.take();
        if !is_due {
            log::debug!("Not answered: no answer is due to the request for {}", self.name);
        }
        is_due
    }

    fn send_done(&self) {
        if let Some(id) = self.id {
            self.send(format_args!("{{\"label\":\"ok\",\"id\":{id}}}"));
        }
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
