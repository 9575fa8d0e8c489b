//! Access control by Host and Origin (`docs/contracts.md`, section 5).
//!
//! A browser lets any web page send requests to a device in the user's network. Two headers that a page cannot forge identify such
//! requests: Host (against DNS rebinding) and Origin.

mod authority;
mod elsewhere;
mod forwarded;
mod hints;
mod https;
mod mount;
mod names;
mod network;
mod origins;
mod proxy;

pub(crate) use forwarded::prefix;
pub(crate) use hints::Offer;
pub use hints::{AllowHints, is_framing_origin, is_host_name, is_origin, is_wide_origin};
pub use https::HttpsRedirect;
pub(crate) use mount::MountPath;
pub use network::{IpNetwork, NoNetwork};
pub use origins::Origins;

use crate::limits::builders;
use instep_proto::http::{Method, RequestHead};
use origins::From;

/// Warning that a device has no password.
///
/// The warning is logged, and is the value of `%ACCESS%` in pages ([`Device::set_page_value`](crate::Device::set_page_value)).
/// `%ACCESS%` is empty if the device has a password or listens only on loopback.
pub const OPEN_TO_EVERYONE: &str = "open to everyone on this network";

/// Rules of access: the device's names, the allowed origins and the trusted proxies.
///
/// ```
/// use instep::Access;
/// use instep::access::Origins;
///
/// static ACCESS: Access = Access::new("lamp")
///     .with_ports(&[80])
///     .with_hosts(&["lamp.example.com"])
///     .with_origins(Origins::of(&["https://panel.example"]));
/// # assert_eq!((ACCESS.name, ACCESS.ports), ("lamp", &[80][..]));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Access {
    /// The device's name, or an empty string.
    ///
    /// Host may be `NAME`, or `NAME` with a suffix such as `.local` (`docs/contracts.md`, section 5). If the name has dots, as
    /// `box.example.com` has, its first part counts as a name, too.
    pub name: &'static str,
    /// Further allowed names in Host.
    pub hosts: &'static [&'static str],
    /// Allowed origins of other sites' pages.
    ///
    /// Examples are `http://example.org`, `capacitor://localhost` and `null`.
    pub origins: Origins,
    /// Origins of other sites' pages that may show the device's pages in a frame.
    pub frames: &'static [&'static str],
    /// The ports on which the device listens.
    pub ports: &'static [u16],
    /// Networks of trusted proxies ([`Access::client`]).
    ///
    /// The server believes `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Prefix` only from these.
    pub proxies: &'static [IpNetwork],
    /// The prefix that a proxy leaves before every path, such as `/device`.
    ///
    /// It is empty if there is no prefix, or if the proxy removes the prefix.
    pub base_path: &'static str,
    /// The redirect of pages without TLS, if there is an address with TLS.
    pub https: Option<HttpsRedirect>,
    /// The URL of the captive portal in the device's own Wi-Fi network.
    ///
    /// An example is `http://192.168.4.1/`. Requests with an unknown Host are redirected there, such as those by which
    /// phones test whether they are online.
    pub portal: Option<&'static str>,
    /// The hints for the log on how to allow a refused request.
    pub hints: AllowHints,
}

/// Reason for the refusal of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Host is none of the device's names: 421, or 302 if there is a portal.
    Host,
    /// The page comes from another origin that is not allowed: 403.
    Origin,
}

builders! {
    Access:
    with_name(name: &'static str);
    with_hosts(hosts: &'static [&'static str]);
    with_origins(origins: Origins);
    with_frames(frames: &'static [&'static str]);
    with_ports(ports: &'static [u16]);
    with_proxies(proxies: &'static [IpNetwork]);
    with_base_path(base_path: &'static str);
    with_hints(hints: AllowHints);
}

impl Access {
    /// Creates the access rules of a device with the name `name`, which may be empty.
    ///
    /// The rules allow no other origin.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            hosts: &[],
            origins: Origins::NONE,
            frames: &[],
            ports: &[],
            proxies: &[],
            base_path: "",
            https: None,
            portal: None,
            hints: AllowHints::SOURCE,
        }
    }

    /// Redirects pages without TLS to the address with TLS ([`https`](Self::https)).
    #[must_use]
    pub const fn with_https(self, https: HttpsRedirect) -> Self {
        Self { https: Some(https), ..self }
    }

    /// Sets the page of a captive [`portal`](Self::portal).
    #[must_use]
    pub const fn with_portal(self, page: &'static str) -> Self {
        Self { portal: Some(page), ..self }
    }

    /// Checks whether a request is allowed.
    ///
    /// # Errors
    /// - [`Refusal::Host`] if Host is none of the device's names.
    /// - [`Refusal::Origin`] if a page of another site sends the request, unless the user follows a link or the origin is
    ///   allowed.
    /// - [`Refusal::Origin`] if the method is not GET or HEAD and the page is neither the device's own nor allowed.
    pub fn check(&self, request: &RequestHead<'_>) -> Result<(), Refusal> {
        // A request of HTTP/1.0 may lack Host. It passes, because no browser sends it, so it cannot be DNS rebinding.
        if request.host.is_some_and(|host| !self.knows_host(host)) {
            return Err(Refusal::Host);
        }
        let follows_link = request.navigation && request.method == Method::Get;
        let has_allowed_origin = request.origin.is_some() && self.check_origin(request).is_ok();
        if request.cross_site && !follows_link && !has_allowed_origin {
            return Err(Refusal::Origin);
        }
        if matches!(request.method, Method::Get | Method::Head) {
            return Ok(());
        }
        // Other methods may change something. So they need the own or an allowed origin, although the page could not read the
        // response.
        if self.from(request) == From::Own || self.is_allowed(request) {
            Ok(())
        } else {
            Err(Refusal::Origin)
        }
    }

    /// Checks whether the page that sends the request may use the device.
    ///
    /// Call this before a WebSocket, REST or an event stream, but not for pages. A request without Origin passes, because no page
    /// sends it.
    ///
    /// # Errors
    /// [`Refusal::Origin`] if the origin is neither the device's own, at any of its ports, nor allowed.
    pub fn check_origin(&self, request: &RequestHead<'_>) -> Result<(), Refusal> {
        if self.from(request) != From::Elsewhere || self.is_allowed(request) {
            return Ok(());
        }
        Err(Refusal::Origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use instep_proto::http::HeadLimits;
    use std::format;

    const ACCESS: Access = Access::new("lamp")
        .with_hosts(&["lamp.test"])
        .with_origins(Origins::of(&["https://Panel.example:8443", "null"]))
        .with_ports(&[80, 81, 8080]);

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
            "lamp-2.local",
            "LAMP-17.local.",
            "lamp.test",
            "lamp.",
        ] {
            assert_eq!(check(&ACCESS, host, ""), Ok(()), "{host}");
        }
        for host in [
            "evil.test",
            "lamp.evil.test",
            "lamp.local.evil.test",
            "lamp-2",
            "lamp-2.evil.test",
            "lamp-.local",
            "lamp-b.local",
            "lamp2.local",
            "lam.local",
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
        let nameless = ACCESS.with_name("");
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
        let strict = ACCESS.with_origins(Origins::NONE);
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

    #[test]
    fn a_page_without_tls_may_not_use_what_came_over_tls() {
        let limits = HeadLimits { bytes: 2048, headers: 32 };
        for (secure, origin, passes) in [
            (true, "https://lamp", true),
            (true, "http://lamp", false),
            (true, "http://lamp:8080", false),
            (true, "https://panel.example:8443", true),
            (false, "http://lamp", true),
            (false, "https://lamp", true),
        ] {
            let text = format!("GET /ws HTTP/1.1\r\nHost: lamp\r\nOrigin: {origin}\r\n\r\n");
            let (mut head, _) = RequestHead::parse(text.as_bytes(), limits).unwrap().unwrap();
            head.secure = secure;
            assert_eq!(ACCESS.check_origin(&head).is_ok(), passes, "{secure} {origin}");
        }
    }
}
