//! Opening and closing of the transport to a broker.

use super::resolve::{Room, resolve};
use super::wait::{pause, within};
use crate::input::poll_once;
use core::future::Future as _;
use core::pin::pin;
use embassy_net::Stack;
use embassy_net::tcp::{ConnectError, TcpSocket};
use embassy_time::Duration;
use instep_mqtt::{BrokerAddress, TransportError};

/// Timeout of the connection.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Interval of polling the network while it is down. embassy-net has one waker for it, which the board uses.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Timeout of the last packet, and of the end of the connection.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// Waits for the network, and opens the transport to a broker. The query in `room` is lent for the time of this call.
pub(super) async fn open<'b>(
    stack: Stack<'static>,
    address: &BrokerAddress<'_>,
    random: fn() -> u32,
    Room { receive, send, query }: Room<'b, '_>,
) -> Result<TcpSocket<'b>, TransportError> {
    while !stack.is_link_up() || !stack.is_config_up() {
        pause(POLL_INTERVAL).await;
    }
    // Until there is a connection, its buffers are free.
    let room = Room { receive: &mut *send, send: &mut *receive, query };
    let host = resolve(stack, address.host, random(), room).await?;
    let mut socket = TcpSocket::new(stack, receive, send);
    // Nagle's algorithm would only delay, because what is due leaves in one write.
    socket.set_nagle_enabled(false);
    let mut connected = None;
    {
        let mut connect = pin!(socket.connect((host, address.port)));
        within(TIMEOUT, &mut |context| connect.as_mut().poll(context).map(|end| connected = Some(end))).await;
    }
    let failed = match connected {
        Some(Ok(())) => return Ok(socket),
        Some(Err(ConnectError::ConnectionReset)) => TransportError::Refused,
        Some(Err(_)) => TransportError::Unreachable,
        None => TransportError::TimedOut,
    };
    socket.abort();
    Err(failed)
}

/// Closes the transport, so that the broker hears of it.
///
/// `is_told` is whether it may still read what was written.
pub(super) async fn close(socket: &mut TcpSocket<'_>, is_told: bool) {
    if is_told {
        socket.close();
        flush(socket).await;
    }
    socket.abort();
    // It ends when the reset has left.
    flush(socket).await;
}

async fn flush(socket: &mut TcpSocket<'_>) {
    within(CLOSE_TIMEOUT, &mut |context| poll_once(context, socket.flush()).map(|_| ())).await;
}
