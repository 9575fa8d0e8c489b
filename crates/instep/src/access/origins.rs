//! Allowed origins of other sites' pages, and CORS for them (WHATWG Fetch).

use super::authority::{Origin, parse_origin, same_origin};
use core::fmt::{self, Write};
use instep_proto::http::{ExtraLines, Method, Reply, RequestHead, ResponseHead, Status, WriteLines};

// Methods and header fields of scripts from other origins. The age is the time that a browser caches the response, in s.
macro_rules! preflight {
    () => {
        "Access-Control-Allow-Methods: GET, HEAD, POST, PUT\r\n\
        Access-Control-Allow-Headers: Authorization, Content-Type, Last-Event-ID\r\n\
        Access-Control-Max-Age: 600\r\n"
    };
}

/// Allowed origins of other sites' pages.
///
/// Examples are `http://example.org`, `capacitor://localhost` and `null`. Only [`Origins::of`] names the code of CORS, so firmware
/// that allows no origin links none of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origins {
    list: &'static [&'static str],
    sharing: Option<&'static Sharing>,
}

/// Function table of CORS.
#[derive(Debug)]
struct Sharing {
    find: fn(&'static [&'static str], &str) -> Option<&'static &'static str>,
    write_lines: WriteLines,
    preflight: fn(&RequestHead<'_>) -> Option<(ResponseHead, &'static str)>,
}

static SHARING: Sharing = Sharing { find, write_lines, preflight };

impl Origins {
    /// No origin is allowed.
    pub const NONE: Self = Self { list: &[], sharing: None };

    /// Allows these origins, which must be valid by [`is_origin`](crate::access::is_origin).
    pub const fn of(list: &'static [&'static str]) -> Self {
        if list.is_empty() { Self::NONE } else { Self { list, sharing: Some(&SHARING) } }
    }

    /// Returns the header lines that let pages of allowed origins read a response.
    pub(crate) fn lines(self, request: &RequestHead<'_>) -> Option<ExtraLines> {
        let write = self.sharing?.write_lines;
        Some(ExtraLines { write, of: request.origin.and_then(|origin| self.find(origin)) })
    }

    /// Returns the response to a CORS preflight, if the request is one.
    pub(crate) fn preflight(self, request: &RequestHead<'_>) -> Option<(ResponseHead, &'static str)> {
        self.sharing.and_then(|sharing| (sharing.preflight)(request))
    }

    /// Returns all allowed origins.
    pub const fn list(&self) -> &'static [&'static str] {
        self.list
    }

    pub(super) fn find(self, origin: &str) -> Option<&'static &'static str> {
        self.sharing.and_then(|sharing| (sharing.find)(self.list, origin))
    }
}

/// Kind of page that sends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// A page of the device, or no page.
    Own,
    /// A page at another port of the device.
    ///
    /// Such a page may open a WebSocket, but not read a response.
    OtherPort,
    /// A page of another site.
    Elsewhere,
}

fn find(list: &'static [&'static str], origin: &str) -> Option<&'static &'static str> {
    list.iter().find(|allowed| same_origin(allowed, origin))
}

/// Writes the header lines that let an allowed origin read a response.
///
/// The lines contain the origin as browsers serialise it, and the header fields that a script may read.
/// `Access-Control-Allow-Credentials` is never sent, so the cookie does not count.
fn write_lines(origin: Option<&'static &'static str>, out: &mut dyn Write) -> fmt::Result {
    if let Some(origin) = origin {
        out.write_str("Access-Control-Allow-Origin: ")?;
        match parse_origin(origin) {
            Some(Origin { name, port, default_port }) => {
                out.write_str(if default_port == 443 { "https://" } else { "http://" })?;
                name.chars().try_for_each(|letter| out.write_char(letter.to_ascii_lowercase()))?;
                port.map_or(Ok(()), |port| write!(out, ":{port}"))?;
            }
            None => out.write_str(origin)?,
        }
        out.write_str(
            "\r\nAccess-Control-Expose-Headers: Retry-After, ETag, Location, Allow, Instep-Revision\r\n",
        )?;
    }
    // Also sent without an origin, because a cache must not give this copy to requests with another Origin.
    out.write_str("Vary: Origin\r\n")
}

fn preflight(request: &RequestHead<'_>) -> Option<(ResponseHead, &'static str)> {
    let allowed = request.extra.is_some_and(|extra| extra.of.is_some());
    let asks = request.fields.items("access-control-request-method").next().is_some();
    if request.method != Method::Options || !allowed || !asks {
        return None;
    }
    // Some browsers ask for this before a page of the Internet may access a private network.
    let private = request.fields.items("access-control-request-private-network").next().is_some();
    let lines = if private {
        concat!(preflight!(), "Access-Control-Allow-Private-Network: true\r\n")
    } else {
        preflight!()
    };
    Some((Reply::head_of(Status::NoContent, None, request), lines))
}
