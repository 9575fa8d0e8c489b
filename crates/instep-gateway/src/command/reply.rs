//! Answer that a device has yet to give.

use super::error::CommandError;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// What becomes of a command: the answer, or why there is none.
pub(crate) type Answer = Result<Box<[u8]>, CommandError>;

/// Answer that a device has yet to give: its frame `ok` or `error`, as it came.
///
/// The `id` in the frame is the one in the command's frame, or 0. An answer that comes after this future was dropped, or after its
/// time, is dropped. A command that has not left the gateway when this future is dropped is not sent.
#[derive(Debug)]
#[must_use = "a reply is a future"]
pub struct Reply(pub(super) oneshot::Receiver<Answer>);

impl Future for Reply {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // The fleet drops a sender only when it is dropped itself.
        Pin::new(&mut self.0).poll(context).map(|answer| answer.unwrap_or(Err(CommandError::TimedOut)))
    }
}
