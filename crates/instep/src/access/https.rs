//! Redirects from an address without TLS to one with it.

use super::authority::parse_host;
use core::fmt::{self, Display};
use instep_proto::http::{Method, RequestHead};

/// Redirect of browsers to the address with TLS.
///
/// Only requests that open a page are redirected. Programs, scripts and WebSockets are not, because they would not follow, or
/// would not send their content again.
#[derive(Clone, Copy, Debug)]
pub struct HttpsRedirect {
    port: u16,
    how: &'static How,
}

/// Function table of the redirect.
///
/// Only the constructor names it, so a device that never redirects links none of it.
#[derive(Debug)]
struct How {
    redirects: fn(&RequestHead<'_>) -> bool,
    write: fn(port: u16, &RequestHead<'_>, &mut fmt::Formatter<'_>) -> fmt::Result,
}

impl HttpsRedirect {
    /// Redirects to this port of the same host.
    pub const fn to_port(port: u16) -> Self {
        Self { port, how: &How { redirects, write } }
    }

    /// Returns the address to which the request is redirected, if it is.
    pub(crate) fn redirect<'h>(self, head: &'h RequestHead<'h>) -> Option<impl Display + use<'h>> {
        (self.how.redirects)(head).then(|| fmt::from_fn(move |f| (self.how.write)(self.port, head, f)))
    }
}

fn redirects(head: &RequestHead<'_>) -> bool {
    let opens = head.navigation || head.accepts_html;
    let reads = matches!(head.method, Method::Get | Method::Head) && !head.websocket.upgrade;
    !head.secure && opens && reads && head.host.is_some()
}

fn write(port: u16, head: &RequestHead<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let host = head.host.and_then(parse_host).map_or("", |host| host.name);
    write!(f, "https://{host}")?;
    if port != 443 {
        write!(f, ":{port}")?;
    }
    write!(f, "{}{}", head.base, head.path)?;
    head.query.map_or(Ok(()), |query| write!(f, "?{query}"))
}
