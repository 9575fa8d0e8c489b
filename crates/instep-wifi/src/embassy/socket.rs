//! A UDP socket and its memory.

use crate::{dhcp, dns, mdns};
use core::net::{Ipv4Addr, SocketAddrV4};
use core::time::Duration;
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{IpAddress, Stack};
use embassy_time::{Instant, with_timeout};

/// Maximum number of queued messages in each direction.
const MAX_QUEUED: usize = 8;
/// Timeout for sending a message, because a message whose receiver does not answer ARP would block the others.
const SEND_TIMEOUT: embassy_time::Duration = embassy_time::Duration::from_secs(1);
/// Hop limit, as multicast DNS needs it (RFC 6762 section 11).
const HOP_LIMIT: u8 = 255;

/// Memory of one server: receive buffer, send buffer, and one reply.
pub struct Memory<const RECEIVE: usize, const SEND: usize, const ANSWER: usize> {
    receive_meta: [PacketMetadata; MAX_QUEUED],
    receive: [u8; RECEIVE],
    send_meta: [PacketMetadata; MAX_QUEUED],
    send: [u8; SEND],
    answer: [u8; ANSWER],
}

/// Memory of [`serve_dhcp`](super::serve_dhcp).
pub type DhcpMemory = Memory<1536, { dhcp::REPLY_MAX }, { dhcp::REPLY_MAX }>;
/// Memory of [`serve_dns`](super::serve_dns).
pub type DnsMemory = Memory<1024, { dns::REPLY_MAX }, { dns::REPLY_MAX }>;
/// Memory of [`serve_mdns`](super::serve_mdns). Messages that are longer than one frame are dropped.
pub type MdnsMemory = Memory<2048, { mdns::MESSAGE_MAX }, { mdns::MESSAGE_MAX }>;

impl<const RECEIVE: usize, const SEND: usize, const ANSWER: usize> Memory<RECEIVE, SEND, ANSWER> {
    /// Returns unused memory.
    pub const fn new() -> Self {
        Self {
            receive_meta: [PacketMetadata::EMPTY; MAX_QUEUED],
            receive: [0; RECEIVE],
            send_meta: [PacketMetadata::EMPTY; MAX_QUEUED],
            send: [0; SEND],
            answer: [0; ANSWER],
        }
    }

    /// Opens a socket on `port`, and returns it with the buffer for a reply.
    pub(super) fn open<'a>(&'a mut self, stack: Stack<'a>, port: u16) -> (Socket<'a>, &'a mut [u8; ANSWER]) {
        let Self { receive_meta, receive, send_meta, send, answer } = self;
        let mut socket = UdpSocket::new(stack, receive_meta, receive, send_meta, send);
        socket.set_hop_limit(Some(HOP_LIMIT));
        let mut socket = Socket { socket, port };
        socket.bind();
        (socket, answer)
    }
}

impl<const RECEIVE: usize, const SEND: usize, const ANSWER: usize> Default for Memory<RECEIVE, SEND, ANSWER> {
    fn default() -> Self {
        Self::new()
    }
}

/// A socket for messages over IPv4.
pub(super) struct Socket<'a> {
    socket: UdpSocket<'a>,
    port: u16,
}

impl Socket<'_> {
    fn bind(&mut self) {
        // Fails only for port 0 or for an open socket.
        let _ = self.socket.bind(self.port);
    }

    /// Waits for a message and passes it to `look`. Cancel-safe.
    pub(super) async fn receive<R>(
        &mut self,
        look: impl FnOnce(SocketAddrV4, &[u8]) -> Option<R>,
    ) -> Option<R> {
        self.socket
            .recv_from_with(|message, about| match about.endpoint.addr {
                IpAddress::Ipv4(address) => look(SocketAddrV4::new(address, about.endpoint.port), message),
                #[allow(unreachable_patterns, reason = "another crate may enable IPv6")]
                _ => None,
            })
            .await
    }

    /// Sends a message. On a timeout the socket is reopened, which drops the message and all received ones.
    pub(super) async fn send(&mut self, message: &[u8], to: Ipv4Addr, port: u16) {
        let sent = with_timeout(SEND_TIMEOUT, async {
            // Fails if there is no route, which is ignored, because the request cannot have come from there.
            if self.socket.send_to(message, (IpAddress::Ipv4(to), port)).await.is_ok() {
                self.socket.flush().await;
            }
        });
        if sent.await.is_err() {
            self.socket.close();
            self.bind();
        }
    }
}

/// Returns the time since the device was switched on.
pub(super) fn now() -> Duration {
    Duration::from_micros(Instant::now().as_micros())
}
