//! Validation of allowed names and origins, and log hints on how to allow one.

use super::authority::parse_host;
use core::fmt::{self, Display};

/// Maximum length of a name or origin in a hint, in bytes.
///
/// A host name has at most this length.
const OFFERED_MAX: usize = 253;

/// Hints for the log on how to allow a refused Host or Origin.
///
/// The name or the origin is logged directly after the hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllowHints {
    /// The hint for an unknown Host.
    pub host: &'static str,
    /// The hint for an unknown Origin.
    pub origin: &'static str,
}

impl AllowHints {
    /// Hints that name [`Access::hosts`](crate::Access::hosts) and [`Access::origins`](crate::Access::origins).
    pub const SOURCE: Self = Self { host: "add to Access::hosts ", origin: "add to Access::origins " };
    /// Hints that name flags of the command `instep`.
    pub const FLAGS: Self = Self { host: "start with --allow-host ", origin: "start with --allow-origin " };
    /// Hints that name environment variables for building firmware.
    pub const BUILD: Self =
        Self { host: "build with INSTEP_ALLOW_HOST=", origin: "build with INSTEP_ALLOW_ORIGIN=" };
}

/// Host or origin to be logged after a hint, which then allows it.
pub(crate) struct Offer<'t>(&'t str);

impl<'t> Offer<'t> {
    /// Returns the name in a Host, if it can be allowed.
    pub(crate) fn host(host: &'t str) -> Option<Self> {
        let name = parse_host(host)?.name;
        (is_host_name(name) && name.len() <= OFFERED_MAX).then_some(Self(name))
    }

    /// Returns an origin, if it can be allowed by a line for a shell.
    pub(crate) fn origin(origin: &'t str) -> Option<Self> {
        let shown = origin.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\'');
        (is_origin(origin) && shown && origin.len() <= OFFERED_MAX).then_some(Self(origin))
    }
}

impl Display for Offer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Other characters may have a meaning for a shell.
        let quote = if has_only(self.0, b"-._:/+%") { "" } else { "'" };
        write!(f, "{quote}{}{quote}", self.0)
    }
}

/// Returns whether a text is valid in [`Access::hosts`](crate::Access::hosts).
///
/// Valid are a name without a scheme or a port, and an IP address as in a URL, which needs no permission.
pub const fn is_host_name(text: &str) -> bool {
    match text.as_bytes() {
        [b'[', .., b']'] => has_only(text, b"-._~:%[]"),
        [] | [b'.' | b'-', ..] => false,
        _ => has_only(text, b"-._"),
    }
}

/// Returns whether a text is valid in [`Access::origins`](crate::Access::origins).
///
/// Valid are a scheme with a host, such as `https://example.org:8443` or `capacitor://localhost`, `file://`, and `null`.
pub const fn is_origin(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(host) = after_scheme(bytes) else { return matches!(bytes, b"null") };
    let mut i = host;
    while i < bytes.len() {
        if matches!(bytes[i], 0..=b' ' | b',' | 0x7f) {
            return false;
        }
        i += 1;
    }
    if is_http(bytes) {
        // An HTTP origin has a host, and no `/` at its end, which a page's address has.
        return i > host && bytes[host] != b'/' && bytes[i - 1] != b'/';
    }
    true
}

/// Returns whether a text is valid in [`Access::frames`](crate::Access::frames).
///
/// Valid are HTTP origins without characters that have a meaning in the header Content-Security-Policy.
pub fn is_framing_origin(text: &str) -> bool {
    let bytes = text.as_bytes();
    let host = after_scheme(bytes).map(|start| &bytes[start..]);
    let has_host = host.is_some_and(|host| !host.is_empty() && !host.contains(&b'/'));
    has_host && is_http(bytes) && has_only(text, b"-._:/[]")
}

/// Returns whether an origin is shared by many pages or programs.
///
/// Such an origin does not identify the sender.
pub fn is_wide_origin(origin: &str) -> bool {
    origin == "null" || origin.starts_with("file:")
}

/// Returns the index at which the host of an origin begins.
const fn after_scheme(bytes: &[u8]) -> Option<usize> {
    let mut i = 0;
    while i < bytes.len() && (bytes[i].is_ascii_alphanumeric() || matches!(bytes[i], b'+' | b'-' | b'.')) {
        i += 1;
    }
    let is_scheme = i > 0 && bytes[0].is_ascii_alphabetic();
    if is_scheme && matches!(bytes.split_at(i).1, [b':', b'/', b'/', ..]) { Some(i + 3) } else { None }
}

const fn is_http(bytes: &[u8]) -> bool {
    match after_scheme(bytes) {
        Some(7) => bytes.split_at(4).0.eq_ignore_ascii_case(b"http"),
        Some(8) => bytes.split_at(5).0.eq_ignore_ascii_case(b"https"),
        _ => false,
    }
}

/// Returns whether a text has only ASCII letters, digits and `signs`.
const fn has_only(text: &str, signs: &[u8]) -> bool {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let mut allowed = bytes[i].is_ascii_alphanumeric();
        let mut sign = 0;
        while sign < signs.len() {
            allowed |= bytes[i] == signs[sign];
            sign += 1;
        }
        if !allowed {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString as _;

    #[test]
    fn names_and_origins_are_validated() {
        for name in ["lamp.test", "lamp", "a_b-c.1", "lamp.", "[::1]", "[fe80::1%eth0]", "_a"] {
            assert!(is_host_name(name), "{name}");
        }
        for name in [
            "",
            "http://lamp",
            "lamp:80",
            "a, b",
            "l\u{e4}mp",
            "a/b",
            ".",
            "-a",
            "[::1",
            "[::1]:80",
            "[",
            "[a b]",
        ] {
            assert!(!is_host_name(name), "{name}");
        }
        for origin in ["null", "http://a", "https://example.org:8443", "http://[::1]:80", "HTTPS://a"] {
            assert!(is_origin(origin), "{origin}");
            assert_eq!(is_framing_origin(origin), origin != "null", "{origin}");
        }
        for origin in ["", "nul", "nulls", "a.test", "http://", "http://a/", "http://a b", "http://a,b", "*"]
        {
            assert!(!is_origin(origin) && !is_framing_origin(origin), "{origin}");
        }
        for origin in ["http://a;b", "http://'a'", "http://\u{e4}"] {
            assert!(is_origin(origin) && !is_framing_origin(origin), "{origin}");
        }
    }

    #[test]
    fn offers_are_valid_and_safe_to_paste() {
        let long = "a".repeat(OFFERED_MAX + 1);
        for (host, offered) in [
            ("lamp.fritz.box", Some("lamp.fritz.box")),
            ("lamp.test.:8080", Some("lamp.test.")),
            ("lamp:", Some("lamp")),
            // The port is invalid, so no allowed name helps.
            ("lamp:99999", None),
            ("lamp:http", None),
            ("", None),
            (":80", None),
            ("-lamp", None),
            ("a b", None),
            ("lamp;reboot", None),
            (&long[1..], Some(&long[1..])),
            (&long, None),
        ] {
            let offer = Offer::host(host).map(|offer| offer.to_string());
            assert_eq!(offer.as_deref(), offered, "{host}");
            assert!(offered.is_none_or(is_host_name), "{host}");
        }
        for (origin, offered) in [
            ("http://evil.test:99999", Some("http://evil.test:99999")),
            ("file://", Some("file://")),
            ("http://[::1]:80", Some("'http://[::1]:80'")),
            ("http://a$(reboot)", Some("'http://a$(reboot)'")),
            ("http://a';reboot;'", None),
            ("http://\u{e4}", None),
            ("lamp", None),
            ("", None),
            ("\u{fffd}", None),
            ("http://a,http://b", None),
        ] {
            let offer = Offer::origin(origin).map(|offer| offer.to_string());
            assert_eq!(offer.as_deref(), offered, "{origin}");
        }
    }

    #[test]
    fn origin_has_any_scheme_and_framing_origin_only_http() {
        for origin in [
            "file://",
            "file:///",
            "capacitor://localhost",
            "ionic://localhost",
            "tauri://localhost",
            "app://.",
            "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            "moz-extension://01234567-89ab-cdef-0123-456789abcdef",
            "vscode-webview://1A2b",
            "ws://192.168.0.7:81",
            "ftp://a",
            "a+b-c.1://",
            // The Origin of a widely used Arduino library.
            "https://github.com/gilmaimon/TinyWebsockets",
        ] {
            assert!(is_origin(origin) && !is_framing_origin(origin), "{origin}");
        }
        for origin in [
            "://",
            "://a",
            "1a://b",
            "a:/b",
            "a:b",
            "file:",
            "file:// ",
            "app://a,b",
            "app://a\n",
            "app://a\x7f",
            "a b://c",
            "http:///a",
            "https://",
        ] {
            assert!(!is_origin(origin) && !is_framing_origin(origin), "{origin}");
        }
    }
}
