//! What a page is made of: bytes that are known when the firmware is built.

use super::content_coding::Negotiation;
use crate::fnv1a::fnv1a;

/// How a browser may keep an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// It asks each time whether its copy is still right (by ETag; 304 if it is).
    Revalidate,
    /// It never asks again: for addresses that hold a hash of their content.
    Forever,
}

/// How the bytes become a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// As they are.
    Plain,
    /// `%NAME%` is replaced by the device's value of that name.
    Template {
        /// `%%` becomes `%`, as in ESPAsyncWebServer; without it, it stays as it is.
        percent_escape: bool,
    },
}

/// A page, script, style or picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    pub(crate) content_type: &'static str,
    pub(crate) body: &'static [u8],
    pub(crate) gzip: Option<&'static [u8]>,
    /// Who gets the one and who the other, if there are both.
    pub(super) negotiation: Option<Negotiation>,
    pub(crate) etag: u64,
    pub(crate) cache: Cache,
    pub(crate) policy: Option<&'static str>,
    pub(crate) content: Content,
}

impl Asset {
    /// An asset of the given `Content-Type`. Its ETag is a hash of `body`.
    ///
    /// # Panics
    /// If the body, here or in another form, is not shorter than 4 GiB.
    pub const fn new(content_type: &'static str, body: &'static [u8]) -> Self {
        assert_short(body);
        let etag = fnv1a(body);
        let (gzip, cache, policy, content) = (None, Cache::Revalidate, None, Content::Plain);
        Self { content_type, body, gzip, negotiation: None, etag, cache, policy, content }
    }

    /// The same, with a hash that was computed before: the compiler takes too long for one of a picture.
    ///
    /// # Panics
    /// As [`Asset::new`].
    pub const fn hashed(content_type: &'static str, body: &'static [u8], hash: u64) -> Self {
        Self { etag: hash, ..Self::new(content_type, b"") }.with_body(body)
    }

    /// A page of HTML in UTF-8.
    pub const fn html(body: &'static str) -> Self {
        Self::new("text/html; charset=utf-8", body.as_bytes())
    }

    /// A page in which `%NAME%` is replaced by the device's value of that name, if it has one.
    pub const fn template(body: &'static str) -> Self {
        // The hash is of no use to a page that is never kept.
        let content = Content::Template { percent_escape: false };
        Self { content, etag: 0, ..Self::html("") }.with_body(body.as_bytes())
    }

    /// The same bytes compressed with gzip, for those who ask for it by `Accept-Encoding` (RFC 9110 section 12.5.3).
    pub const fn gzip(self, body: &'static [u8]) -> Self {
        assert_short(body);
        Self { gzip: Some(body), negotiation: Some(Negotiation::BY_WEIGHT), ..self }
    }

    /// An asset that is kept in one form alone: compressed with gzip. Everybody gets it so, whatever `Accept-Encoding` says, and no
    /// `Vary` names that. Every browser takes it: on a device it saves the flash for the other form.
    ///
    /// # Panics
    /// As [`Asset::new`].
    pub const fn compressed(content_type: &'static str, gzip: &'static [u8]) -> Self {
        Self { body: b"", gzip: Some(gzip), ..Self::new(content_type, gzip) }
    }

    /// How browsers may keep it, [`Cache::Revalidate`] if nothing is said.
    pub const fn cache(self, cache: Cache) -> Self {
        Self { cache, ..self }
    }

    /// What the page may do, as its `Content-Security-Policy`, such as [`STRICT_POLICY`](super::STRICT_POLICY). If this is
    /// not called, the page may do what it likes. Who may show it in a frame is not its own affair, and is added.
    pub const fn policy(self, policy: &'static str) -> Self {
        Self { policy: Some(policy), ..self }
    }

    /// In a template, `%%` becomes `%`, as in ESPAsyncWebServer.
    pub const fn percent_escape(self) -> Self {
        match self.content {
            Content::Template { .. } => Self { content: Content::Template { percent_escape: true }, ..self },
            Content::Plain => self,
        }
    }

    /// How its bytes become a body.
    pub const fn content(&self) -> Content {
        self.content
    }

    /// Its bytes, uncompressed, as they were given; none, if it is kept compressed alone.
    pub const fn body(&self) -> &'static [u8] {
        self.body
    }

    /// The same compressed with gzip, if that is there.
    pub const fn gzipped(&self) -> Option<&'static [u8]> {
        self.gzip
    }

    const fn with_body(self, body: &'static [u8]) -> Self {
        assert_short(body);
        Self { body, ..self }
    }
}

/// Lengths are kept in 32 bits.
const fn assert_short(body: &[u8]) {
    assert!(body.len() as u64 <= u32::MAX as u64, "an asset is shorter than 4 GiB");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a_and_tells_bodies_apart() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_ne!(Asset::html("a").etag, Asset::html("b").etag);
        let hashed = Asset::hashed("text/css", b"a", fnv1a(b"a"));
        assert_eq!(hashed, Asset::new("text/css", b"a"));
    }
}
