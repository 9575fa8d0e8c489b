//! From which page a request comes, and what that one may do.

use super::Access;
use super::authority::{parse_host, parse_origin};
use super::https::HttpsLocation;
use super::origins::From;
use instep_proto::http::{ExtraLines, RequestHead, ResponseHead};

impl Access {
    /// From where it comes, whatever is allowed.
    pub(super) fn from(&self, request: &RequestHead<'_>) -> From {
        let Some(origin) = request.origin else { return From::Own };
        let Some(page) = parse_origin(origin) else { return From::Elsewhere };
        let Some(host) = request.host.and_then(parse_host) else { return From::Elsewhere };
        // Whoever stands in between can make a page without TLS under any name.
        let forged = request.secure && page.default_port == 80;
        if forged || !page.name.eq_ignore_ascii_case(host.name) {
            return From::Elsewhere;
        }
        // The scheme is not compared: a TLS proxy may stand before us. So neither 80 nor 443 is told from no port.
        if page.port == host.port.filter(|port| !matches!(port, 80 | 443)) {
            return From::Own;
        }
        let port = page.port.unwrap_or(page.default_port);
        if self.ports.contains(&port) { From::OtherPort } else { From::Elsewhere }
    }

    /// Whether the page is one that [`Access::origins`] names.
    pub(super) fn is_allowed(&self, request: &RequestHead<'_>) -> bool {
        request.origin.is_some_and(|origin| self.origins.find(origin).is_some())
    }

    /// Whether the request may show a session by its cookie: those are for the device's own pages.
    pub(crate) fn takes_cookies(&self, request: &RequestHead<'_>) -> bool {
        self.from(request) != From::Elsewhere
    }

    /// What is added to each response, so that pages from elsewhere may read it.
    pub(crate) fn extra_lines(&self, request: &RequestHead<'_>) -> Option<ExtraLines> {
        self.origins.lines(request)
    }

    /// Where whoever opens a page without TLS is led.
    pub(crate) fn https_location<'h>(&self, request: &'h RequestHead<'h>) -> Option<HttpsLocation<'h>> {
        self.https.and_then(|redirect| redirect.redirect(request))
    }

    /// What a browser is told that asks what a page from elsewhere may do: lines of a 204.
    pub(crate) fn preflight(&self, request: &RequestHead<'_>) -> Option<(ResponseHead, &'static str)> {
        self.origins.preflight(request)
    }
}
