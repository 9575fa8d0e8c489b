//! The head of a request (RFC 9112 sections 2 to 6): parsed once, checked on the way.

use super::coding::TransferCoding;
use super::target::split_target;
use super::{Date, Fields, HeadError, trim};
use crate::deflate::PermessageDeflate;

/// No more headers than this are ever read, whatever the limit says.
pub const HEADERS_MAX: usize = 64;

/// How large a head may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadLimits {
    /// Bytes, from the method to the empty line.
    pub bytes: usize,
    /// Headers, at most [`HEADERS_MAX`].
    pub headers: usize,
}

/// The method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of RFC 9110")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Delete,
    Options,
    Patch,
}

/// The headers of the opening handshake, as they came. [`crate::handshake`] judges them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebSocketHeaders<'b> {
    /// `Upgrade` names `websocket`.
    pub upgrade: bool,
    /// `Connection` names `upgrade`.
    pub connection: bool,
    /// `Sec-WebSocket-Key`; `None` if there is none, or more than one.
    pub key: Option<&'b str>,
    /// `Sec-WebSocket-Version`; `None` if there is none, or more than one.
    pub version: Option<&'b str>,
    /// The first acceptable offer of permessage-deflate in any `Sec-WebSocket-Extensions`.
    pub deflate: Option<PermessageDeflate>,
}

/// A request head, in the words that the rest of the server needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHead<'b> {
    /// The method.
    pub method: Method,
    /// What stands before [`path`](Self::path) and is none of it: where a proxy has put the device below a path of its
    /// own. Whoever knows that path moves it here; parsing leaves this empty.
    pub base: &'b str,
    /// The path, without the query, as it was sent: nothing is decoded.
    pub path: &'b str,
    /// What follows the first `?`.
    pub query: Option<&'b str>,
    /// It came encrypted. Whoever knows says so here; parsing leaves this `false`.
    pub secure: bool,
    /// It came in HTTP/1.0: the answer must not be chunked.
    pub http10: bool,
    /// `Host`, or the authority of an absolute target, which goes before it. `None` only in HTTP/1.0.
    pub host: Option<&'b str>,
    /// `Origin`: the page from which a browser sends this. With more than one, what no rule lets pass.
    pub origin: Option<&'b str>,
    /// `Sec-Fetch-Site` says `cross-site`.
    pub cross_site: bool,
    /// `Sec-Fetch-Mode` says `navigate`.
    pub navigation: bool,
    /// A browser sends it: there is a `Sec-Fetch-Mode`, or, where browsers leave that out because the address is
    /// neither encrypted nor this machine's own, it calls itself `Mozilla`.
    pub browser: bool,
    /// `Accept` names HTML, as it does when somebody opens an address, and not when a script asks.
    pub accepts_html: bool,
    /// The first `Cookie`.
    pub cookies: Option<&'b [u8]>,
    /// `Authorization`; `None` if there is none, or more than one.
    pub authorization: Option<&'b str>,
    /// Bytes of body. Of one that comes in chunks the head says nothing; as they come, the server counts them here.
    pub content_length: u64,
    /// The body comes in chunks.
    pub chunked: bool,
    /// The client waits for word before it sends the body.
    pub expects_continue: bool,
    /// The connection may serve another request after this one.
    pub keep_alive: bool,
    /// For so many seconds it waits for that, at least. The server says so here; parsing leaves this 0.
    pub keep_alive_seconds: u16,
    /// When it came. A server with a clock says so here; parsing leaves this empty.
    pub date: Option<Date>,
    /// The client takes gzip.
    pub accepts_gzip: bool,
    /// `If-None-Match`.
    pub if_none_match: Option<&'b str>,
    /// The opening handshake.
    pub websocket: WebSocketHeaders<'b>,
    /// All header lines.
    pub fields: Fields<'b>,
}

impl<'b> RequestHead<'b> {
    /// Reads a head from the start of `bytes`: the head and its length, or `None` as long as it is incomplete.
    ///
    /// # Errors
    /// What is wrong with it, as soon as that can be seen.
    pub fn parse(bytes: &'b [u8], limits: HeadLimits) -> Result<Option<(Self, usize)>, HeadError> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let allowed = limits.headers.min(HEADERS_MAX);
        let mut request = httparse::Request::new(&mut headers[..allowed]);
        let length = match request.parse(bytes) {
            Ok(httparse::Status::Complete(length)) if length <= limits.bytes => length,
            Ok(httparse::Status::Partial) if bytes.len() < limits.bytes => return Ok(None),
            Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(HeadError::TooLarge),
            Err(httparse::Error::Version) if names_version(bytes) => return Err(HeadError::Version),
            Err(_) => return Err(HeadError::Malformed),
        };
        let method = match request.method.unwrap_or_default() {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "DELETE" => Method::Delete,
            "OPTIONS" => Method::Options,
            "PATCH" => Method::Patch,
            _ => return Err(HeadError::Method),
        };
        let (authority, target) = split_target(request.path.unwrap_or_default())?;
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let http10 = request.version == Some(0);
        let mut head = Self {
            method,
            base: "",
            path,
            query,
            secure: false,
            http10,
            host: None,
            origin: None,
            cross_site: false,
            navigation: false,
            browser: false,
            accepts_html: false,
            cookies: None,
            authorization: None,
            content_length: 0,
            chunked: false,
            expects_continue: false,
            keep_alive: !http10,
            keep_alive_seconds: 0,
            date: None,
            accepts_gzip: false,
            if_none_match: None,
            websocket: WebSocketHeaders::default(),
            fields: Fields::of(&bytes[..length]),
        };
        head.read_headers(request.headers)?;
        if head.host.is_none() && !http10 {
            return Err(HeadError::Host);
        }
        head.host = authority.or(head.host);
        Ok(Some((head, length)))
    }

    /// Whether it asks for a WebSocket. A HEAD never does: it asks what a GET without `Upgrade` would be told, since
    /// an upgrade may be passed over (RFC 9110 sections 7.8 and 9.3.2).
    pub fn asks_for_websocket(&self) -> bool {
        self.websocket.upgrade && self.method != Method::Head
    }

    fn read_headers(&mut self, headers: &[httparse::Header<'b>]) -> Result<(), HeadError> {
        let (mut length, mut keys, mut versions, mut credentials) = (None, 0, 0, 0);
        let mut coding = TransferCoding::default();
        for header in headers {
            let name = header.name;
            // Only what we read must be text: other headers may hold any bytes.
            let value = trim(core::str::from_utf8(header.value).unwrap_or("\u{fffd}"));
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            if is("host") {
                if self.host.replace(value).is_some() {
                    return Err(HeadError::Host);
                }
            } else if is("origin") {
                self.origin = Some(if self.origin.is_some() { "\u{fffd}" } else { value });
            } else if is("connection") {
                self.websocket.connection |= has_token(value, "upgrade");
                if has_token(value, "close") {
                    self.keep_alive = false;
                } else if self.http10 && has_token(value, "keep-alive") {
                    self.keep_alive = true;
                }
            } else if is("upgrade") {
                self.websocket.upgrade |= has_token(value, "websocket");
            } else if is("content-length") {
                let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
                let number = value.parse().ok().filter(|_| digits).ok_or(HeadError::Length)?;
                if length.replace(number).is_some() {
                    return Err(HeadError::Length);
                }
            } else if is("transfer-encoding") {
                coding.add(value);
            } else if is("expect") {
                if !value.eq_ignore_ascii_case("100-continue") {
                    return Err(HeadError::Expectation);
                }
                self.expects_continue = true;
            } else if is("accept-encoding") {
                self.accepts_gzip |= accepts_gzip(value);
            } else if is("if-none-match") {
                self.if_none_match = Some(value);
            } else if is("sec-fetch-site") {
                self.cross_site = value.eq_ignore_ascii_case("cross-site");
            } else if is("sec-fetch-mode") {
                self.navigation = value.eq_ignore_ascii_case("navigate");
                self.browser = true;
            } else if is("user-agent") {
                self.browser |= value.starts_with("Mozilla/");
            } else if is("accept") {
                self.accepts_html |= value.split([',', ';']).any(|kind| trim(kind) == "text/html");
            } else if is("cookie") && self.cookies.is_none() {
                self.cookies = Some(header.value);
            } else if is("authorization") {
                credentials += 1;
                self.authorization = (credentials == 1).then_some(value);
            } else if is("sec-websocket-key") {
                keys += 1;
                self.websocket.key = (keys == 1).then_some(value);
            } else if is("sec-websocket-version") {
                versions += 1;
                self.websocket.version = (versions == 1).then_some(value);
            } else if is("sec-websocket-extensions") {
                self.websocket.deflate = self.websocket.deflate.or_else(|| PermessageDeflate::find(value));
            }
        }
        self.chunked = coding.is_chunked(length.is_some() || self.http10)?;
        self.content_length = length.unwrap_or(0);
        Ok(())
    }
}

/// Whether a version of HTTP stands where it belongs: if not, the target holds a space.
fn names_version(head: &[u8]) -> bool {
    head.splitn(3, |byte| *byte == b' ').nth(2).is_some_and(|rest| rest.starts_with(b"HTTP/"))
}

/// Whether a comma-separated list holds a token, whatever its case.
pub(crate) fn has_token(list: &str, token: &str) -> bool {
    list.split(',').any(|item| trim(item).eq_ignore_ascii_case(token))
}

/// RFC 9110 section 12.5.3: gzip is listed and its weight is not zero.
fn accepts_gzip(list: &str) -> bool {
    list.split(',').any(|item| {
        let mut parts = item.split(';').map(trim);
        parts.next().is_some_and(|coding| coding.eq_ignore_ascii_case("gzip"))
            && !parts.any(|weight| {
                let zero = weight.strip_prefix("q=").or(weight.strip_prefix("Q="));
                zero.is_some_and(|zero| zero.trim_end_matches(['0', '.']).is_empty())
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{format, string::String};

    const LIMITS: HeadLimits = HeadLimits { bytes: 2048, headers: 32 };

    fn parse(text: &str) -> Result<Option<(RequestHead<'_>, usize)>, HeadError> {
        RequestHead::parse(text.as_bytes(), LIMITS)
    }

    fn error(text: &str) -> HeadError {
        parse(text).unwrap_err()
    }

    #[test]
    fn a_browsers_request_and_every_cut_of_it() {
        let text = "GET /any/thing?x=1 HTTP/1.1\r\nhost: lamp.local:8080\r\nORIGIN: http://lamp.local\r\n\
            Accept-Encoding: br;q=1, GZIP;q=0.5\r\nIf-None-Match: \"a\"\r\nConnection: keep-alive, Upgrade\r\n\
            Upgrade: WebSocket\r\nSec-WebSocket-Key: k\r\nsec-websocket-version: 13\r\n\r\nGET /next";
        let (head, length) = parse(text).unwrap().unwrap();
        assert_eq!(&text[length..], "GET /next");
        assert_eq!((head.path, head.query), ("/any/thing", Some("x=1")));
        assert_eq!((head.host, head.origin), (Some("lamp.local:8080"), Some("http://lamp.local")));
        assert!(head.keep_alive && head.accepts_gzip && head.websocket.upgrade && head.websocket.connection);
        assert_eq!((head.websocket.key, head.websocket.version), (Some("k"), Some("13")));
        for cut in 0..length {
            assert_eq!(parse(&text[..cut]), Ok(None), "cut at {cut}");
        }
    }

    #[test]
    fn unclear_bodies_and_hosts_are_refused() {
        let post = |headers: &str| error(&format!("POST / HTTP/1.1\r\nHost: a\r\n{headers}\r\n"));
        assert_eq!(post("Content-Length: 1\r\nContent-Length: 1\r\n"), HeadError::Length);
        assert_eq!(post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), HeadError::Length);
        for length in ["+1", "-1", "1, 1", "0x1", "", "99999999999999999999"] {
            assert_eq!(post(&format!("Content-Length: {length}\r\n")), HeadError::Length, "{length}");
        }
        assert_eq!(post("Expect: tea\r\n"), HeadError::Expectation);
        assert_eq!(post("Host: b\r\n"), HeadError::Host);
        assert_eq!(error("GET / HTTP/1.1\r\n\r\n"), HeadError::Host);
        assert_eq!(error("BREW / HTTP/1.1\r\nHost: a\r\n\r\n"), HeadError::Method);
        assert_eq!(error("GET / HTTP/2.0\r\n\r\n"), HeadError::Version);
        let spaced = "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(error(spaced), HeadError::Malformed);
        for cut in 0..spaced.len() {
            assert!(matches!(parse(&spaced[..cut]), Ok(None) | Err(HeadError::Malformed)), "cut at {cut}");
        }
        assert_eq!(error("GET /  HTTP/2.0\r\n\r\n"), HeadError::Malformed);
        assert_eq!(error("\x16\x03\x01"), HeadError::Malformed);
        assert_eq!(error("GET lamp HTTP/1.1\r\nHost: a\r\n\r\n"), HeadError::Malformed);
    }

    #[test]
    fn who_sends_it_and_what_it_shows_to_be_let_in() {
        let of = |headers: &'static str| {
            let text = format!("GET / HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
            let (head, _) = parse(text.leak()).unwrap().unwrap();
            head
        };
        let page = of("User-Agent: Mozilla/5.0 (X11)\r\nAccept: application/xml;q=0.9, text/html;q=0.8\r\n");
        assert!(page.browser && page.accepts_html && !page.navigation);
        let script = of("Sec-Fetch-Mode: cors\r\nAccept: */*\r\n");
        assert!(script.browser && !script.accepts_html);
        let tool =
            of("User-Agent: curl/8\r\nAccept: text/htmlx\r\nCookie: a=b\r\nAuthorization: Bearer x\r\n");
        assert!(!tool.browser && !tool.accepts_html);
        assert_eq!((tool.cookies, tool.authorization), (Some(&b"a=b"[..]), Some("Bearer x")));
        let two = of("Authorization: Bearer x\r\nAuthorization: Bearer y\r\nCookie: a\r\nCookie: b\r\n");
        assert_eq!((two.cookies, two.authorization), (Some(&b"a"[..]), None));
    }

    #[test]
    fn http_1_0_keeps_the_connection_only_if_it_asks() {
        let (head, _) = parse("GET / HTTP/1.0\r\n\r\n").unwrap().unwrap();
        assert!(head.http10 && !head.keep_alive && head.host.is_none());
        let (head, _) = parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").unwrap().unwrap();
        assert!(head.keep_alive);
    }

    #[test]
    fn limits_below_at_and_above() {
        let head = |fill: usize| format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(fill));
        let rest = head(0).len();
        assert!(parse(&head(LIMITS.bytes - rest)).unwrap().is_some());
        assert_eq!(error(&head(LIMITS.bytes - rest + 1)), HeadError::TooLarge);
        assert_eq!(error(&head(5000)[..2048]), HeadError::TooLarge);
        let many = |count: usize| -> String {
            format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(count))
        };
        assert!(parse(&many(31)).unwrap().is_some());
        assert_eq!(error(&many(32)), HeadError::TooLarge);
    }

    #[test]
    fn gzip_is_taken_only_where_it_is_wanted() {
        for (list, wanted) in [
            ("gzip", true),
            ("br, gzip", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("x-gzip", false),
            ("gzip;q=0.01", true),
        ] {
            assert_eq!(accepts_gzip(list), wanted, "{list}");
        }
    }
}
