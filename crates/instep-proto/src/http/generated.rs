//! Answers for programs: their bodies are made while they are written, or by the caller.

use super::Status;
use super::body::{Body, Source};
use super::etag::matches_etag;
use super::extra::{ExtraLines, for_any_origin};
use super::head::RequestHead;
use super::reply::Reply;
use super::response::{After, Allow, BodyLength, CacheControl, Cursor, ResponseHead};
use super::security_headers::Protection;
use core::fmt::{self, Write as _};
use core::num::NonZeroU64;

impl Reply {
    /// An answer whose body, of whatever length, is made by [`PageValues::generate`](super::PageValues::generate) under that
    /// `number`. No copy of it may be kept.
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

    /// The same for a body of that length, which stays as it is as long as its hash is the same: 304 if the client's
    /// copy is still right.
    pub fn streamed_sized(
        number: u16,
        content_type: &'static str,
        length: usize,
        hash: u64,
        request: &RequestHead<'_>,
    ) -> Self {
        let mut reply = Self::plain(Status::Ok, content_type, b"", Some(request));
        (reply.head.etag, reply.head.cache_control) = (NonZeroU64::new(hash), CacheControl::Revalidate);
        if request.if_none_match.is_some_and(|list| matches_etag(list, hash, false)) {
            (reply.head.status, reply.head.length) = (Status::NotModified, BodyLength::None);
            reply.head.content_type = None;
        } else {
            reply.head.length = BodyLength::of(length);
            reply.body = Body::new(Source::Made { number, chunked: false });
        }
        reply
    }

    /// Writes the head of [`Reply::streamed_sized`] and the `beginning` of its body at the start of `out`, and returns how much; what
    /// [`PageValues::generate`](super::PageValues::generate) makes follows. An answer without a body is written later, as a whole.
    /// `None`: there is no room.
    pub fn begin(&mut self, beginning: &dyn fmt::Display, out: &mut [u8]) -> Option<usize> {
        if self.head_only || self.head.status == Status::NotModified {
            return Some(0);
        }
        let head = self.head.write(out)?;
        let mut body = Cursor { out: &mut out[head..], used: 0 };
        write!(body, "{beginning}").ok()?;
        self.begun = true;
        Some(head + body.used)
    }

    /// A file of a page, whose body is made by [`PageValues::generate`](super::PageValues::generate) under that `number`: of that length and
    /// with that hash, or a template, of which no copy may be kept. `frames` are the origins whose pages may show it in a frame,
    /// beside its own.
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

    /// An answer of JSON that is known when the firmware is built. Without a request, the connection closes.
    pub fn json(status: Status, body: &'static str, request: Option<&RequestHead<'_>>) -> Self {
        let mut reply = Self::error(status, request);
        reply.head.content_type = Some("application/json");
        reply.head.length = BodyLength::of(body.len());
        reply.body = Body::new(Source::Static(body.as_bytes()));
        reply
    }

    /// The head of an answer whose body is `length` bytes of that type that the caller writes: an error, too. `None`:
    /// it has no body.
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

    /// The same for a page of HTML, with its `Content-Security-Policy`. No other page may show it in a frame.
    pub fn with_policy(mut self, policy: &'static str) -> Self {
        self.head.protection = Some(Protection { policy: Some(policy), frames: &[] });
        self
    }

    /// The same, and pages from anywhere may read it.
    pub fn for_any_origin(mut self) -> Self {
        self.head.extra = Some(ExtraLines { write: for_any_origin, of: None });
        self
    }
}

impl ResponseHead {
    /// The same for a body that goes on until the connection closes.
    pub fn without_end(mut self) -> Self {
        (self.length, self.after) = (BodyLength::UntilClose, After::Close);
        self
    }

    /// The same for an address that takes these methods.
    pub fn allow(mut self, methods: Allow) -> Self {
        self.allow = methods;
        self
    }
}
