//! Parsers and comparison of the hosts and origins in headers.

/// Host with an optional port.
pub(super) struct Authority<'h> {
    pub(super) name: &'h str,
    pub(super) port: Option<u16>,
}

/// Origin of a page that came over HTTP.
pub(super) struct Origin<'o> {
    pub(super) name: &'o str,
    /// The port, if it is not the scheme's default.
    pub(super) port: Option<u16>,
    pub(super) default_port: u16,
}

/// Parses a Host, which is a name or an address with an optional port.
pub(super) fn parse_host(host: &str) -> Option<Authority<'_>> {
    let name_end =
        if host.starts_with('[') { find(host, b']')? + 1 } else { find(host, b':').unwrap_or(host.len()) };
    let (name, rest) = host.split_at(name_end);
    let port = match rest.strip_prefix(':') {
        None | Some("") if rest.len() < 2 => None,
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
        _ => return None,
    };
    (!name.is_empty()).then_some(Authority { name, port })
}

/// Parses the origin of a page that came over HTTP.
///
/// Only such an origin can be the device's own, because the hosts of other schemes are no network hosts.
pub(super) fn parse_origin(origin: &str) -> Option<Origin<'_>> {
    let behind = |scheme: &str| {
        let (begin, host) = origin.split_at_checked(scheme.len())?;
        begin.eq_ignore_ascii_case(scheme).then_some(host)
    };
    let (host, default_port) = match behind("https://") {
        Some(host) => (host, 443),
        None => (behind("http://")?, 80),
    };
    // Some programs send a URL with a path, which is never a page's origin.
    let Authority { name, port } = parse_host(host).filter(|_| find(host, b'/').is_none())?;
    Some(Origin { name, port: port.filter(|port| *port != default_port), default_port })
}

/// Returns the index of the first such byte.
///
/// The search of `core` would add 1 KiB to firmware that does not use it otherwise.
pub(super) fn find(text: &str, wanted: u8) -> Option<usize> {
    text.bytes().position(|byte| byte == wanted)
}

/// Returns whether two origins are the same.
///
/// HTTP origins are compared without case and with default ports filled in, others byte for byte.
pub(super) fn same_origin(allowed: &str, origin: &str) -> bool {
    match (parse_origin(allowed), parse_origin(origin)) {
        (Some(allowed), Some(origin)) => {
            allowed.name.eq_ignore_ascii_case(origin.name)
                && (allowed.port, allowed.default_port) == (origin.port, origin.default_port)
        }
        _ => allowed == origin,
    }
}

/// Returns whether the name in a Host is an IP address.
///
/// Such a name is safe, because no DNS server can rebind it. An IPv6 address may have a zone (RFC 6874), which names
/// the client's link. Between brackets a colon tells an address from a name, so it is not parsed: the parser takes 1 KB.
pub(super) fn is_address(name: &str) -> bool {
    match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(text) => {
            let address = find(text, b'%').map_or(text, |end| &text[..end]);
            let of_address = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
            address.bytes().any(|byte| byte == b':') && address.bytes().all(of_address)
        }
        None => name.parse::<core::net::Ipv4Addr>().is_ok(),
    }
}
