//! Addresses to listen on, and their URLs.

use socket2::SockRef;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};

/// Address to listen on.
///
/// It is `127.0.0.1:8080`, `http://127.0.0.1:8080` or, with TLS, `https://127.0.0.1:8443`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) socket: SocketAddr,
    /// Whether the address is for TLS (`https` and `wss`).
    pub(crate) secure: bool,
    /// Whether the address is `[::]` without IPv4.
    pub(crate) only_v6: bool,
}

impl Address {
    /// Returns the address with the port to which the listener is bound.
    pub(crate) fn bound_to(self, listener: &TcpListener) -> io::Result<Self> {
        let socket = listener.local_addr()?;
        let only_v6 = socket.is_ipv6() && SockRef::from(listener).only_v6()?;
        Ok(Self { socket, only_v6, ..self })
    }

    /// Returns the addresses at which the listener can be reached, loopback first.
    pub(crate) fn reachable(self) -> Vec<IpAddr> {
        let listening = self.socket;
        if !listening.ip().is_unspecified() {
            return vec![listening.ip()];
        }
        let mut addresses: Vec<_> =
            if_addrs::get_if_addrs().unwrap_or_default().iter().map(if_addrs::Interface::ip).collect();
        addresses.retain(|address| {
            is_typeable(*address)
                && match address {
                    IpAddr::V4(_) => !self.only_v6,
                    IpAddr::V6(_) => listening.is_ipv6(),
                }
        });
        addresses.sort_by_key(|address| (!address.is_loopback(), address.is_ipv6(), *address));
        addresses.dedup();
        addresses
    }

    /// Returns the URLs at which the listener can be reached, loopback first.
    pub(crate) fn urls(self) -> Vec<String> {
        self.reachable().into_iter().map(|address| self.url(address)).collect()
    }

    fn url(self, address: IpAddr) -> String {
        let scheme = self.scheme();
        let host = match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        let port = self.socket.port();
        let default = if self.secure { 443 } else { 80 };
        if port == default { format!("{scheme}://{host}/") } else { format!("{scheme}://{host}:{port}/") }
    }

    fn scheme(self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }
}

/// Converts to an address without TLS.
impl From<SocketAddr> for Address {
    fn from(socket: SocketAddr) -> Self {
        Self { socket, secure: false, only_v6: false }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.secure { write!(f, "https://{}", self.socket) } else { self.socket.fmt(f) }
    }
}

/// Returns whether a browser accepts the address.
///
/// Browsers reject the interface name that a link-local IPv6 address needs.
fn is_typeable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !address.is_unspecified(),
        IpAddr::V6(address) => !address.is_unicast_link_local() && !address.is_unspecified(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(address: &str) -> Vec<String> {
        let (secure, socket) = match address.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => (false, address),
        };
        Address { socket: socket.parse().unwrap(), secure, only_v6: false }.urls()
    }

    #[test]
    fn urls_are_valid_in_a_browser() {
        assert_eq!(urls("127.0.0.1:80"), ["http://127.0.0.1/"]);
        assert_eq!(urls("[::1]:8080"), ["http://[::1]:8080/"]);
        assert_eq!(urls("127.0.0.1:443"), ["http://127.0.0.1:443/"]);
        assert_eq!(urls("https://127.0.0.1:443"), ["https://127.0.0.1/"]);
        assert_eq!(urls("https://[::1]:80"), ["https://[::1]:80/"]);
        let all = urls("0.0.0.0:8080");
        assert_eq!(all.first().map(String::as_str), Some("http://127.0.0.1:8080/"));
        assert!(all.iter().all(|url| !url.contains("0.0.0.0") && !url.contains('[')));
        let six = Address { socket: "[::]:8080".parse().unwrap(), secure: false, only_v6: true }.urls();
        assert!(six.iter().all(|url| url.starts_with("http://[")), "{six:?}");
        let both = urls("[::]:8080");
        assert_eq!(both.first().map(String::as_str), Some("http://127.0.0.1:8080/"));
    }
}
