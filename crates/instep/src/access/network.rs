//! IP networks (RFC 4632, RFC 4291 section 2.3), for trusted proxies.

use super::authority::parse_host;
use super::forwarded::is_forwarded_from_tls;
use core::fmt::{self, Display};
use core::net::IpAddr;
use core::str::FromStr;
use instep_proto::http::RequestHead;

/// IP network such as `10.0.0.0/8`, or a single address.
///
/// Only its constructors name the code for proxies, so a device that trusts no proxy links none of it.
#[derive(Clone, Copy, Debug)]
pub struct IpNetwork {
    address: IpAddr,
    /// The length of the prefix that all addresses share, in bits.
    prefix: u8,
    pub(super) how: &'static Proxying,
}

/// Function table for trusted proxies.
#[derive(Debug)]
pub(super) struct Proxying {
    contains: fn(&IpNetwork, IpAddr) -> bool,
    /// Returns the client of a request by `X-Forwarded-For`.
    pub(super) find_client: fn(&[IpNetwork], IpAddr, &RequestHead<'_>) -> IpAddr,
    /// Returns whether the request reached the proxy over TLS.
    pub(super) is_from_tls: fn(&RequestHead<'_>) -> bool,
}

const PROXYING: Proxying = Proxying { contains, find_client, is_from_tls: is_forwarded_from_tls };

/// Error of a text that is no IP network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoNetwork;

impl IpNetwork {
    /// Creates the network of a single address.
    pub const fn host(address: IpAddr) -> Self {
        Self { address, prefix: bits(address), how: &PROXYING }
    }

    /// Returns whether the network contains the address.
    ///
    /// An IPv4-mapped IPv6 address counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        (self.how.contains)(self, address)
    }
}

fn contains(network: &IpNetwork, address: IpAddr) -> bool {
    let differ = match (network.address.to_canonical(), address.to_canonical()) {
        (IpAddr::V4(own), IpAddr::V4(other)) => (own.to_bits() ^ other.to_bits()).leading_zeros(),
        (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits() ^ other.to_bits()).leading_zeros(),
        _ => return false,
    };
    differ >= u32::from(network.prefix)
}

fn find_client(proxies: &[IpNetwork], peer: IpAddr, request: &RequestHead<'_>) -> IpAddr {
    let mut client = peer.to_canonical();
    for hop in request.fields.items("x-forwarded-for").rev() {
        if !proxies.iter().any(|proxy| proxy.contains(client)) {
            break;
        }
        let Some(address) = parse_hop(hop) else { break };
        client = address.to_canonical();
    }
    client
}

/// Parses an address in `X-Forwarded-For`.
///
/// Some proxies write IPv6 addresses in brackets, and some append a port.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let bare = |text: &str| text.parse().ok();
    if let Some(address) = bare(hop) {
        return Some(address);
    }
    let host = parse_host(hop)?.name;
    bare(host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host))
}

const fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

impl From<IpAddr> for IpNetwork {
    fn from(address: IpAddr) -> Self {
        Self::host(address.to_canonical())
    }
}

impl FromStr for IpNetwork {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let Some((address, prefix)) = text.split_once('/') else {
            return text.parse::<IpAddr>().map(Self::from).map_err(|_| NoNetwork);
        };
        let parsed: IpAddr = address.parse().map_err(|_| NoNetwork)?;
        let digits = prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix =
            prefix.parse().ok().filter(|prefix| digits && *prefix <= bits(parsed)).ok_or(NoNetwork)?;
        let address = parsed.to_canonical();
        // An IPv4-mapped address has the bits of IPv4 after 96 others.
        let prefix =
            if bits(address) < bits(parsed) { u8::checked_sub(prefix, 96).ok_or(NoNetwork)? } else { prefix };
        Ok(Self { address, prefix, how: &PROXYING })
    }
}

impl Display for IpNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, prefix, .. } = self;
        if *prefix == bits(*address) { write!(f, "{address}") } else { write!(f, "{address}/{prefix}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString as _;

    #[test]
    fn network_contains_addresses_with_its_prefix() {
        for (network, inside, outside) in [
            (
                "10.0.0.0/8",
                &["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"][..],
                &["11.0.0.0", "::10.0.0.1", "::1"][..],
            ),
            ("172.16.0.0/12", &["172.16.0.1", "172.31.255.255"], &["172.32.0.0", "172.15.255.255"]),
            ("192.168.0.128/25", &["192.168.0.128", "192.168.0.255"], &["192.168.0.127"]),
            // Bits after the prefix are ignored.
            ("192.168.0.7/24", &["192.168.0.0", "192.168.0.255"], &["192.168.1.0"]),
            ("192.0.2.7", &["192.0.2.7", "::ffff:192.0.2.7"], &["192.0.2.6"]),
            ("192.0.2.7/32", &["192.0.2.7"], &["192.0.2.6"]),
            ("0.0.0.0/0", &["255.255.255.255", "0.0.0.0"], &["::"]),
            ("::/0", &["::", "ffff::"], &["10.0.0.1", "::ffff:10.0.0.1"]),
            ("fd00::/8", &["fd12:3456::1"], &["fe80::1", "fc00::"]),
            ("2001:db8::/127", &["2001:db8::", "2001:db8::1"], &["2001:db8::2"]),
            ("::1", &["::1"], &["::2", "127.0.0.1"]),
            ("::ffff:10.0.0.0/104", &["10.9.9.9"], &["11.0.0.0"]),
        ] {
            let network: IpNetwork = network.parse().unwrap();
            for address in inside {
                assert!(network.contains(address.parse().unwrap()), "{address} in {network}");
            }
            for address in outside {
                assert!(!network.contains(address.parse().unwrap()), "{address} in {network}");
            }
        }
    }

    #[test]
    fn text_round_trips_and_invalid_text_is_rejected() {
        for (text, shown) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.1/32", "127.0.0.1"),
            ("fd00::/8", "fd00::/8"),
            ("::1/128", "::1"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ] {
            assert_eq!(text.parse::<IpNetwork>().unwrap().to_string(), shown);
        }
        for invalid in [
            "",
            "/",
            "10.0.0.0/",
            "/8",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "10.0.0/8",
            "localhost",
            "localhost/8",
            "127.0.0.1:80",
            "[::1]",
            "[::1]/128",
            "10.0.0.0/255.0.0.0",
            "::ffff:10.0.0.0/8",
            "10.0.0.0/999",
        ] {
            assert!(invalid.parse::<IpNetwork>().is_err(), "{invalid}");
        }
    }
}
