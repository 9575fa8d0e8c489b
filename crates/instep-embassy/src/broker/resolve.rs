//! Resolving of the broker's name, by a socket in the buffers that the connection uses later.

use super::query::{self, Answer};
use super::wait::within;
use crate::input::poll_once;
use core::net::Ipv4Addr;
use core::task::{Context, Poll};
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{IpAddress, Stack};
use embassy_time::Duration;
use instep_mqtt::TransportError;

/// Group and port of multicast DNS.
const MULTICAST: (Ipv4Addr, u16) = (Ipv4Addr::new(224, 0, 0, 251), 5353);
/// Port of a DNS server.
const DNS_PORT: u16 = 53;
/// Times for the answers to the first query, and to those that follow, in s.
const TIMEOUTS: [u64; 3] = [1, 2, 2];
/// Maximum number of messages that wait.
const QUEUED: usize = 2;
/// Hop limit, as multicast DNS needs it (RFC 6762 section 11).
const HOP_LIMIT: u8 = 255;

/// Buffers of the socket, and the room for a query.
pub(super) struct Room<'b, 'q> {
    pub(super) receive: &'b mut [u8],
    pub(super) send: &'b mut [u8],
    pub(super) query: &'q mut [u8],
}

/// Returns the address of a host, whose name may be an address.
///
/// Names that end in `.local` are asked for by multicast, others at the DNS servers of the network in turn.
pub(super) async fn resolve(
    stack: Stack<'static>,
    host: &str,
    random: u32,
    room: Room<'_, '_>,
) -> Result<Ipv4Addr, TransportError> {
    if let Ok(address) = host.parse() {
        return Ok(address);
    }
    let [high, low, ..] = random.to_be_bytes();
    let length =
        query::write(u16::from_be_bytes([high, low]), host, room.query).ok_or(TransportError::Name)?;
    let query = &room.query[..length];
    let is_local = host.strip_suffix('.').unwrap_or(host).ends_with(".local");
    let servers = stack.config_v4().map(|config| config.dns_servers).unwrap_or_default();
    let (mut received, mut sent) = ([PacketMetadata::EMPTY; QUEUED], [PacketMetadata::EMPTY; 1]);
    let mut socket = UdpSocket::new(stack, &mut received, room.receive, &mut sent, room.send);
    socket.set_hop_limit(Some(HOP_LIMIT));
    // It fails for an open socket only. The port is any free one.
    let _ = socket.bind(0);
    for (attempt, timeout) in TIMEOUTS.into_iter().enumerate() {
        let (server, port) = match servers.get(attempt % servers.len().max(1)) {
            _ if is_local => MULTICAST,
            Some(server) => (*server, DNS_PORT),
            None => return Err(TransportError::Name),
        };
        let (mut is_sent, mut answer) = (false, Answer::Other);
        let mut ask = |context: &mut Context<'_>| {
            // Without a route the time passes.
            is_sent =
                is_sent || socket.poll_send_to(query, (IpAddress::Ipv4(server), port), context).is_ready();
            loop {
                let read = poll_once(
                    context,
                    socket.recv_from_with(|message, from| {
                        // A responder answers from its own address.
                        let is_expected = from.endpoint.port == port
                            && (is_local || from.endpoint.addr == IpAddress::Ipv4(server));
                        if is_expected { query::read(query, message) } else { Answer::Other }
                    }),
                );
                match read {
                    Poll::Ready(Answer::Other) => {}
                    // Another responder may have the name.
                    Poll::Ready(Answer::None) if is_local => {}
                    Poll::Ready(found) => {
                        answer = found;
                        return Poll::Ready(());
                    }
                    Poll::Pending => return Poll::Pending,
                }
            }
        };
        within(Duration::from_secs(timeout), &mut ask).await;
        match answer {
            Answer::Address(address) => return Ok(address),
            Answer::None => return Err(TransportError::Name),
            Answer::Other => {}
        }
    }
    // A multicast query for a name that does not exist gets no answer.
    Err(if is_local { TransportError::Name } else { TransportError::TimedOut })
}
