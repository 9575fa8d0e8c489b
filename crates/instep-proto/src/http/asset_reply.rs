//! Response to a request for an asset.

use super::Status;
use super::asset::{Asset, Content};
use super::body::{Body, Source};
use super::etag::matches_etag;
use super::head::{Method, RequestHead};
use super::reply::Reply;
use super::response::{After, BodyLength};
use super::security_headers::Protection;
use super::template::Template;
use core::num::NonZeroU64;

impl Reply {
    /// Creates the response to a request for an asset.
    ///
    /// The response is 304 if the browser's copy is current, and 405 for methods other than GET and HEAD. Pages of the
    /// origins in `frames`, and of the asset's own origin, may show the asset in a frame.
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
        let gzip = asset.gzip.filter(|_| asset.negotiation.is_none_or(|prefers_gzip| prefers_gzip(request)));
        reply.head.varies = asset.negotiation.is_some();
        let etag = protection.etag(asset.etag);
        (reply.head.etag, reply.head.etag_of_gzip) = (NonZeroU64::new(etag), gzip.is_some());
        reply.head.cache = Some(asset.cache);
        if request.if_none_match.is_some_and(|list| matches_etag(list, etag, gzip.is_some())) {
            reply.head.status = Status::NotModified;
            reply.head.content_type = None;
            reply.head.length = BodyLength::None;
            reply.body = Body::new(Source::Static(b""));
        } else if let Some(gzip) = gzip {
            reply.head.gzip = true;
            reply.head.length = BodyLength::of(gzip.len());
            reply.body = Body::new(Source::Static(gzip));
        }
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{HeadLimits, PageValues};
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

    /// Returns the whole response, produced with `room` bytes at a time.
    fn response(asset: &Asset, request: &str, room: usize) -> (String, Reply) {
        let limits = HeadLimits { bytes: 2048, headers: 32 };
        let (head, _) = RequestHead::parse(request.as_bytes(), limits).unwrap().unwrap();
        let mut reply = Reply::asset(asset, &head, &[]);
        let mut out = Vec::new();
        let mut buffer = std::vec![0; room];
        while !reply.is_done() {
            let length = reply.produce(&Values, &mut buffer);
            assert!(length > 0 || reply.is_done(), "no progress");
            out.extend_from_slice(&buffer[..length]);
        }
        (String::from_utf8(out).unwrap(), reply)
    }

    const PAGE: Asset = Asset::html("<h1>Hi</h1>").gzip(b"zipped");

    #[test]
    fn page_head_gzip_and_304_are_complete_in_any_pieces() {
        let (text, reply) = response(&PAGE, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 512);
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
            let (again, _) = response(&PAGE, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", room);
            assert_eq!(again, text, "in pieces of {room} bytes");
            let (head, _) = response(&PAGE, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", room);
            assert_eq!(head, text.replace("<h1>Hi</h1>", ""));
        }

        const ALONE: Asset = Asset::compressed("text/html", b"zipped");
        let (alone, _) = response(&ALONE, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 512);
        assert!(alone.contains("Content-Encoding: gzip") && alone.ends_with("\r\n\r\nzipped"), "{alone}");
        assert!(!alone.contains("Vary"), "Vary for an asset in one form: {alone}");
        let (zipped, _) = response(&PAGE, "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n", 512);
        assert!(zipped.contains("Content-Length: 6\r\n") && zipped.contains("Content-Encoding: gzip"));
        assert!(zipped.ends_with("zipped") && !zipped.contains(etag), "one ETag for two bodies");

        for list in [etag.into(), std::format!("\"x\", W/{etag}"), String::from("*")] {
            let request = std::format!("GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: {list}\r\n\r\n");
            let (text, _) = response(&PAGE, &request, 512);
            assert!(text.starts_with("HTTP/1.1 304 ") && text.ends_with("\r\n\r\n") && text.contains(etag));
            assert!(!text.contains("Content-Length"));
        }
        let (text, _) = response(&PAGE, "GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"0\"\r\n\r\n", 512);
        assert!(text.starts_with("HTTP/1.1 200 "));
    }

    #[test]
    fn cached_copy_is_stale_once_frames_change() {
        let request = "GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: ETAG\r\n\r\n";
        let status = |frames| {
            let (text, _) = response(&PAGE, request, 512);
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
    fn other_methods_get_405() {
        let (text, _) = response(&PAGE, "POST / HTTP/1.1\r\nHost: a\r\n\r\n", 512);
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
    fn template_is_written_in_pieces_for_http_1_1_and_1_0() {
        let long = "<p>%STATE%</p>".repeat(100) + "100%";
        let body: &'static str = std::boxed::Box::leak(long.into_boxed_str());
        let page = Asset::template(body);
        let expected = "<p>ON!</p>".repeat(100) + "100%";
        for room in [20, 64, 300, 301, 333, 400, 512, 5000] {
            let (text, reply) = response(&page, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", room);
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains("chunked") && head.contains("no-store") && !head.contains("ETag"));
            assert_eq!(unchunk(body), expected);
            assert!(!reply.closes());
            let (text, reply) = response(&page, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", room);
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(!head.contains("chunked") && head.contains("Connection: close"));
            assert_eq!(body, expected);
            assert!(reply.closes());
        }
        let (text, _) = response(&page, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 512);
        assert!(text.contains("chunked") && text.ends_with("\r\n\r\n"));
    }
}
