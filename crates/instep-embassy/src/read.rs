//! Reads a connection's input, and gives its client a turn with it.

use crate::connection::{Connection, Stage};
use crate::input::{narrow, poll_once};
use crate::shared::Shared;
use crate::sizes;
use core::task::{Context, Poll};
use embassy_net::tcp::State;
use instep::Instant;

/// How long the end of a control frame is waited for until it is looked for, in milliseconds: what has come of it stays in
/// the socket, which wakes nobody for more of it.
const CONTROL_TIME: u64 = 10;

impl Connection {
    /// Reads what there is, and gives a turn. `false`: there is nothing.
    pub(crate) fn read(&mut self, context: &mut Context<'_>, now: Instant, shared: &mut Shared) -> bool {
        let Stage::Serving(serving) = &mut self.stage else { return false };
        let length = usize::from(self.length);
        let least = serving.client.least_input();
        let open = serving.client.is_open();
        let there = self.socket.recv_queue();
        let buffer = match &mut self.head {
            // An open WebSocket gives the buffer back as soon as it can: no more is read than that takes.
            Some(head) if open && length > 0 => &mut head[length..least.max(length + 1)],
            // What comes behind a head waits until that is answered. There is always room: a client that wants more leaves no
            // more than `Client::tail_max`.
            Some(head) => {
                let end = head.len().min(length + sizes::INPUT);
                &mut head[length..end]
            }
            None if there == 0 => &mut shared.input[..1],
            None if least == 1 => {
                self.turn(context, now, shared, 0);
                return true;
            }
            None if there < least && self.socket.state() == State::Established => {
                serving.wake_at = serving.wake_at.min(now.after(CONTROL_TIME));
                return false;
            }
            None if self.socket.send_capacity() - self.socket.send_queue() < sizes::CONTROL_ROOM => {
                // Once it is read it has to be answered.
                (serving.wants_write, serving.queued) = (true, narrow(self.socket.send_queue()));
                let _ = poll_once(context, self.socket.flush());
                return false;
            }
            None => &mut shared.input[..least],
        };
        match poll_once(context, self.socket.read(buffer)) {
            Poll::Pending => {
                self.waits_in = Some(self.socket.state());
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
