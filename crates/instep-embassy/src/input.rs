//! Input of an open WebSocket, processed in place in its socket's buffer.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll};
use embassy_net::tcp::TcpSocket;

/// Copies input from the socket to `spare`, as far as it fits and is contiguous.
///
/// The input stays in the socket.
pub(crate) fn peek<'s>(
    context: &mut Context<'_>,
    socket: &mut TcpSocket<'_>,
    spare: &'s mut [u8],
) -> &'s mut [u8] {
    if !socket.can_recv() {
        return &mut [];
    }
    let look = |available: &mut [u8]| {
        let length = available.len().min(spare.len());
        spare[..length].copy_from_slice(&available[..length]);
        (0, length)
    };
    let length = match poll_once(context, socket.read_with(look)) {
        Poll::Ready(Ok(length)) => length,
        _ => 0,
    };
    &mut spare[..length]
}

/// Removes the first `used` bytes from the socket.
///
/// The bytes after them are written back, because they may have been unmasked.
pub(crate) fn put_back(context: &mut Context<'_>, socket: &mut TcpSocket<'_>, input: &[u8], used: usize) {
    if input.is_empty() {
        return;
    }
    let put_back = |available: &mut [u8]| {
        available[used..input.len()].copy_from_slice(&input[used..]);
        (used, ())
    };
    let _ = poll_once(context, socket.read_with(put_back));
}

/// Polls a future once and drops it. The future must lose nothing when it is dropped.
pub(crate) fn poll_once<F: Future>(context: &mut Context<'_>, future: F) -> Poll<F::Output> {
    pin!(future).poll(context)
}

/// Narrows the length of a socket's buffer, which is far below 64 KiB.
pub(crate) fn narrow(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}
