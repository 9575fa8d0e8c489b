//! Opening and closing of the transport to a broker.

use embassy_net::dns::DnsQueryType;
use embassy_net::tcp::{ConnectError, TcpSocket};
use embassy_net::{IpAddress, Stack};
use embassy_time::{Duration, Timer, with_timeout};
use instep_mqtt::{BrokerAddress, TransportError};

/// Timeout of each step: name, connection.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Interval of polling the network while it is down. embassy-net has one waker for it, which the board uses.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Timeout of the last packet, and of the end of the connection.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// Buffers of the socket.
pub(super) struct Buffers<'b> {
    pub(super) receive: &'b mut [u8],
    pub(super) send: &'b mut [u8],
}

/// Waits for the network, and opens the transport to a broker.
pub(super) async fn open<'b>(
    stack: Stack<'static>,
    address: &BrokerAddress<'_>,
    buffers: Buffers<'b>,
) -> Result<TcpSocket<'b>, TransportError> {
    while !stack.is_link_up() || !stack.is_config_up() {
        Timer::after(POLL_INTERVAL).await;
    }
    let host = resolve(stack, address.host).await?;
    let mut socket = TcpSocket::new(stack, buffers.receive, buffers.send);
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

/// Returns an address of the host.
async fn resolve(stack: Stack<'static>, host: &str) -> Result<IpAddress, TransportError> {
    // Nobody answers a multicast query for a name that does not exist.
    let is_local = host.ends_with(".local");
    match with_timeout(TIMEOUT, stack.dns_query(host, DnsQueryType::A)).await {
        Ok(Ok(addresses)) => addresses.first().copied().ok_or(TransportError::Name),
        Err(_) if !is_local => Err(TransportError::TimedOut),
        _ => Err(TransportError::Name),
    }
}
