//! What to type into a browser.

use std::net::{IpAddr, SocketAddr};

/// The addresses at which a listener can be reached, this machine's own first.
pub(crate) fn urls(listening: SocketAddr) -> Vec<String> {
    if !listening.ip().is_unspecified() {
        return vec![url(listening.ip(), listening.port())];
    }
    let mut addresses: Vec<_> =
        if_addrs::get_if_addrs().unwrap_or_default().iter().map(if_addrs::Interface::ip).collect();
    addresses.retain(|address| is_typeable(*address) && (address.is_ipv4() || listening.is_ipv6()));
    addresses.sort_by_key(|address| (!address.is_loopback(), address.is_ipv6(), *address));
    addresses.dedup();
    addresses.into_iter().map(|address| url(address, listening.port())).collect()
}

/// A link-local address of IPv6 works only together with the name of an interface, which browsers do not take.
fn is_typeable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !address.is_unspecified(),
        IpAddr::V6(address) => !address.is_unicast_link_local() && !address.is_unspecified(),
    }
}

fn url(address: IpAddr, port: u16) -> String {
    let host = match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    };
    if port == 80 { format!("http://{host}/") } else { format!("http://{host}:{port}/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_takes() {
        assert_eq!(urls("127.0.0.1:80".parse().unwrap()), ["http://127.0.0.1/"]);
        assert_eq!(urls("[::1]:8080".parse().unwrap()), ["http://[::1]:8080/"]);
        let all = urls("0.0.0.0:8080".parse().unwrap());
        assert_eq!(all.first().map(String::as_str), Some("http://127.0.0.1:8080/"));
        assert!(all.iter().all(|url| !url.contains("0.0.0.0") && !url.contains('[')));
    }
}
