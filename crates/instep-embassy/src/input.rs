//! From a socket to its client: what is read, and what is only looked at.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll};
use embassy_net::tcp::TcpSocket;

/// What lies in the socket, as much of it as has room in `spare` and lies in one piece. It stays there.
pub(crate) fn peek<'s>(
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
