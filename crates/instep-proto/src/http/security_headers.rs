//! What a page may do, and who may show it in a frame (Content Security Policy Level 3, RFC 7034).

use crate::fnv1a::fnv1a;
use core::fmt::{self, Write};

/// A strict `Content-Security-Policy`: all that the page uses comes from the device itself, and nothing in the page's
/// own text is run, so that a text from outside can never become a script.
pub const STRICT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'";

/// How a browser is to treat an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Protection {
    /// The asset's own `Content-Security-Policy`. Without one its scripts and styles may stand in the page.
    pub(crate) policy: Option<&'static str>,
    /// Origins whose pages may show it in a frame, beside its own. Any other could have a reader press its buttons
    /// unawares.
    pub(crate) frames: &'static [&'static str],
}

impl Protection {
    pub(crate) fn write(&self, out: &mut dyn Write) -> fmt::Result {
        out.write_str("Content-Security-Policy: ")?;
        if let Some(policy) = self.policy {
            write!(out, "{policy}; ")?;
        }
        out.write_str("frame-ancestors 'self'")?;
        for origin in self.frames {
            write!(out, " {origin}")?;
        }
        if self.frames.is_empty() {
            // For browsers that do not know frame-ancestors. It cannot name other origins.
            out.write_str("\r\nX-Frame-Options: SAMEORIGIN")?;
        }
        // Not no-referrer: with it a page's own forms would come with the Origin `null`.
        out.write_str("\r\nReferrer-Policy: same-origin\r\n")
    }

    /// Browsers keep these headers with their copy of the asset, so another protection needs another ETag.
    pub(crate) fn etag(&self, body: u64) -> u64 {
        let texts = self.policy.iter().chain(self.frames);
        texts.fold(body, |etag, text| etag.rotate_left(1) ^ fnv1a(text.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    fn text(protection: Protection) -> String {
        let mut out = String::new();
        protection.write(&mut out).unwrap();
        out
    }

    const PAGE: Protection = Protection { policy: None, frames: &[] };

    #[test]
    fn a_page_is_framed_only_by_those_who_may() {
        assert_eq!(
            text(PAGE),
            "Content-Security-Policy: frame-ancestors 'self'\r\nX-Frame-Options: SAMEORIGIN\r\n\
             Referrer-Policy: same-origin\r\n"
        );
        let strict = Protection { policy: Some("default-src 'none'"), ..PAGE };
        assert!(text(strict).starts_with(
            "Content-Security-Policy: default-src 'none'; frame-ancestors 'self'\r\nX-Frame-Options"
        ));
        let framed = Protection { frames: &["http://a.test:8123", "https://b.test"], ..PAGE };
        assert_eq!(
            text(framed),
            "Content-Security-Policy: frame-ancestors 'self' http://a.test:8123 https://b.test\r\n\
             Referrer-Policy: same-origin\r\n"
        );
        assert!(!STRICT_POLICY.contains("unsafe") && !STRICT_POLICY.contains("frame-ancestors"));
    }

    #[test]
    fn another_protection_is_another_etag() {
        let etags = [
            PAGE,
            Protection { policy: Some("a"), ..PAGE },
            Protection { frames: &["a"], ..PAGE },
            Protection { frames: &["a", "a"], ..PAGE },
            Protection { frames: &["b"], ..PAGE },
        ]
        .map(|protection| protection.etag(7));
        assert_eq!(etags[0], 7);
        // A policy is never an origin, so these two may be equal.
        assert_eq!(etags[1], etags[2]);
        assert!(etags[2] != etags[0] && etags[3] != etags[2] && etags[3] != etags[0] && etags[4] != etags[2]);
    }
}
