//! DHCP messages, parsed and written by `smoltcp`.

use core::net::Ipv4Addr;
use core::time::Duration;
use smoltcp::wire::{DhcpFlags, DhcpOpCode, DhcpOption, DhcpPacket, DhcpRepr};

use smoltcp::wire::ArpHardware as Hardware;
pub(super) use smoltcp::wire::DhcpMessageType as Kind;

/// Duration of a lease.
pub const LEASE: Duration = Duration::from_secs(60 * 60);
/// Subnet mask of the device's own network, which has a prefix of 24 bits.
pub const MASK: Ipv4Addr = Ipv4Addr::new(255, 255, 255, 0);

const COOKIE: u32 = 0x6382_5363;
const REQUESTED_ADDRESS: u8 = 50;
const MESSAGE_TYPE: u8 = 53;
const SERVER: u8 = 54;
const WANTED_OPTIONS: u8 = 55;
const CLIENT_ID: u8 = 61;
const NAME_SERVER: u8 = 6;
/// Option of the captive portal (RFC 8910).
const PORTAL: u8 = 114;
/// Maximum length of the portal's URL, in bytes, so that it leaves room for other options.
const PORTAL_MAX: usize = 128;
/// Minimum length of a reply, in bytes, because some clients drop shorter ones (RFC 1542 section 2.1).
const MIN_REPLY_BYTES: usize = 300;

/// A client's message.
pub(super) struct Request<'b> {
    packet: DhcpPacket<&'b [u8]>,
    pub(super) kind: Kind,
    pub(super) mac: [u8; 6],
    /// Current address of the client; unspecified if it has none.
    pub(super) client: Ipv4Addr,
    pub(super) wanted: Option<Ipv4Addr>,
    pub(super) server: Option<Ipv4Addr>,
}

impl<'b> Request<'b> {
    /// Parses a message.
    ///
    /// Returns `None` if the message is malformed, is not of Ethernet or Wi-Fi, or came through a relay, which a device's own
    /// network does not have.
    pub(super) fn parse(message: &'b [u8]) -> Option<Self> {
        let packet = DhcpPacket::new_checked(message).ok()?;
        let ours = packet.opcode() == DhcpOpCode::Request
            && packet.hardware_type() == Hardware::Ethernet
            && packet.hardware_len() == 6
            && packet.magic_number() == COOKIE
            && packet.relay_agent_ip().is_unspecified();
        if !ours {
            return None;
        }
        let (mut kind, mut wanted, mut server) = (None, None, None);
        for option in packet.options() {
            let address = || option.data.first_chunk().map(|octets: &[u8; 4]| Ipv4Addr::from(*octets));
            match option.kind {
                MESSAGE_TYPE => kind = option.data.first().map(|kind| Kind::from(*kind)),
                REQUESTED_ADDRESS => wanted = address(),
                SERVER => server = address(),
                _ => {}
            }
        }
        let mac = packet.client_hardware_address().0;
        let client = packet.client_ip();
        Some(Self { kind: kind?, mac, client, wanted, server, packet })
    }

    /// Writes a reply to the start of `out` and returns its length, or `None` if it does not fit.
    ///
    /// `yours` is the client's address, and `address` the device's.
    pub(super) fn write_answer(
        &self,
        kind: Kind,
        yours: Option<Ipv4Addr>,
        address: Ipv4Addr,
        portal: &str,
        out: &mut [u8],
    ) -> Option<usize> {
        // Options that are not in the fields of `DhcpRepr` below.
        let refused = kind == Kind::Nak;
        let server = address.octets();
        let mut options = [DhcpOption { kind: SERVER, data: &server }; 3];
        let mut count = 0;
        let mut add = |kind, data| {
            options[count] = DhcpOption { kind, data };
            count += 1;
        };
        if let Some(id) = self.option(CLIENT_ID) {
            // RFC 6842.
            add(CLIENT_ID, id);
        }
        if !refused {
            add(NAME_SERVER, &server);
            let asked = self.option(WANTED_OPTIONS).is_some_and(|wanted| wanted.contains(&PORTAL));
            if asked && (1..=PORTAL_MAX).contains(&portal.len()) {
                add(PORTAL, portal.as_bytes());
            }
        }
        let answer = DhcpRepr {
            message_type: kind,
            transaction_id: self.packet.transaction_id(),
            secs: 0,
            client_hardware_address: self.packet.client_hardware_address(),
            // RFC 2131 table 3.
            client_ip: if kind == Kind::Ack { self.client } else { Ipv4Addr::UNSPECIFIED },
            your_ip: yours.unwrap_or(Ipv4Addr::UNSPECIFIED),
            server_ip: Ipv4Addr::UNSPECIFIED,
            router: (!refused).then_some(address),
            subnet_mask: (!refused).then_some(MASK),
            relay_agent_ip: Ipv4Addr::UNSPECIFIED,
            broadcast: self.packet.flags().contains(DhcpFlags::BROADCAST),
            requested_ip: None,
            client_identifier: None,
            server_identifier: Some(address),
            parameter_request_list: None,
            dns_servers: None,
            max_size: None,
            lease_duration: yours.and_then(|_| u32::try_from(LEASE.as_secs()).ok()),
            renew_duration: None,
            rebind_duration: None,
            additional_options: &options[..count],
        };
        let out = out.get_mut(..answer.buffer_len().max(MIN_REPLY_BYTES))?;
        out.fill(0);
        answer.emit(&mut DhcpPacket::new_unchecked(&mut *out)).ok()?;
        Some(out.len())
    }

    fn option(&self, kind: u8) -> Option<&[u8]> {
        self.packet.options().find(|option| option.kind == kind).map(|option| option.data)
    }
}
