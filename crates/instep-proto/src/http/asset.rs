//! Assets of pages, as bytes that are known at build time.

use super::content_coding::{Negotiation, prefers_gzip};
use crate::fnv1a::fnv1a;

/// Caching of an asset by browsers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// Validated by ETag before each use, with 304 if unchanged.
    Revalidate,
    /// Never validated, for addresses that contain a hash of their content.
    Forever,
}

/// Encoding of an asset's bytes as a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Unchanged.
    Plain,
    /// With `%NAME%` replaced by the device's value of that name.
    Template {
        /// Whether `%%` becomes `%`, as in ESPAsyncWebServer. Otherwise it stays.
        percent_escape: bool,
    },
}

/// Page, script, style or picture.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    pub(crate) content_type: &'static str,
    pub(crate) body: &'static [u8],
    pub(crate) gzip: Option<&'static [u8]>,
    /// Negotiation between `body` and `gzip`, if both exist.
    pub(super) negotiation: Option<Negotiation>,
    pub(crate) etag: u64,
    pub(crate) cache: Cache,
    pub(crate) policy: Option<&'static str>,
    pub(crate) content: Content,
}

impl Asset {
    /// Creates an asset of the given `Content-Type`, with a hash of `body` as its ETag.
    ///
    /// # Panics
    /// If `body`, plain or compressed, is 4 GiB or longer.
    pub const fn new(content_type: &'static str, body: &'static [u8]) -> Self {
        assert_short(body);
        let etag = fnv1a(body);
        let (gzip, cache, policy, content) = (None, Cache::Revalidate, None, Content::Plain);
        Self { content_type, body, gzip, negotiation: None, etag, cache, policy, content }
    }

    /// Creates an asset with a precomputed hash.
    ///
    /// Const evaluation of a picture's hash is slow.
    ///
    /// # Panics
    /// As [`Asset::new`].
    pub const fn hashed(content_type: &'static str, body: &'static [u8], hash: u64) -> Self {
        Self { etag: hash, ..Self::new(content_type, b"") }.with_body(body)
    }

    /// Creates a page of HTML in UTF-8.
    pub const fn html(body: &'static str) -> Self {
        Self::new("text/html; charset=utf-8", body.as_bytes())
    }

    /// Creates a page in which `%NAME%` is replaced by the device's value, if any.
    pub const fn template(body: &'static str) -> Self {
        // A template is never cached, so it needs no hash.
        let content = Content::Template { percent_escape: false };
        Self { content, etag: 0, ..Self::html("") }.with_body(body.as_bytes())
    }

    /// Adds the body compressed with gzip.
    ///
    /// This body is sent to clients that accept gzip (RFC 9110 section 12.5.3).
    pub const fn gzip(self, body: &'static [u8]) -> Self {
        assert_short(body);
        Self { gzip: Some(body), negotiation: Some(prefers_gzip), ..self }
    }

    /// Creates an asset that exists only compressed with gzip.
    ///
    /// All clients get the compressed body, for any `Accept-Encoding`, and without `Vary`. Every browser supports gzip,
    /// and a device saves the flash of the plain form.
    ///
    /// # Panics
    /// As [`Asset::new`].
    pub const fn compressed(content_type: &'static str, gzip: &'static [u8]) -> Self {
        Self { body: b"", gzip: Some(gzip), ..Self::new(content_type, gzip) }
    }

    /// Sets the caching; the default is [`Cache::Revalidate`].
    pub const fn cache(self, cache: Cache) -> Self {
        Self { cache, ..self }
    }

    /// Sets the page's `Content-Security-Policy`.
    ///
    /// An example is [`STRICT_POLICY`](super::STRICT_POLICY). Without it, the page is unrestricted.
    /// `frame-ancestors` is added to it by the server.
    pub const fn policy(self, policy: &'static str) -> Self {
        Self { policy: Some(policy), ..self }
    }

    /// Makes `%%` become `%` in a template, as in ESPAsyncWebServer.
    pub const fn percent_escape(self) -> Self {
        match self.content {
            Content::Template { .. } => Self { content: Content::Template { percent_escape: true }, ..self },
            Content::Plain => self,
        }
    }

    /// Returns the encoding of its bytes as a body.
    pub const fn content(&self) -> Content {
        self.content
    }

    /// Returns the uncompressed bytes; none if the asset exists only compressed.
    pub const fn body(&self) -> &'static [u8] {
        self.body
    }

    /// Returns the bytes compressed with gzip, if they exist.
    pub const fn gzipped(&self) -> Option<&'static [u8]> {
        self.gzip
    }

    const fn with_body(self, body: &'static [u8]) -> Self {
        assert_short(body);
        Self { body, ..self }
    }
}

/// Asserts that a length fits into 32 bits.
const fn assert_short(body: &[u8]) {
    assert!(body.len() as u64 <= u32::MAX as u64, "an asset must be shorter than 4 GiB");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_is_fnv_1a_and_differs_between_bodies() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_ne!(Asset::html("a").etag, Asset::html("b").etag);
        let hashed = Asset::hashed("text/css", b"a", fnv1a(b"a"));
        assert_eq!(std::format!("{hashed:?}"), std::format!("{:?}", Asset::new("text/css", b"a")));
    }
}
