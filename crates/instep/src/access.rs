//! Who may come in: the checks of Host and Origin (CONTRACTS section 5).
//!
//! Browsers let any page in the world send requests to a device on the reader's own network. Two headers
//! that a page cannot forge tell them apart: Host (against DNS rebinding) and Origin.

use instep_proto::http::RequestHead;

/// By which names a device is known, and which pages from elsewhere may use it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Access {
    /// The device's name: it goes by `NAME` and `NAME.local`.
    pub name: &'static str,
    /// Other names that it goes by.
    pub hosts: &'static [&'static str],
    /// Origins of pages from elsewhere that may use it, such as `http://example.org`, or `null`.
    pub origins: &'static [&'static str],
    /// The ports on which it listens.
    pub ports: &'static [u16],
}

/// Why a request may not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The device does not go by the name in Host: 421.
    Host,
    /// The page comes from somewhere else: 403.
    Origin,
}

impl Access {
    /// Whether the request may come in at all.
    ///
    /// # Errors
    /// [`Refusal::Host`] for a name that is not the device's; [`Refusal::Origin`] for a request that
    /// another site's page makes, unless the reader follows a link.
    pub fn check(&self, request: &RequestHead<'_>) -> Result<(), Refusal> {
        // HTTP/1.0 may come without Host. No browser does that, so no name was rebound.
        if request.host.is_some_and(|host| !self.knows_host(host)) {
            return Err(Refusal::Host);
        }
        let follows_link = request.navigation && request.method == instep_proto::http::Method::Get;
        let vouched_for = request.origin.is_some() && self.check_origin(request).is_ok();
        if request.cross_site && !follows_link && !vouched_for {
            return Err(Refusal::Origin);
        }
        Ok(())
    }

    /// Whether the page that sends the request may use the device: for whatever is more than reading a page.
    ///
    /// # Errors
    /// [`Refusal::Origin`] for a page from elsewhere. No Origin passes: it is not a browser.
    pub fn check_origin(&self, request: &RequestHead<'_>) -> Result<(), Refusal> {
        let Some(origin) = request.origin else { return Ok(()) };
        if self.origins.iter().any(|allowed| same_origin(allowed, origin)) {
            return Ok(());
        }
        let Some(page) = parse_origin(origin) else { return Err(Refusal::Origin) };
        let Some(host) = request.host.and_then(parse_host) else { return Err(Refusal::Origin) };
        let port = page.port.unwrap_or(page.default_port);
        // The scheme is not compared: a TLS proxy may stand before us. So neither 80 nor 443 is told from no port.
        let same_port = page.port == host.port.filter(|port| !matches!(port, 80 | 443));
        if page.name.eq_ignore_ascii_case(host.name) && (same_port || self.ports.contains(&port)) {
            return Ok(());
        }
        Err(Refusal::Origin)
    }

    fn knows_host(&self, host: &str) -> bool {
        let Some(host) = parse_host(host) else { return false };
        let name = host.name.strip_suffix('.').unwrap_or(host.name);
        let is = |known: &str| !known.is_empty() && name.eq_ignore_ascii_case(known);
        let alone = name.len().checked_sub(6).and_then(|at| name.split_at_checked(at));
        is_address(name)
            || is("localhost")
            || is(self.name)
            || alone.is_some_and(|(alone, local)| {
                local.eq_ignore_ascii_case(".local")
                    && !self.name.is_empty()
                    && alone.eq_ignore_ascii_case(self.name)
            })
            || self.hosts.iter().any(|known| is(known))
    }
}

/// A host, and its port if one is said.
struct Authority<'h> {
    name: &'h str,
    port: Option<u16>,
}

struct Origin<'o> {
    name: &'o str,
    /// The port, if it is not the scheme's own.
    port: Option<u16>,
    default_port: u16,
}

fn parse_host(host: &str) -> Option<Authority<'_>> {
    let name_end =
        if host.starts_with('[') { host.find(']')? + 1 } else { host.find(':').unwrap_or(host.len()) };
    let (name, rest) = host.split_at(name_end);
    let port = match rest.strip_prefix(':') {
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
        None if rest.is_empty() => None,
        _ => return None,
    };
    (!name.is_empty()).then_some(Authority { name, port })
}

fn parse_origin(origin: &str) -> Option<Origin<'_>> {
    let (scheme, host) = origin.split_once("://")?;
    let default_port = if scheme.eq_ignore_ascii_case("https") {
        443
    } else if scheme.eq_ignore_ascii_case("http") {
        80
    } else {
        return None;
    };
    let Authority { name, port } = parse_host(host)?;
    Some(Origin { name, port: port.filter(|port| *port != default_port), default_port })
}

/// Whether two origins are the same, whatever their case and whether a default port is said.
fn same_origin(allowed: &str, origin: &str) -> bool {
    match (parse_origin(allowed), parse_origin(origin)) {
        (Some(allowed), Some(origin)) => {
            allowed.name.eq_ignore_ascii_case(origin.name)
                && (allowed.port, allowed.default_port) == (origin.port, origin.default_port)
        }
        _ => allowed.eq_ignore_ascii_case(origin),
    }
}

/// An IP address, as it stands in Host: nobody can rebind it.
fn is_address(name: &str) -> bool {
    match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<core::net::Ipv6Addr>().is_ok(),
        None => name.parse::<core::net::Ipv4Addr>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use instep_proto::http::HeadLimits;
    use std::format;

    const ACCESS: Access = Access {
        name: "lamp",
        hosts: &["lamp.test"],
        origins: &["https://Panel.example:8443", "null"],
        ports: &[80, 81, 8080],
    };

    fn check(access: &Access, host: &str, headers: &str) -> Result<(), Refusal> {
        let text = format!("GET /ws HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n");
        let limits = HeadLimits { bytes: 2048, headers: 32 };
        let (head, _) = RequestHead::parse(text.as_bytes(), limits).unwrap().unwrap();
        access.check(&head).and_then(|()| access.check_origin(&head))
    }

    #[test]
    fn names_that_it_goes_by_and_names_that_were_rebound() {
        for host in [
            "127.0.0.1",
            "192.168.0.7:8080",
            "[::1]",
            "[fe80::1]:80",
            "LOCALHOST:1",
            "Lamp",
            "lamp.LOCAL:80",
            "lamp.test",
            "lamp.",
        ] {
            assert_eq!(check(&ACCESS, host, ""), Ok(()), "{host}");
        }
        for host in [
            "evil.test",
            "lamp.evil.test",
            "lamp.local.evil.test",
            "127.0.0.1.evil.test",
            "",
            ":80",
            "[::1",
            "a:b",
            ".local",
            "1.2.3",
            "lamp:99999",
        ] {
            assert_eq!(check(&ACCESS, host, ""), Err(Refusal::Host), "{host}");
        }
        let nameless = Access { name: "", ..ACCESS };
        assert_eq!(check(&nameless, ".local", ""), Err(Refusal::Host));
    }

    #[test]
    fn pages_that_may_and_pages_that_may_not() {
        let origin = |host: &str, origin: &str| check(&ACCESS, host, &format!("Origin: {origin}\r\n"));
        for (host, page) in [
            ("lamp.local", "http://lamp.local"),
            ("lamp.local:80", "http://LAMP.local"),
            ("lamp.local", "https://lamp.local:443"),
            ("lamp.local:5000", "http://lamp.local:5000"),
            ("127.0.0.1:81", "http://127.0.0.1"),
            ("[::1]:8080", "http://[::1]:8080"),
            ("lamp.local", "https://panel.example:8443"),
            ("lamp.local", "null"),
        ] {
            assert_eq!(origin(host, page), Ok(()), "{page} at {host}");
        }
        for (host, page) in [
            ("lamp.local", "http://evil.test"),
            ("lamp.local", "http://lamp.local.evil.test"),
            ("lamp.local:8080", "http://lamp.local:9999"),
            ("lamp.local", "https://panel.example"),
            ("lamp.local", "http://panel.example:8443"),
            ("lamp.local", "file://"),
            ("lamp.local", "lamp.local"),
            ("lamp.local", ""),
        ] {
            assert_eq!(origin(host, page), Err(Refusal::Origin), "{page} at {host}");
        }
        let strict = Access { origins: &[], ..ACCESS };
        assert_eq!(check(&strict, "lamp.local", "Origin: null\r\n"), Err(Refusal::Origin));
        let two = "Origin: http://lamp.local\r\nOrigin: http://lamp.local\r\n";
        assert_eq!(check(&ACCESS, "lamp.local", two), Err(Refusal::Origin));
    }

    #[test]
    fn other_sites_may_link_here_but_not_load_from_here() {
        let image = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n";
        assert_eq!(check(&ACCESS, "lamp", image), Err(Refusal::Origin));
        let link = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n";
        assert_eq!(check(&ACCESS, "lamp", link), Ok(()));
        let allowed =
            "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: cors\r\nOrigin: https://panel.example:8443\r\n";
        assert_eq!(check(&ACCESS, "lamp", allowed), Ok(()));
        assert_eq!(check(&ACCESS, "lamp", "Sec-Fetch-Site: same-origin\r\n"), Ok(()));
    }
}
