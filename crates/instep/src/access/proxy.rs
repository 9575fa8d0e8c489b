//! Clients behind trusted proxies, and the path prefix that a proxy leaves.

use super::Access;
use core::net::IpAddr;
use instep_proto::http::RequestHead;

impl Access {
    /// Returns the client's address.
    ///
    /// The address is `peer`, unless a trusted proxy forwarded the request. The nearest proxy appended the last item of
    /// `X-Forwarded-For`. So the client is the last address that is no trusted proxy, and the items before it may be
    /// forged.
    pub fn client(&self, peer: IpAddr, request: &RequestHead<'_>) -> IpAddr {
        match self.proxies.first() {
            Some(first) => (first.how.find_client)(self.proxies, peer, request),
            None => peer.to_canonical(),
        }
    }

    /// Returns whether a forwarded request reached the trusted proxy over TLS.
    pub(crate) fn is_forwarded_from_tls(&self, request: &RequestHead<'_>) -> bool {
        self.proxies.first().is_some_and(|first| (first.how.is_from_tls)(request))
    }

    /// Returns whether the address belongs to a trusted proxy.
    pub fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|proxy| proxy.contains(address))
    }

    /// Splits a path into the prefix that a proxy added and the device's path.
    ///
    /// A path without the prefix is valid, too, so the device can be reached without the proxy.
    pub(crate) fn split_path<'p>(&self, path: &'p str) -> (&'p str, &'p str) {
        let base = self.base_path.trim_end_matches('/');
        match path.strip_prefix(base) {
            Some(rest) if rest.starts_with('/') => path.split_at(base.len()),
            _ => ("", path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::IpNetwork;
    use instep_proto::http::HeadLimits;
    use std::format;

    #[test]
    fn client_is_the_last_address_that_is_no_trusted_proxy() {
        const PROXIES: &[IpNetwork] = &[
            IpNetwork::host(IpAddr::V4(core::net::Ipv4Addr::new(10, 0, 0, 1))),
            IpNetwork::host(IpAddr::V4(core::net::Ipv4Addr::new(10, 0, 0, 2))),
        ];
        let access = Access::new("").with_proxies(PROXIES);
        let client = |access: &Access, peer: &str, headers: &str| {
            let text = format!("GET / HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
            let limits = HeadLimits { bytes: 2048, headers: 32 };
            let (head, _) = RequestHead::parse(text.as_bytes(), limits).unwrap().unwrap();
            format!("{}", access.client(peer.parse().unwrap(), &head))
        };
        for (peer, headers, expected) in [
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "X-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7"),
            ("::ffff:10.0.0.1", "x-forwarded-for: 192.0.2.7\r\n", "192.0.2.7"),
            // The header of an untrusted peer is ignored.
            ("10.0.0.3", "X-Forwarded-For: 192.0.2.7\r\n", "10.0.0.3"),
            ("10.0.0.1", "X-Forwarded-For: 127.0.0.1, 10.0.0.2, 192.0.2.7\r\n", "192.0.2.7"),
            ("10.0.0.1", "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7"),
            ("10.0.0.1", "X-Forwarded-For: 6.6.6.6, 192.0.2.7 ,10.0.0.2\r\n", "192.0.2.7"),
            ("10.0.0.1", "X-Forwarded-For: 10.0.0.2, 10.0.0.1\r\n", "10.0.0.2"),
            ("10.0.0.1", "X-Forwarded-For: 192.0.2.7:5000\r\n", "192.0.2.7"),
            ("10.0.0.1", "X-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1"),
            ("10.0.0.1", "X-Forwarded-For: [2001:db8::1]:5000\r\n", "2001:db8::1"),
            ("10.0.0.1", "X-Forwarded-For: ::ffff:192.0.2.7\r\n", "192.0.2.7"),
            // An invalid item ends the search, so that items before it, which may be forged, are not used.
            ("10.0.0.1", "X-Forwarded-For: 6.6.6.6, unknown\r\n", "10.0.0.1"),
            ("10.0.0.1", "X-Forwarded-For: 6.6.6.6, unknown, 10.0.0.2\r\n", "10.0.0.2"),
        ] {
            assert_eq!(client(&access, peer, headers), expected, "{peer}: {headers}");
        }
        let networks = ["10.0.0.0/30".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let access = Access::new("").with_proxies(std::vec::Vec::from(networks).leak());
        for (peer, headers, expected) in [
            ("10.0.0.3", "X-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7"),
            ("10.0.0.4", "X-Forwarded-For: 192.0.2.7\r\n", "10.0.0.4"),
            ("fd00::7", "X-Forwarded-For: 10.0.0.4, 10.0.0.1\r\n", "10.0.0.4"),
        ] {
            assert_eq!(client(&access, peer, headers), expected, "{peer}: {headers}");
        }
        assert_eq!(client(&Access::new("lamp"), "127.0.0.1", "X-Forwarded-For: 192.0.2.7\r\n"), "127.0.0.1");
    }

    #[test]
    fn prefix_of_a_proxy_is_split_off() {
        for base_path in ["/device", "/device/"] {
            let access = Access::new("").with_base_path(base_path);
            for (path, own) in [
                ("/device/", "/"),
                ("/device/any/thing", "/any/thing"),
                ("/device/device/", "/device/"),
                ("/device", "/device"),
                ("/devices/", "/devices/"),
                ("/ws", "/ws"),
                ("*", "*"),
            ] {
                assert_eq!(access.split_path(path).1, own);
            }
        }
        assert_eq!(Access::new("").split_path("/ws"), ("", "/ws"));
    }
}
