//! From a socket to its client: what is read, and what is only looked at.

use crate::connection::{Connection, Stage};
use crate::driver::Shared;
use crate::sizes;
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll};
use embassy_net::tcp::{State, TcpSocket};
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

/// What lies in the socket, as much of it as has room in `spare` and lies in one piece. It stays there.
pub(crate) fn look<'s>(
    context: &mut Context<'_>,
    socket: &mut TcpSocket<'_>,
    spare: &'s mut [u8],
) -> &'s mut [u8] {
    if !socket.can_recv() {
        return &mut [];
    }
    let look = |there: &mut [u8]| {
        let length = there.len().min(spare.len());
        spare[..length].copy_from_slice(&there[..length]);
        (0, length)
    };
    let length = match poll_once(context, socket.read_with(look)) {
        Poll::Ready(Ok(length)) => length,
        _ => 0,
    };
    &mut spare[..length]
}

/// Takes the first `used` bytes out of the socket. What is behind them may have been unmasked, and is put back so.
pub(crate) fn put_back(context: &mut Context<'_>, socket: &mut TcpSocket<'_>, input: &[u8], used: usize) {
    if input.is_empty() {
        return;
    }
    let put_back = |there: &mut [u8]| {
        there[used..input.len()].copy_from_slice(&input[used..]);
        (used, ())
    };
    let _ = poll_once(context, socket.read_with(put_back));
}

/// Polls a future that loses nothing when it is dropped.
pub(crate) fn poll_once<F: Future>(context: &mut Context<'_>, future: F) -> Poll<F::Output> {
    pin!(future).poll(context)
}

/// Lengths of sockets' buffers, which are far less than this holds.
pub(crate) fn narrow(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}
