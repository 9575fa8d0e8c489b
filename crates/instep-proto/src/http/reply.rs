//! Response to one request.

use super::body::{Body, PageValues, Source};
use super::extra::ExtraLines;
use super::head::{Method, RequestHead};
use super::response::{After, Allow, BodyLength, ResponseHead};
use super::security_headers::Protection;
use super::{Date, HeadError, Status};

/// Response to one request, written by [`Reply::produce`] as space becomes free.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    pub(super) head: ResponseHead,
    pub(super) body: Body,
    /// Number of bytes of the head that are written.
    position: u32,
    /// Whether the head is written completely.
    pub(super) started: bool,
    pub(super) head_only: bool,
}

impl Reply {
    /// Creates an error response (or 204) with one readable sentence.
    ///
    /// Without a request, the connection closes.
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

    /// Creates the response to OPTIONS at an address that allows `methods`.
    pub fn options(methods: Allow, request: &RequestHead<'_>) -> Self {
        let mut reply = Self::error(Status::NoContent, Some(request)).allow(methods);
        reply.head.options = true;
        reply
    }

    /// Creates an HTML page of several parts, which is never cached.
    ///
    /// `policy` is its `Content-Security-Policy`. Pages of the origins in `frames`, and its own, may show it in
    /// a frame.
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

    /// Returns the head of a response without a body.
    ///
    /// The caller adds lines such as `Location`.
    pub fn empty_head(status: Status, request: &RequestHead<'_>) -> ResponseHead {
        let mut head = Self::plain(status, "", b"", Some(request)).head;
        head.content_type = None;
        head
    }

    /// Creates the response to an unreadable head, which begins with `head`.
    pub fn refusal(error: HeadError, head: &[u8]) -> Self {
        let head_only = head.starts_with(b"HEAD ");
        Self { head_only, ..Self::error(error.status(), None) }
    }

    /// Returns the head of a response with content of `content_type`.
    ///
    /// The caller writes `length` bytes of it.
    pub fn body_head(request: &RequestHead<'_>, content_type: &'static str, length: usize) -> ResponseHead {
        let mut head = Self::plain(Status::Ok, content_type, b"", Some(request)).head;
        head.length = BodyLength::of(length);
        head
    }

    /// Returns the head of an error with `length` bytes of text that the caller writes.
    ///
    /// The connection closes after it.
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
        // The connection closes after a request with `Expect: 100-continue`, because a body may follow or not.
        let after = match request.filter(|request| request.keep_alive && !request.expects_continue) {
            Some(RequestHead { http10: true, .. }) => After::KeepAliveSaid,
            Some(_) => After::KeepAlive,
            None => After::Close,
        };
        let head = ResponseHead {
            status,
            content_type: Some(content_type),
            length: BodyLength::of(body.len()),
            cache: None,
            etag: None,
            etag_of_gzip: false,
            gzip: false,
            varies: false,
            protection: None,
            allow: Allow::Read,
            extra: request.and_then(|request| request.extra),
            options: false,
            asks_for_basic: request.is_some_and(|request| !request.browser),
            retry_after: None,
            after,
            keep_alive_seconds: request.map_or(0, |request| request.keep_alive_seconds),
            date: request.and_then(|request| request.date),
        };
        let head_only = request.is_some_and(|request| request.method == Method::Head);
        Self { head, body: Body::new(Source::Static(body)), position: 0, started: false, head_only }
    }

    /// Closes the connection after the response.
    pub fn and_close(mut self) -> Self {
        self.head.after = After::Close;
        self
    }

    /// Sets `Retry-After`, in seconds.
    pub fn retry_after(mut self, seconds: u16) -> Self {
        self.head.retry_after = Some(seconds);
        self
    }

    /// Sets the methods that the address allows, for `Allow` of a 405.
    pub fn allow(mut self, methods: Allow) -> Self {
        self.head.allow = methods;
        self
    }

    /// Adds header lines, unless the response has some already.
    pub fn add_extra(&mut self, extra: Option<ExtraLines>) {
        self.head.extra = self.head.extra.or(extra);
    }

    /// Sets `Date`, unless it is set or the head is partly written.
    pub fn set_date(&mut self, date: Option<Date>) {
        if !self.started && self.position == 0 {
            self.head.date = self.head.date.or(date);
        }
    }

    /// Returns the status.
    pub fn status(&self) -> Status {
        self.head.status
    }

    /// Returns whether the connection closes after the response.
    pub fn closes(&self) -> bool {
        self.head.closes()
    }

    /// Returns whether the response is written completely.
    pub fn is_done(&self) -> bool {
        self.body.is_done
    }

    /// Writes the next bytes to the start of `out`, and returns their number.
    ///
    /// `out` should have at least 512 bytes. Returns 0 if the response is done, or `out` is too short.
    pub fn produce(&mut self, values: &dyn PageValues, out: &mut [u8]) -> usize {
        let mut used = 0;
        if !self.started {
            used = self.head.write_from(self.position as usize, out);
            if used == out.len() {
                self.position = self.position.saturating_add(u32::try_from(used).unwrap_or(u32::MAX));
                return used;
            }
            self.started = true;
            if self.head_only {
                self.body.is_done = true;
            }
        }
        used += self.body.produce(values, &mut out[used..]);
        if self.body.is_broken {
            self.head.after = After::Close;
        }
        used
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::HeadLimits;

    struct NoValues;

    impl PageValues for NoValues {
        fn page_value(&self, _: &str, _: &mut dyn FnMut(&str)) -> bool {
            false
        }
    }

    #[test]
    fn basic_challenge_is_not_sent_to_browsers() {
        let limits = HeadLimits { bytes: 2048, headers: 32 };
        for (agent, challenge) in [
            ("curl/8", "Basic realm=\"instep\", charset=\"UTF-8\""),
            ("Mozilla/5.0", "Bearer realm=\"instep\""),
        ] {
            let text = std::format!("GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: {agent}\r\n\r\n");
            let (head, _) = RequestHead::parse(text.as_bytes(), limits).unwrap().unwrap();
            let mut buffer = [0; 512];
            let length = Reply::error(Status::Unauthorized, Some(&head)).produce(&NoValues, &mut buffer);
            let text = core::str::from_utf8(&buffer[..length]).unwrap();
            assert!(text.contains(&std::format!("\r\nWWW-Authenticate: {challenge}\r\n")), "{text}");
        }
    }

    #[test]
    fn page_of_parts_is_written_in_pieces_of_any_size() {
        let limits = HeadLimits { bytes: 2048, headers: 32 };
        let (head, _) = RequestHead::parse(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", limits).unwrap().unwrap();
        const PAGES: [&[&str]; 4] = [&["ab", "", "cde"], &["", "x", ""], &["", "", ""], &[]];
        for parts in PAGES {
            for room in [1, 2, 3, 400] {
                let page =
                    Reply::page(Status::Unauthorized, parts, "default-src 'none'", &[], &head).retry_after(7);
                let mut reply = page;
                let mut buffer = [0; 800];
                let mut used = reply.produce(&NoValues, &mut buffer[..360]);
                while !reply.is_done() {
                    let length = reply.produce(&NoValues, &mut buffer[used..used + room]);
                    assert!(length > 0, "no progress");
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
}
