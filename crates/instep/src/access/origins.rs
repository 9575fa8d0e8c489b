//! Pages from elsewhere that may use the device, and how their browsers are told so (WHATWG Fetch, CORS protocol).

use super::authority::{Origin, parse_origin, same_origin};
use core::fmt::{self, Write};
use instep_proto::http::{ExtraLines, Method, Reply, RequestHead, ResponseHead, Status, WriteLines};

// What scripts from elsewhere may do and say. The age, in seconds, is how long a browser keeps the answer.
macro_rules! preflight {
    () => {
        "Access-Control-Allow-Methods: GET, HEAD, POST, PUT\r\n\
        Access-Control-Allow-Headers: Authorization, Content-Type, Last-Event-ID\r\n\
        Access-Control-Max-Age: 600\r\n"
    };
}

/// Origins of pages from elsewhere that may use a device, such as `http://example.org`, `capacitor://localhost` or `null`. Only
/// [`Origins::of`] names the code that tells browsers so: a firmware in which none is allowed links none of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origins {
    list: &'static [&'static str],
    sharing: Option<&'static Sharing>,
}

/// How a browser is told that a page from elsewhere may read a response.
#[derive(Debug)]
struct Sharing {
    find: fn(&'static [&'static str], &str) -> Option<&'static &'static str>,
    write_lines: WriteLines,
    preflight: fn(&RequestHead<'_>) -> Option<(ResponseHead, &'static str)>,
}

static SHARING: Sharing = Sharing { find, write_lines, preflight };

impl Origins {
    /// None may.
    pub const NONE: Self = Self { list: &[], sharing: None };

    /// Those may ([`is_origin`](crate::access::is_origin)).
    pub const fn of(list: &'static [&'static str]) -> Self {
        if list.is_empty() { Self::NONE } else { Self { list, sharing: Some(&SHARING) } }
    }

    /// What is added to each response, so that pages from elsewhere may read it.
    pub(super) fn lines(self, request: &RequestHead<'_>) -> Option<ExtraLines> {
        let write = self.sharing?.write_lines;
        Some(ExtraLines { write, of: request.origin.and_then(|origin| self.find(origin)) })
    }

    /// What a browser is told that asks what a page from elsewhere may do.
    pub(super) fn preflight(self, request: &RequestHead<'_>) -> Option<(ResponseHead, &'static str)> {
        self.sharing.and_then(|sharing| (sharing.preflight)(request))
    }

    /// All of them.
    pub const fn list(&self) -> &'static [&'static str] {
        self.list
    }

    pub(super) fn find(self, origin: &str) -> Option<&'static &'static str> {
        self.sharing.and_then(|sharing| (sharing.find)(self.list, origin))
    }
}

/// From which page a request comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// The device's own, or no page at all.
    Own,
    /// One at another port on which the device listens: it may open a WebSocket, but read no response.
    OtherPort,
    Elsewhere,
}

fn find(list: &'static [&'static str], origin: &str) -> Option<&'static &'static str> {
    list.iter().find(|allowed| same_origin(allowed, origin))
}

/// The origin, as browsers write it, and what a script may read. Never that it may come with the cookie.
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
    // Without one, too: a copy that is kept is for those who asked alike.
    out.write_str("Vary: Origin\r\n")
}

fn preflight(request: &RequestHead<'_>) -> Option<(ResponseHead, &'static str)> {
    let allowed = request.extra.is_some_and(|extra| extra.of.is_some());
    let asks = request.fields.items("access-control-request-method").next().is_some();
    if request.method != Method::Options || !allowed || !asks {
        return None;
    }
    // Some browsers ask this before a page of the Internet reaches into a network at home.
    let private = request.fields.items("access-control-request-private-network").next().is_some();
    let lines = if private {
        concat!(preflight!(), "Access-Control-Allow-Private-Network: true\r\n")
    } else {
        preflight!()
    };
    Some((Reply::head_of(Status::NoContent, None, request), lines))
}
