//! One UDP socket, and the memory that it is lent.

use crate::{dhcp, dns, mdns};
use core::net::{Ipv4Addr, SocketAddrV4};
use core::time::Duration;
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{IpAddress, Stack};
use embassy_time::{Instant, with_timeout};

/// Messages that may wait in each direction.
const WAITING: usize = 8;
/// So long a message may take to leave. Its receiver's hardware address may be asked for in vain for ever, and everybody
/// else would wait behind it.
const SENT_WITHIN: embassy_time::Duration = embassy_time::Duration::from_secs(1);
/// How far multicast DNS goes (RFC 6762 section 11), and everything else may.
const HOP_LIMIT: u8 = 255;

/// The memory of one server: what waits to be read, what waits to be sent, and one answer.
pub struct Memory<const RECEIVE: usize, const SEND: usize, const ANSWER: usize> {
    receive_meta: [PacketMetadata; WAITING],
    receive: [u8; RECEIVE],
    send_meta: [PacketMetadata; WAITING],
    send: [u8; SEND],
    answer: [u8; ANSWER],
}

/// The memory of [`serve_dhcp`](super::serve_dhcp).
pub type DhcpMemory = Memory<1536, { dhcp::REPLY_MAX }, { dhcp::REPLY_MAX }>;
/// The memory of [`serve_dns`](super::serve_dns).
pub type DnsMemory = Memory<1024, { dns::REPLY_MAX }, { dns::REPLY_MAX }>;
/// The memory of [`serve_mdns`](super::serve_mdns). Longer messages than one frame holds are not read.
pub type MdnsMemory = Memory<2048, { mdns::MESSAGE_MAX }, { mdns::MESSAGE_MAX }>;

impl<const RECEIVE: usize, const SEND: usize, const ANSWER: usize> Memory<RECEIVE, SEND, ANSWER> {
    /// The memory, unused.
    pub const fn new() -> Self {
        Self {
            receive_meta: [PacketMetadata::EMPTY; WAITING],
            receive: [0; RECEIVE],
            send_meta: [PacketMetadata::EMPTY; WAITING],
            send: [0; SEND],
            answer: [0; ANSWER],
        }
    }

    /// A socket on `port`, and room for an answer.
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
        // It fails only for port 0, or if it is open.
        let _ = self.socket.bind(self.port);
    }

    /// Waits for a message and looks at it. Nothing is lost if this is dropped.
    pub(super) async fn receive<R>(
        &mut self,
        look: impl FnOnce(SocketAddrV4, &[u8]) -> Option<R>,
    ) -> Option<R> {
        self.socket
            .recv_from_with(|message, about| match about.endpoint.addr {
                IpAddress::Ipv4(address) => look(SocketAddrV4::new(address, about.endpoint.port), message),
                #[allow(unreachable_patterns, reason = "there is IPv6 if somebody else asks for it")]
                _ => None,
            })
            .await
    }

    /// Sends a message. One that cannot leave is thrown away, and what waits to be read with it.
    pub(super) async fn send(&mut self, message: &[u8], to: Ipv4Addr, port: u16) {
        let sent = with_timeout(SENT_WITHIN, async {
            // It fails where there is no way to that address: then nobody there can have asked.
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

/// The time since the device was switched on.
pub(super) fn now() -> Duration {
    Duration::from_micros(Instant::now().as_micros())
}
