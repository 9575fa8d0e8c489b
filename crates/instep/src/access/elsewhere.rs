//! Classification of requests by the page that sent them.

use super::Access;
use super::authority::{parse_host, parse_origin};
use super::origins::From;
use instep_proto::http::RequestHead;

impl Access {
    /// Returns the kind of page that sent the request, ignoring allowed origins.
    pub(super) fn from(&self, request: &RequestHead<'_>) -> From {
        let Some(origin) = request.origin else { return From::Own };
        let Some(page) = parse_origin(origin) else { return From::Elsewhere };
        let Some(host) = request.host.and_then(parse_host) else { return From::Elsewhere };
        // An attacker on the path can forge a page without TLS under any name.
        let forged = request.secure && page.default_port == 80;
        if forged || !page.name.eq_ignore_ascii_case(host.name) {
            return From::Elsewhere;
        }
        // The scheme is not compared, because a TLS proxy may be in front of the device. So 80, 443 and no port are equal.
        if page.port == host.port.filter(|port| !matches!(port, 80 | 443)) {
            return From::Own;
        }
        let port = page.port.unwrap_or(page.default_port);
        if self.ports.contains(&port) { From::OtherPort } else { From::Elsewhere }
    }

    /// Returns whether the origin of the page is in [`Access::origins`].
    pub(super) fn is_allowed(&self, request: &RequestHead<'_>) -> bool {
        request.origin.is_some_and(|origin| self.origins.find(origin).is_some())
    }

    /// Returns whether no page of another origin sent the request.
    ///
    /// Allowed origins and the device's other ports are other origins here.
    #[cfg(feature = "update")]
    pub(crate) fn is_own_page(&self, request: &RequestHead<'_>) -> bool {
        self.from(request) == From::Own
    }

    /// Returns whether cookies of the request count.
    ///
    /// Cookies count only on requests from the device's own pages, at any of its ports.
    pub(crate) fn takes_cookies(&self, request: &RequestHead<'_>) -> bool {
        self.from(request) != From::Elsewhere
    }
}
