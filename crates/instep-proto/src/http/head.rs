//! Head of a request (RFC 9112 sections 2 to 6), validated while it is parsed.

use super::extra::ExtraLines;
use super::target::split_target;
use super::transfer_coding::TransferCoding;
use super::{Date, Fields, HeadError, trim};

/// Upper bound of [`HeadLimits::headers`].
pub const HEADERS_MAX: usize = 64;

/// Limits of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadLimits {
    /// Maximum length from the method to the empty line, in bytes.
    pub bytes: usize,
    /// Maximum headers, up to [`HEADERS_MAX`].
    pub headers: usize,
}

/// Method of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of RFC 9110")]
pub enum Method {
    #[default]
    Get,
    Head,
    Post,
    Put,
    Delete,
    Options,
    Patch,
}

/// Headers of the opening handshake, not yet validated by [`crate::handshake`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebSocketHeaders<'b> {
    /// Whether `Upgrade` lists `websocket`.
    pub upgrade: bool,
    /// Whether `Connection` lists `upgrade`.
    pub connection: bool,
    /// `Sec-WebSocket-Key`; `None` if missing or repeated.
    pub key: Option<&'b str>,
    /// `Sec-WebSocket-Version`; `None` if missing or repeated.
    pub version: Option<&'b str>,
}

/// Parsed head of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestHead<'b> {
    /// Method.
    pub method: Method,
    /// Base path in front of [`path`](Self::path), if a proxy adds one.
    ///
    /// Parsing leaves it empty, and the server splits it off.
    pub base: &'b str,
    /// Path as sent, without the query; nothing is decoded.
    pub path: &'b str,
    /// Query behind the first `?`.
    pub query: Option<&'b str>,
    /// Whether the request was encrypted.
    ///
    /// Parsing leaves it `false`, and the server sets it.
    pub secure: bool,
    /// Whether the version is HTTP/1.0, so the response must not be chunked.
    pub http10: bool,
    /// `Host`, or the authority of an absolute target, which has precedence.
    ///
    /// The value is `None` only in HTTP/1.0.
    pub host: Option<&'b str>,
    /// `Origin`, the origin of the page that sends the request.
    ///
    /// If the header is repeated, this is a value that no rule allows.
    pub origin: Option<&'b str>,
    /// Whether `Sec-Fetch-Site` is `cross-site`.
    pub cross_site: bool,
    /// Whether `Sec-Fetch-Mode` is `navigate`.
    pub navigation: bool,
    /// Whether a browser sent the request.
    ///
    /// A browser sends `Sec-Fetch-Mode` to encrypted and loopback addresses. At other addresses only its `User-Agent`
    /// identifies it, which begins with `Mozilla/`. Either header sets this field.
    pub browser: bool,
    /// Whether `Accept` lists HTML.
    ///
    /// Browsers list HTML when a page is opened, but not for a script's request.
    pub accepts_html: bool,
    /// First `Cookie`.
    pub cookies: Option<&'b [u8]>,
    /// `Authorization`; `None` if missing or repeated.
    pub authorization: Option<&'b str>,
    /// Length of the body, in bytes.
    ///
    /// Parsing leaves it 0 for chunked bodies, and the server counts them here.
    pub content_length: u64,
    /// Whether the body is chunked.
    pub chunked: bool,
    /// Whether the client waits for 100 before it sends the body.
    pub expects_continue: bool,
    /// Whether the connection can serve another request.
    pub keep_alive: bool,
    /// Minimum idle time of the connection, in seconds.
    ///
    /// Parsing leaves it 0, and the server sets it.
    pub keep_alive_seconds: u16,
    /// Time of arrival. Parsing leaves it empty, and a server with a clock sets it.
    pub date: Option<Date>,
    /// Header lines for any response. Parsing leaves it empty, and the server sets it.
    pub extra: Option<ExtraLines>,
    /// `If-None-Match`.
    pub if_none_match: Option<&'b str>,
    /// Headers of the opening handshake.
    pub websocket: WebSocketHeaders<'b>,
    /// All header lines.
    pub fields: Fields<'b>,
}

impl<'b> RequestHead<'b> {
    /// Parses a head at the start of `bytes`, and returns it with its length.
    ///
    /// Returns `None` if the head is incomplete.
    ///
    /// # Errors
    /// The first violation, as soon as it can be detected.
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
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let http10 = request.version == Some(0);
        let fields = Fields::of(&bytes[..length]);
        let mut head = Self { method, path, query, http10, keep_alive: !http10, fields, ..Self::default() };
        head.read_headers(request.headers)?;
        if head.host.is_none() && !http10 {
            return Err(HeadError::Host);
        }
        head.host = authority.or(head.host);
        Ok(Some((head, length)))
    }

    /// Returns whether the request asks for a WebSocket.
    ///
    /// A HEAD never asks for one. It is answered like a GET without `Upgrade`, because a server may ignore an upgrade
    /// (RFC 9110 sections 7.8 and 9.3.2).
    pub fn asks_for_websocket(&self) -> bool {
        self.websocket.upgrade && self.method != Method::Head
    }

    fn read_headers(&mut self, headers: &[httparse::Header<'b>]) -> Result<(), HeadError> {
        let (mut length, mut keys, mut versions, mut credentials) = (None, 0, 0, 0);
        let mut coding = TransferCoding::default();
        for header in headers {
            let name = header.name;
            // Only headers that are read here must be UTF-8; others may have any bytes.
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
            }
        }
        self.chunked = coding.is_chunked(length.is_some() || self.http10)?;
        self.content_length = length.unwrap_or(0);
        Ok(())
    }
}

/// Returns whether the third word of the request line is a version of HTTP.
///
/// Otherwise the target contains a space.
fn names_version(head: &[u8]) -> bool {
    head.splitn(3, |byte| *byte == b' ').nth(2).is_some_and(|rest| rest.starts_with(b"HTTP/"))
}

/// Returns whether a comma-separated list has a token, in any case.
pub(crate) fn has_token(list: &str, token: &str) -> bool {
    list.split(',').any(|item| trim(item).eq_ignore_ascii_case(token))
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
    fn browser_request_is_incomplete_until_its_last_byte() {
        let text = "GET /any/thing?x=1 HTTP/1.1\r\nhost: lamp.local:8080\r\nORIGIN: http://lamp.local\r\n\
            Accept-Encoding: br;q=1, GZIP;q=0.5\r\nIf-None-Match: \"a\"\r\nConnection: keep-alive, Upgrade\r\n\
            Upgrade: WebSocket\r\nSec-WebSocket-Key: k\r\nsec-websocket-version: 13\r\n\r\nGET /next";
        let (head, length) = parse(text).unwrap().unwrap();
        assert_eq!(&text[length..], "GET /next");
        assert_eq!((head.path, head.query), ("/any/thing", Some("x=1")));
        assert_eq!((head.host, head.origin), (Some("lamp.local:8080"), Some("http://lamp.local")));
        assert!(head.keep_alive && head.websocket.upgrade && head.websocket.connection);
        assert_eq!((head.websocket.key, head.websocket.version), (Some("k"), Some("13")));
        for cut in 0..length {
            assert_eq!(parse(&text[..cut]), Ok(None), "cut at {cut}");
        }
    }

    #[test]
    fn ambiguous_bodies_and_hosts_are_errors() {
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
    fn browser_and_credentials_are_recognised() {
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
    fn http_1_0_keeps_connection_only_on_request() {
        let (head, _) = parse("GET / HTTP/1.0\r\n\r\n").unwrap().unwrap();
        assert!(head.http10 && !head.keep_alive && head.host.is_none());
        let (head, _) = parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").unwrap().unwrap();
        assert!(head.keep_alive);
    }

    #[test]
    fn head_above_limits_is_an_error() {
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
}
