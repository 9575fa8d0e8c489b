//! Security headers of a page (Content Security Policy Level 3, RFC 7034).

use crate::fnv1a::fnv1a;
use core::fmt::{self, Write};

/// Strict `Content-Security-Policy`, without inline scripts and styles.
///
/// All content comes from the device, so text from outside can never become a script.
pub const STRICT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'";

/// Restrictions on an asset in a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Protection {
    /// Asset's own `Content-Security-Policy`.
    ///
    /// Without one, inline scripts and styles are allowed.
    pub(crate) policy: Option<&'static str>,
    /// Origins whose pages may show the asset in a frame, beside the asset's own origin.
    ///
    /// Pages of other origins must not, because they could trick a user into pressing the asset's buttons (clickjacking).
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
            // For browsers without frame-ancestors; it cannot name other origins.
            out.write_str("\r\nX-Frame-Options: SAMEORIGIN")?;
        }
        // Not no-referrer, because a page's own forms would then have the Origin `null`.
        out.write_str("\r\nReferrer-Policy: same-origin\r\n")
    }

    /// Returns the ETag of a body with these headers.
    ///
    /// The ETag depends on the headers, because browsers cache them with the body.
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
    fn page_is_framed_only_by_listed_origins() {
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
    fn etag_depends_on_protection() {
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
