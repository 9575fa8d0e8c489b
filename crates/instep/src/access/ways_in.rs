//! Who is let in beside the device's own pages: how that is said, and what can be said.

/// How whoever runs the device lets another name or page in: what the log says of a refusal. Behind each comes the name or the
/// origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaysIn {
    /// For a name that it does not go by.
    pub host: &'static str,
    /// For a page that comes from somewhere else.
    pub origin: &'static str,
}

impl WaysIn {
    /// In the source: [`Access::hosts`](crate::Access::hosts) and [`Access::origins`](crate::Access::origins).
    pub const SOURCE: Self = Self { host: "add to Access::hosts ", origin: "add to Access::origins " };
    /// By flags of a program.
    pub const FLAGS: Self =
        Self { host: "start it with --allow-host ", origin: "start it with --allow-origin " };
    /// By variables of the environment in which a firmware is built.
    pub const BUILD: Self =
        Self { host: "build it with INSTEP_ALLOW_HOST=", origin: "build it with INSTEP_ALLOW_ORIGIN=" };
}

impl Default for WaysIn {
    fn default() -> Self {
        Self::SOURCE
    }
}

/// Whether that can be in [`Access::hosts`](crate::Access::hosts): a name without a scheme or a port.
pub const fn is_host_name(text: &str) -> bool {
    !text.is_empty() && has_only(text, b"-._")
}

/// Whether that can be in [`Access::origins`](crate::Access::origins), such as `https://example.org:8443` or `null`.
pub const fn is_origin(text: &str) -> bool {
    let bytes = text.as_bytes();
    let host = match begins(bytes, b"https://") {
        true => 8,
        false if begins(bytes, b"http://") => 7,
        false => return bytes.len() == 4 && begins(bytes, b"null"),
    };
    let mut at = host;
    while at < bytes.len() && !matches!(bytes[at], b'/' | b' ' | b',') {
        at += 1;
    }
    at > host && at == bytes.len()
}

/// Whether that can be in [`Access::frames`](crate::Access::frames): an origin with nothing in it that could say more in the
/// header which it gets into, and not `null`.
pub const fn is_framing_origin(text: &str) -> bool {
    is_origin(text) && has_only(text, b"-._:/[]") && text.len() != "null".len()
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

    #[test]
    fn names_and_origins_are_told_from_what_never_matches() {
        for name in ["lamp.test", "lamp", "a_b-c.1"] {
            assert!(is_host_name(name), "{name}");
        }
        for name in ["", "http://lamp", "lamp:80", "a, b", "l\u{e4}mp", "a/b"] {
            assert!(!is_host_name(name), "{name}");
        }
        for origin in ["null", "http://a", "https://example.org:8443", "http://[::1]:80"] {
            assert!(is_origin(origin), "{origin}");
            assert_eq!(is_framing_origin(origin), origin != "null", "{origin}");
        }
        for origin in
            ["", "nul", "nulls", "a.test", "http://", "http://a/", "http://a b", "http://a,b", "ftp://a"]
        {
            assert!(!is_origin(origin) && !is_framing_origin(origin), "{origin}");
        }
        for origin in ["http://a;b", "http://'a'", "http://\u{e4}"] {
            assert!(is_origin(origin) && !is_framing_origin(origin), "{origin}");
        }
    }
}
