//! Opening and closing of the transport to a broker.

use super::resolve::{Room, resolve};
use embassy_net::Stack;
use embassy_net::tcp::{ConnectError, TcpSocket};
use embassy_time::{Duration, Timer, with_timeout};
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
        Timer::after(POLL_INTERVAL).await;
    }
    // Until there is a connection, its buffers are free.
    let room = Room { receive: &mut *send, send: &mut *receive, query };
    let host = resolve(stack, address.host, random(), room).await?;
    let mut socket = TcpSocket::new(stack, receive, send);
    // Nagle's algorithm would only delay, because what is due leaves in one write.
    socket.set_nagle_enabled(false);
    let connected = with_timeout(TIMEOUT, socket.connect((host, address.port))).await;
    let failed = match connected {
        Ok(Ok(())) => return Ok(socket),
        Ok(Err(ConnectError::ConnectionReset)) => TransportError::Refused,
        Ok(Err(_)) => TransportError::Unreachable,
        Err(_) => TransportError::TimedOut,
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
        let _ = with_timeout(CLOSE_TIMEOUT, socket.flush()).await;
    }
    socket.abort();
    // It ends when the reset has left.
    let _ = with_timeout(CLOSE_TIMEOUT, socket.flush()).await;
}
