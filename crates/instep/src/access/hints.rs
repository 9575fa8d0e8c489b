//! Who is let in beside the device's own pages: how that is said, and what can be said.

use super::authority::parse_host;
use core::fmt::{self, Display};

/// The longest name or origin that the log offers to let in: the longest that a host name can be.
const OFFERED_MAX: usize = 253;

/// How whoever runs the device lets another name or page in: what the log says of a refusal. Behind each comes the name or the
/// origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllowHints {
    /// For a name that it does not go by.
    pub host: &'static str,
    /// For a page that comes from somewhere else.
    pub origin: &'static str,
}

impl AllowHints {
    /// In the source: [`Access::hosts`](crate::Access::hosts) and [`Access::origins`](crate::Access::origins).
    pub const SOURCE: Self = Self { host: "add to Access::hosts ", origin: "add to Access::origins " };
    /// By flags of a program.
    pub const FLAGS: Self =
        Self { host: "start it with --allow-host ", origin: "start it with --allow-origin " };
    /// By variables of the environment in which a firmware is built.
    pub const BUILD: Self =
        Self { host: "build it with INSTEP_ALLOW_HOST=", origin: "build it with INSTEP_ALLOW_ORIGIN=" };
}

/// What a request came with, as it can be written behind [`AllowHints::host`] or [`AllowHints::origin`] and lets it in then.
pub(crate) struct Offer<'t>(&'t str);

impl<'t> Offer<'t> {
    /// The name in a Host, if it can be let in.
    pub(crate) fn host(host: &'t str) -> Option<Self> {
        let name = parse_host(host)?.name;
        (is_host_name(name) && name.len() <= OFFERED_MAX).then_some(Self(name))
    }

    /// An origin, if it can be let in by a line that a shell reads.
    pub(crate) fn origin(origin: &'t str) -> Option<Self> {
        let shown = origin.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\'');
        (is_origin(origin) && shown && origin.len() <= OFFERED_MAX).then_some(Self(origin))
    }
}

impl Display for Offer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is more than letters may be more than text to a shell.
        let quote = if has_only(self.0, b"-._:/+%") { "" } else { "'" };
        write!(f, "{quote}{}{quote}", self.0)
    }
}

impl Default for AllowHints {
    fn default() -> Self {
        Self::SOURCE
    }
}

/// Whether that can be in [`Access::hosts`](crate::Access::hosts): a name without a scheme or a port, or an address as it stands
/// in a URL, which passes anyway.
pub const fn is_host_name(text: &str) -> bool {
    match text.as_bytes() {
        [b'[', .., b']'] => has_only(text, b"-._~:%[]"),
        [] | [b'.' | b'-', ..] => false,
        _ => has_only(text, b"-._"),
    }
}

/// Whether that can be in [`Access::origins`](crate::Access::origins): a scheme and what it stands before, such as
/// `https://example.org:8443`, `capacitor://localhost` or `file://`, or `null`.
pub const fn is_origin(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(host) = after_scheme(bytes) else { return bytes.len() == 4 && begins(bytes, b"null") };
    let mut at = host;
    while at < bytes.len() {
        if matches!(bytes[at], 0..=b' ' | b',' | 0x7f) {
            return false;
        }
        at += 1;
    }
    if is_http(bytes) {
        // No host is none, and the address of a page with a `/` at its end is no origin.
        return at > host && bytes[host] != b'/' && bytes[at - 1] != b'/';
    }
    true
}

/// Whether that can be in [`Access::frames`](crate::Access::frames): an origin of HTTP with nothing in it that could say more in
/// the header which it gets into.
pub const fn is_framing_origin(text: &str) -> bool {
    let bytes = text.as_bytes();
    if !is_http(bytes) || !has_only(text, b"-._:/[]") {
        return false;
    }
    let Some(host) = after_scheme(bytes) else { return false };
    let mut at = host;
    while at < bytes.len() && bytes[at] != b'/' {
        at += 1;
    }
    at > host && at == bytes.len()
}

/// Whether an origin is every page's that has none of its own, or every program's: it says nothing of who asks.
pub fn is_wide_origin(origin: &str) -> bool {
    origin == "null" || origin.starts_with("file:")
}

/// Where the host of an origin begins.
const fn after_scheme(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || matches!(bytes[at], b'+' | b'-' | b'.')) {
        at += 1;
    }
    let rest = bytes.split_at(at).1;
    if at > 0 && bytes[0].is_ascii_alphabetic() && begins(rest, b"://") { Some(at + 3) } else { None }
}

const fn is_http(bytes: &[u8]) -> bool {
    match after_scheme(bytes) {
        Some(7) => bytes.split_at(4).0.eq_ignore_ascii_case(b"http"),
        Some(8) => bytes.split_at(5).0.eq_ignore_ascii_case(b"https"),
        _ => false,
    }
}

const fn begins(bytes: &[u8], with: &[u8]) -> bool {
    let mut at = 0;
    while at < with.len() && at < bytes.len() && bytes[at] == with[at] {
        at += 1;
    }
    at == with.len()
}

/// Letters, digits and these signs.
const fn has_only(text: &str, signs: &[u8]) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let mut good = bytes[at].is_ascii_alphanumeric();
        let mut sign = 0;
        while sign < signs.len() {
            good |= bytes[at] == signs[sign];
            sign += 1;
        }
        if !good {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString as _;

    #[test]
    fn names_and_origins_are_told_from_what_never_matches() {
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
    fn what_the_log_offers_can_be_allowed_and_pasted() {
        let long = "a".repeat(OFFERED_MAX + 1);
        for (host, offered) in [
            ("lamp.fritz.box", Some("lamp.fritz.box")),
            ("lamp.test.:8080", Some("lamp.test.")),
            ("lamp:", Some("lamp")),
            // There is no such port, so that no name lets it in.
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
    fn an_origin_may_have_any_scheme_and_one_of_a_frame_may_not() {
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
            // As a well-known library for Arduino sends it.
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
