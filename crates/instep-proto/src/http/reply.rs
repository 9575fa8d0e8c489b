//! The answer to a request.

use super::asset::{Asset, Cache, Content};
use super::body::{Body, PageValues, Source};
use super::etag::matches_etag;
use super::extra::ExtraLines;
use super::head::{Method, RequestHead};
use super::response::{After, Allow, BodyLength, CacheControl, Challenge, ResponseHead};
use super::security_headers::Protection;
use super::template::Template;
use super::{Date, HeadError, Status};
use core::num::NonZeroU64;

/// The answer to one request. [`Reply::produce`] writes it, as much at a time as there is room for.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    pub(super) head: ResponseHead,
    pub(super) body: Body,
    /// How far the head has been written, and whether all of it.
    position: u32,
    pub(super) begun: bool,
    pub(super) head_only: bool,
}

impl Reply {
    /// An asset, or 304 if the browser's copy is still right, or 405 for what is neither GET nor HEAD. `frames` are the
    /// origins whose pages may show it in a frame, beside its own.
    pub fn asset(asset: &Asset, request: &RequestHead<'_>, frames: &'static [&'static str]) -> Self {
        if !matches!(request.method, Method::Get | Method::Head) {
            return Self::error(Status::MethodNotAllowed, Some(request));
        }
        let mut reply = Self::plain(Status::Ok, asset.content_type, asset.body, Some(request));
        let protection = Protection { policy: asset.policy, frames };
        reply.head.protection = Some(protection);
        if let Content::Template { percent_escape } = asset.content {
            let template = Template::new(asset.body, percent_escape);
            reply.body = Body::new(Source::Template { template, chunked: !request.http10 });
            reply.head.length = BodyLength::Chunked;
            if request.http10 {
                reply.head.length = BodyLength::UntilClose;
                reply.head.after = After::Close;
            }
            return reply;
        }
        let zipped =
            asset.gzip.filter(|_| asset.negotiation.is_none_or(|negotiation| (negotiation.0)(request)));
        reply.head.varies = asset.negotiation.is_some();
        let etag = protection.etag(asset.etag);
        (reply.head.etag, reply.head.etag_of_gzip) = (NonZeroU64::new(etag), zipped.is_some());
        reply.head.cache_control = match asset.cache {
            Cache::Revalidate => CacheControl::Revalidate,
            Cache::Forever => CacheControl::Forever,
        };
        if request.if_none_match.is_some_and(|list| matches_etag(list, etag, zipped.is_some())) {
            reply.head.status = Status::NotModified;
            reply.head.content_type = None;
            reply.head.length = BodyLength::None;
            reply.body = Body::new(Source::Static(b""));
        } else if let Some(zipped) = zipped {
            reply.head.gzip = true;
            reply.head.length = BodyLength::of(zipped.len());
            reply.body = Body::new(Source::Static(zipped));
        }
        reply
    }

    /// An error (or 204), with a body of one readable sentence. Without a request, the connection closes.
    pub fn error(status: Status, request: Option<&RequestHead<'_>>) -> Self {
        let mut reply =
            Self::plain(status, "text/plain; charset=utf-8", status.explanation().as_bytes(), request);
        if status == Status::NoContent {
            reply.head.length = BodyLength::None;
            reply.head.content_type = None;
        }
        if status == Status::ServiceUnavailable {
            reply.head.retry_after = Some(5);
        }
        if status == Status::ContentTooLarge {
            reply.head.after = After::Close;
        }
        reply
    }

    /// The answer to OPTIONS at an address that takes these methods.
    pub fn options(methods: Allow, request: &RequestHead<'_>) -> Self {
        let mut reply = Self::error(Status::NoContent, Some(request)).allow(methods);
        reply.head.options = true;
        reply
    }

    /// A page of HTML made of parts, that is never kept, with its `Content-Security-Policy`. `frames` are the origins whose
    /// pages may show it in a frame, beside its own.
    pub fn page(
        status: Status,
        parts: &'static [&'static str],
        policy: &'static str,
        frames: &'static [&'static str],
        request: &RequestHead<'_>,
    ) -> Self {
        let mut reply = Self::plain(status, "text/html; charset=utf-8", b"", Some(request));
        reply.head.length = BodyLength::of(parts.iter().map(|part| part.len()).sum());
        reply.head.protection = Some(Protection { policy: Some(policy), frames });
        reply.body = Body::new(Source::Parts(parts));
        reply
    }

    /// The head of an answer without a body, to which the caller adds lines, such as `Location`.
    pub fn empty_head(status: Status, request: &RequestHead<'_>) -> ResponseHead {
        let mut head = Self::plain(status, "", b"", Some(request)).head;
        head.content_type = None;
        head
    }

    /// The answer to a head, which begins with `head`, that cannot be read.
    pub fn refusal(error: HeadError, head: &[u8]) -> Self {
        let head_only = head.starts_with(b"HEAD ");
        Self { head_only, ..Self::error(error.status(), None) }
    }

    /// The head of an answer whose body is `length` bytes of plain text that the caller writes.
    pub fn text_head(request: &RequestHead<'_>, length: usize) -> ResponseHead {
        Self::body_head(request, "text/plain; charset=utf-8", length)
    }

    /// The head of an answer whose body is `length` bytes of that type that the caller writes.
    pub fn body_head(request: &RequestHead<'_>, content_type: &'static str, length: usize) -> ResponseHead {
        let mut head = Self::plain(Status::Ok, content_type, b"", Some(request)).head;
        head.length = BodyLength::of(length);
        head
    }

    /// The same for an error that the caller explains; the connection closes after it.
    pub fn error_head(status: Status, length: usize, request: &RequestHead<'_>) -> ResponseHead {
        let mut head = Self::error(status, None).head;
        head.date = request.date;
        head.length = BodyLength::of(length);
        head
    }

    pub(super) fn plain(
        status: Status,
        content_type: &'static str,
        body: &'static [u8],
        request: Option<&RequestHead<'_>>,
    ) -> Self {
        let after = match request {
            // Where the body of a request that waits for word would begin is not known.
            Some(request) if request.keep_alive && !request.expects_continue => {
                if request.http10 {
                    After::KeepAliveSaid
                } else {
                    After::KeepAlive
                }
            }
            _ => After::Close,
        };
        let head = ResponseHead {
            status,
            content_type: Some(content_type),
            length: BodyLength::of(body.len()),
            cache_control: CacheControl::Never,
            etag: None,
            etag_of_gzip: false,
            gzip: false,
            varies: false,
            protection: None,
            allow: Allow::Read,
            extra: request.and_then(|request| request.extra),
            options: false,
            challenge: match request {
                Some(request) if !request.browser => Challenge::Basic,
                _ => Challenge::Bearer,
            },
            retry_after: None,
            after,
            keep_alive_seconds: request.map_or(0, |request| request.keep_alive_seconds),
            date: request.and_then(|request| request.date),
        };
        let head_only = request.is_some_and(|request| request.method == Method::Head);
        Self { head, body: Body::new(Source::Static(body)), position: 0, begun: false, head_only }
    }

    /// The same, but the connection closes after it.
    pub fn and_close(mut self) -> Self {
        self.head.after = After::Close;
        self
    }

    /// The same with `Retry-After`, in seconds.
    pub fn retry_after(mut self, seconds: u16) -> Self {
        self.head.retry_after = Some(seconds);
        self
    }

    /// The same for an address that takes these methods, and says so where another one is not allowed.
    pub fn allow(mut self, methods: Allow) -> Self {
        self.head.allow = methods;
        self
    }

    /// Adds these lines, unless it has some.
    pub fn add_extra(&mut self, extra: Option<ExtraLines>) {
        self.head.extra = self.head.extra.or(extra);
    }

    /// Says when it is given, unless it says so already. It counts before anything is written.
    pub fn set_date(&mut self, date: Option<Date>) {
        if !self.begun && self.position == 0 {
            self.head.date = self.head.date.or(date);
        }
    }

    /// Its status.
    pub fn status(&self) -> Status {
        self.head.status
    }

    /// Whether the connection closes after it.
    pub fn closes(&self) -> bool {
        self.head.closes()
    }

    /// Whether all of it has been written.
    pub fn is_done(&self) -> bool {
        self.body.is_done()
    }

    /// Writes what comes next at the start of `out`, which holds at least 512 bytes, and returns how much.
    /// Zero: it is done, or `out` is too short.
    pub fn produce(&mut self, values: &dyn PageValues, out: &mut [u8]) -> usize {
        let mut used = 0;
        if !self.begun {
            used = self.head.write_from(self.position as usize, out);
            if used == out.len() {
                self.position = self.position.saturating_add(u32::try_from(used).unwrap_or(u32::MAX));
                return used;
            }
            self.begun = true;
            if self.head_only {
                self.body.end();
            }
        }
        used += self.body.produce(values, &mut out[used..]);
        if self.body.is_broken() {
            self.head.after = After::Close;
        }
        used
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::HeadLimits;
    use std::string::String;
    use std::vec::Vec;

    struct Values;

    impl PageValues for Values {
        fn page_value(&self, name: &str, each: &mut dyn FnMut(&str)) -> bool {
            if name == "STATE" {
                each("ON");
                each("!");
            }
            name == "STATE"
        }
    }

    fn answer(asset: &Asset, request: &str, room: usize) -> (String, Reply) {
        let limits = HeadLimits { bytes: 2048, headers: 32 };
        let (head, _) = RequestHead::parse(request.as_bytes(), limits).unwrap().unwrap();
        let mut reply = Reply::asset(asset, &head, &[]);
        let mut out = Vec::new();
        let mut buffer = std::vec![0; room];
        while !reply.is_done() {
            let length = reply.produce(&Values, &mut buffer);
            assert!(length > 0 || reply.is_done(), "stuck");
            out.extend_from_slice(&buffer[..length]);
        }
        (String::from_utf8(out).unwrap(), reply)
    }

    const PAGE: Asset = Asset::html("<h1>Hi</h1>").gzip(b"zipped");

    #[test]
    fn a_page_its_head_its_zipped_form_and_304() {
        let (text, reply) = answer(&PAGE, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 512);
        assert!(text.starts_with(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 11\r\n"
        ));
        assert!(
            text.ends_with("\r\n\r\n<h1>Hi</h1>")
                && text.contains("Vary: Accept-Encoding")
                && !reply.closes()
        );
        let etag = text.split("ETag: ").nth(1).unwrap().split("\r\n").next().unwrap();

        for room in 1..=text.len() {
            let (again, _) = answer(&PAGE, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", room);
            assert_eq!(again, text, "in pieces of {room} bytes");
            let (head, _) = answer(&PAGE, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", room);
            assert_eq!(head, text.replace("<h1>Hi</h1>", ""));
        }

        const ALONE: Asset = Asset::compressed("text/html", b"zipped");
        let (alone, _) = answer(&ALONE, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 512);
        assert!(alone.contains("Content-Encoding: gzip") && alone.ends_with("\r\n\r\nzipped"), "{alone}");
        assert!(!alone.contains("Vary"), "everybody gets the same: {alone}");
        let (zipped, _) = answer(&PAGE, "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n", 512);
        assert!(zipped.contains("Content-Length: 6\r\n") && zipped.contains("Content-Encoding: gzip"));
        assert!(zipped.ends_with("zipped") && !zipped.contains(etag), "another body needs another ETag");

        for list in [etag.into(), std::format!("\"x\", W/{etag}"), String::from("*")] {
            let request = std::format!("GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: {list}\r\n\r\n");
            let (text, _) = answer(&PAGE, &request, 512);
            assert!(text.starts_with("HTTP/1.1 304 ") && text.ends_with("\r\n\r\n") && text.contains(etag));
            assert!(!text.contains("Content-Length"));
        }
        let (text, _) = answer(&PAGE, "GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"0\"\r\n\r\n", 512);
        assert!(text.starts_with("HTTP/1.1 200 "));
    }

    #[test]
    fn a_copy_is_asked_for_again_when_others_may_frame_it() {
        let request = "GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: ETAG\r\n\r\n";
        let status = |frames| {
            let (text, _) = answer(&PAGE, request, 512);
            let etag = text.split("ETag: ").nth(1).unwrap().split("\r\n").next().unwrap();
            let request = request.replace("ETAG", etag);
            let limits = HeadLimits { bytes: 2048, headers: 32 };
            let (head, _) = RequestHead::parse(request.as_bytes(), limits).unwrap().unwrap();
            Reply::asset(&PAGE, &head, frames).status()
        };
        assert_eq!(status(&[]), Status::NotModified);
        assert_eq!(status(&["http://a.test"]), Status::Ok);
    }

    #[test]
    fn who_is_no_browser_is_asked_for_basic_authorization() {
        let limits = HeadLimits { bytes: 2048, headers: 32 };
        for (agent, asked) in [
            ("curl/8", "Basic realm=\"instep\", charset=\"UTF-8\""),
            ("Mozilla/5.0", "Bearer realm=\"instep\""),
        ] {
            let text = std::format!("GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: {agent}\r\n\r\n");
            let (head, _) = RequestHead::parse(text.as_bytes(), limits).unwrap().unwrap();
            let mut buffer = [0; 512];
            let length = Reply::error(Status::Unauthorized, Some(&head)).produce(&Values, &mut buffer);
            let text = core::str::from_utf8(&buffer[..length]).unwrap();
            assert!(text.contains(&std::format!("\r\nWWW-Authenticate: {asked}\r\n")), "{text}");
        }
    }

    #[test]
    fn a_page_of_parts_in_pieces_of_every_size() {
        let limits = HeadLimits { bytes: 2048, headers: 32 };
        let (head, _) = RequestHead::parse(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", limits).unwrap().unwrap();
        const PAGES: [&[&str]; 4] = [&["ab", "", "cde"], &["", "x", ""], &["", "", ""], &[]];
        for parts in PAGES {
            for room in [1, 2, 3, 400] {
                let page =
                    Reply::page(Status::Unauthorized, parts, "default-src 'none'", &[], &head).retry_after(7);
                let mut reply = page;
                let mut buffer = [0; 800];
                let mut used = reply.produce(&Values, &mut buffer[..360]);
                while !reply.is_done() {
                    let length = reply.produce(&Values, &mut buffer[used..used + room]);
                    assert!(length > 0, "stuck");
                    used += length;
                }
                let text = core::str::from_utf8(&buffer[..used]).unwrap();
                let (head, body) = text.split_once("\r\n\r\n").unwrap();
                assert_eq!(body, parts.concat());
                assert!(head.contains(&std::format!("Content-Length: {}\r\n", body.len())));
                assert!(
                    head.contains("Retry-After: 7\r\n")
                        && head.contains("Policy: default-src 'none'; frame-ancestors 'self'\r\n")
                );
            }
        }
    }

    #[test]
    fn other_methods_are_not_allowed() {
        let (text, _) = answer(&PAGE, "POST / HTTP/1.1\r\nHost: a\r\n\r\n", 512);
        assert!(text.starts_with("HTTP/1.1 405 ") && text.contains("Allow: GET, HEAD\r\n"));
    }

    fn unchunk(mut body: &str) -> String {
        let mut out = String::new();
        loop {
            let (length, rest) = body.split_once("\r\n").unwrap();
            let length = usize::from_str_radix(length, 16).unwrap();
            if length == 0 {
                assert_eq!(rest, "\r\n");
                return out;
            }
            out.push_str(&rest[..length]);
            body = rest[length..].strip_prefix("\r\n").unwrap();
        }
    }

    #[test]
    fn a_template_in_chunks_of_every_size_and_in_http_1_0() {
        let long = "<p>%STATE%</p>".repeat(100) + "100%";
        let body: &'static str = std::boxed::Box::leak(long.into_boxed_str());
        let page = Asset::template(body);
        let expected = "<p>ON!</p>".repeat(100) + "100%";
        for room in [20, 64, 300, 301, 333, 400, 512, 5000] {
            let (text, reply) = answer(&page, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", room);
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains("chunked") && head.contains("no-store") && !head.contains("ETag"));
            assert_eq!(unchunk(body), expected);
            assert!(!reply.closes());
            let (text, reply) = answer(&page, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", room);
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(!head.contains("chunked") && head.contains("Connection: close"));
            assert_eq!(body, expected);
            assert!(reply.closes());
        }
        let (text, _) = answer(&page, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 512);
        assert!(text.contains("chunked") && text.ends_with("\r\n\r\n"));
    }
}
