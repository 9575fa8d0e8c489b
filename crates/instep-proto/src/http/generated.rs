//! Responses with bodies that are generated, or written by the caller.

use super::Status;
use super::asset::Cache;
use super::body::{Body, Source};
use super::etag::matches_etag;
use super::extra::{ExtraLines, for_any_origin};
use super::head::RequestHead;
use super::reply::Reply;
use super::response::{After, Allow, BodyLength, Cursor, ResponseHead};
use super::security_headers::Protection;
use core::fmt::{self, Write as _};
use core::num::NonZeroU64;

impl Reply {
    /// Creates a generated response of unknown length.
    ///
    /// [`PageValues::generate`](super::PageValues::generate) writes the body `number`, which must not be cached.
    pub fn streamed(number: u16, content_type: &'static str, request: &RequestHead<'_>) -> Self {
        let chunked = !request.http10;
        let mut reply = Self::plain(Status::Ok, content_type, b"", Some(request));
        reply.body = Body::new(Source::Made { number, chunked });
        reply.head.length = BodyLength::Chunked;
        if request.http10 {
            (reply.head.length, reply.head.after) = (BodyLength::UntilClose, After::Close);
        }
        reply
    }

    /// Creates a generated response of a known length and hash.
    ///
    /// The hash is its ETag, so the response is 304 if the client's copy is current.
    pub fn streamed_sized(
        number: u16,
        content_type: &'static str,
        length: usize,
        hash: u64,
        request: &RequestHead<'_>,
    ) -> Self {
        let mut reply = Self::plain(Status::Ok, content_type, b"", Some(request));
        (reply.head.etag, reply.head.cache) = (NonZeroU64::new(hash), Some(Cache::Revalidate));
        if request.if_none_match.is_some_and(|list| matches_etag(list, hash, false)) {
            (reply.head.status, reply.head.length) = (Status::NotModified, BodyLength::None);
            reply.head.content_type = None;
        } else {
            reply.head.length = BodyLength::of(length);
            reply.body = Body::new(Source::Made { number, chunked: false });
        }
        reply
    }

    /// Writes the head of [`Reply::streamed_sized`] and a `beginning` of its body.
    ///
    /// Returns their length, or `None` if they do not fit. The bytes of
    /// [`PageValues::generate`](super::PageValues::generate) follow. A response without a body is written later
    /// as a whole.
    pub fn begin(&mut self, beginning: &dyn fmt::Display, out: &mut [u8]) -> Option<usize> {
        if self.head_only || self.head.status == Status::NotModified {
            return Some(0);
        }
        let head = self.head.write(out)?;
        let mut body = Cursor { out: &mut out[head..], used: 0 };
        write!(body, "{beginning}").ok()?;
        self.started = true;
        Some(head + body.used)
    }

    /// Creates a response with a generated file.
    ///
    /// The bytes come from [`PageValues::generate`](super::PageValues::generate). It has a length and a hash,
    /// or is a template that must not be cached. Pages of the origins in `frames`, and its own, may show it in
    /// a frame.
    pub fn file(
        number: u16,
        content_type: &'static str,
        length_and_hash: Option<(usize, u64)>,
        request: &RequestHead<'_>,
        frames: &'static [&'static str],
    ) -> Self {
        let protection = Protection { policy: None, frames };
        let mut reply = match length_and_hash {
            Some((length, hash)) => {
                Self::streamed_sized(number, content_type, length, protection.etag(hash), request)
            }
            None => Self::streamed(number, content_type, request),
        };
        reply.head.protection = Some(protection);
        reply
    }

    /// Creates a response of constant JSON.
    ///
    /// Without a request, the connection is closed.
    pub fn json(status: Status, body: &'static str, request: Option<&RequestHead<'_>>) -> Self {
        let mut reply = Self::error(status, request);
        reply.head.content_type = Some("application/json");
        reply.head.length = BodyLength::of(body.len());
        reply.body = Body::new(Source::Static(body.as_bytes()));
        reply
    }

    /// Creates the head of a response whose body the caller writes.
    ///
    /// `content` has the body's type and length, or is `None` for a response without a body.
    pub fn head_of(
        status: Status,
        content: Option<(&'static str, usize)>,
        request: &RequestHead<'_>,
    ) -> ResponseHead {
        let mut head = Self::error(status, Some(request)).head;
        head.content_type = content.map(|(content_type, _)| content_type);
        head.length = content.map_or(BodyLength::None, |(_, length)| BodyLength::of(length));
        head
    }

    /// Returns the head of a response with `length` bytes of JSON, whose request is used already.
    ///
    /// The connection closes after it.
    pub fn closing_json_head(status: Status, length: usize, extra: Option<ExtraLines>) -> ResponseHead {
        let mut head = Self::error(status, None).head;
        (head.content_type, head.length) = (Some("application/json"), BodyLength::of(length));
        head.extra = extra;
        head
    }

    /// Sets a page's `Content-Security-Policy`, and forbids others to frame it.
    pub fn with_policy(mut self, policy: &'static str) -> Self {
        self.head.protection = Some(Protection { policy: Some(policy), frames: &[] });
        self
    }

    /// Allows pages of any origin to read the response.
    pub fn for_any_origin(mut self) -> Self {
        self.head.extra = Some(ExtraLines { write: for_any_origin, of: None });
        self
    }
}

impl ResponseHead {
    /// Makes the body last until the connection is closed.
    pub fn without_end(mut self) -> Self {
        (self.length, self.after) = (BodyLength::UntilClose, After::Close);
        self
    }

    /// Sets the methods that the address allows.
    pub fn allow(mut self, methods: Allow) -> Self {
        self.allow = methods;
        self
    }
}
