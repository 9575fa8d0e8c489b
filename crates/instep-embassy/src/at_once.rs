//! Frequent work of a connection that needs no turn: one short message, or one published frame.

use crate::connection::{Connection, Stage};
use crate::input::poll_once;
use crate::shared::Shared;
use core::task::{Context, Poll};
use instep::Instant;
use instep::driver::Newest;

impl Connection {
    /// Writes the newest frame if the client has received all others, and nothing else is to be done.
    ///
    /// Returns `false` if the client needs a turn.
    #[cfg_attr(not(debug_assertions), expect(unused_variables, reason = "only tests count"))]
    pub(crate) fn deliver(
        &mut self,
        context: &mut Context<'_>,
        now: Instant,
        newest: &Newest<'_>,
        shared: &Shared,
    ) -> bool {
        let Self { socket, stage, head, .. } = self;
        let Stage::Serving(serving) = stage else { return false };
        if head.is_some() {
            return false;
        }
        #[cfg(debug_assertions)]
        let mut wrote = false;
        let delivered = serving.client.deliver(now, newest, &mut |frame| {
            // The socket accepts the whole frame in one piece, or nothing of it.
            let fill = |space: &mut [u8]| match space.get_mut(..frame.len()) {
                Some(space) => {
                    space.copy_from_slice(frame);
                    (frame.len(), true)
                }
                None => (0, false),
            };
            let accepted = matches!(poll_once(context, socket.write_with(fill)), Poll::Ready(Ok(true)));
            #[cfg(debug_assertions)]
            {
                wrote = accepted;
            }
            accepted
        });
        serving.due &= !delivered;
        #[cfg(debug_assertions)]
        shared.without_turn.frames.count(wrote);
        delivered
    }

    /// Takes a short message in the socket's own buffer, if nothing else is to be done.
    ///
    /// Returns `Ready(false)` if the input needs a turn. If there is no input, the socket sets its signal when there is.
    pub(crate) fn take_short_message(
        &mut self,
        context: &mut Context<'_>,
        now: Instant,
        shared: &mut Shared,
    ) -> Poll<bool> {
        let room = self.room(shared);
        let Self { socket, stage, head, .. } = self;
        let Stage::Serving(serving) = stage else { return Poll::Ready(false) };
        if head.is_some() || !serving.client.is_open() {
            return Poll::Ready(false);
        }
        let device = shared.server.device;
        let take = |available: &mut [u8]| {
            let used = serving.client.take_short_message(now, available, room, device);
            (used, used > 0)
        };
        match poll_once(context, socket.read_with(take)) {
            Poll::Ready(taken) => {
                let taken = taken.unwrap_or(false);
                #[cfg(debug_assertions)]
                shared.without_turn.messages.count(taken);
                Poll::Ready(taken)
            }
            Poll::Pending => {
                self.awaits_input = true;
                Poll::Pending
            }
        }
    }
}
