//! Classification of requests by the page that sent them.

use super::Access;
use super::authority::{parse_host, parse_origin};
use super::https::HttpsLocation;
use super::origins::From;
use instep_proto::http::{ExtraLines, RequestHead, ResponseHead};

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

    /// Returns whether cookies of the request count.
    ///
    /// Cookies count only on requests from the device's own pages, at any of its ports.
    pub(crate) fn takes_cookies(&self, request: &RequestHead<'_>) -> bool {
        self.from(request) != From::Elsewhere
    }

    /// Returns the header lines that let pages of other origins read a response.
    pub(crate) fn extra_lines(&self, request: &RequestHead<'_>) -> Option<ExtraLines> {
        self.origins.lines(request)
    }

    /// Returns the address with TLS to which the request is redirected, if it is.
    pub(crate) fn https_location<'h>(&self, request: &'h RequestHead<'h>) -> Option<HttpsLocation<'h>> {
        self.https.and_then(|redirect| redirect.redirect(request))
    }

    /// Returns the response to a CORS preflight, if the request is one.
    ///
    /// The response is a head and further header lines.
    pub(crate) fn preflight(&self, request: &RequestHead<'_>) -> Option<(ResponseHead, &'static str)> {
        self.origins.preflight(request)
    }
}
