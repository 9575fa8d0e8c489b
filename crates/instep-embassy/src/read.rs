//! Reading of a connection's input.

use crate::connection::{Connection, Stage};
use crate::input::{narrow, poll_once};
use crate::shared::Shared;
use crate::sizes;
use core::task::{Context, Poll};
use embassy_net::tcp::State;
use instep::Instant;

/// Interval at which the end of a control frame is polled for, in ms.
///
/// The start of the frame stays in the socket, and a socket that holds input does not wake its driver for more.
const CONTROL_TIME_MS: u64 = 10;

impl Connection {
    /// Reads once, and gives the client a turn. Returns `false` if there is no input.
    pub(crate) fn read(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared) -> bool {
        let Stage::Serving(serving) = &mut self.stage else { return false };
        let length = usize::from(self.length);
        let min = serving.client.least_input();
        let open = serving.client.is_open();
        let available = self.socket.recv_queue();
        let buffer = match &mut self.head {
            // An open WebSocket returns the buffer as soon as it is empty, so no more is read than the next
            // item needs.
            Some(head) if open && length > 0 => &mut head[length..min.max(length + 1)],
            // Input after a head waits for the response to the head. There is always space, because a client leaves
            // at most `Client::tail_max` bytes unused.
            Some(head) => {
                let end = head.len().min(length + sizes::INPUT);
                &mut head[length..end]
            }
            None if available == 0 => &mut shared.input[..1],
            None if min == 1 => {
                self.turn(context, now, shared, 0);
                return true;
            }
            None if available < min && self.socket.state() == State::Established => {
                serving.wake_at = serving.wake_at.min(now.after(CONTROL_TIME_MS));
                return false;
            }
            None if shared.send_capacity - self.socket.send_queue() < sizes::CONTROL_ROOM => {
                // A control frame is read only if its response fits into the socket.
                (serving.wants_write, serving.queued) = (true, narrow(self.socket.send_queue()));
                let _ = poll_once(context, self.socket.flush());
                return false;
            }
            None => &mut shared.input[..min],
        };
        match poll_once(context, self.socket.read(buffer)) {
            Poll::Pending => {
                self.awaits_input = true;
                return false;
            }
            Poll::Ready(Ok(0)) => {
                serving.client.input_ended();
                self.turn(context, now, shared, 0);
            }
            Poll::Ready(Ok(read)) if self.head.is_some() => {
                self.length += narrow(read);
                self.turn(context, now, shared, 0);
            }
            Poll::Ready(Ok(read)) => self.turn(context, now, shared, read),
            Poll::Ready(Err(_)) => self.abandon(context, now, shared),
        }
        true
    }
}
