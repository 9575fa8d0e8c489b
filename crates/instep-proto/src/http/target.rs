//! Target of a request (RFC 9112 section 3.2).

use super::HeadError;

/// Schemes of absolute targets, which clients send to proxies, also for WebSockets.
const SCHEMES: [&str; 4] = ["http", "https", "ws", "wss"];

/// Splits a target into authority and path.
///
/// Only absolute targets have an authority. Other targets are paths, or `*`. An authority with a user is an error,
/// because servers differ in the part that they take as its host (RFC 9110 section 4.2.4).
pub(super) fn split_target(target: &str) -> Result<(Option<&str>, &str), HeadError> {
    if target.starts_with('/') || target == "*" {
        return Ok((None, target));
    }
    // Bytes are searched because a search for a string takes much code on a small chip.
    let colon = target.bytes().position(|byte| byte == b':').ok_or(HeadError::Malformed)?;
    let (scheme, rest) = target.split_at(colon);
    let rest = rest.strip_prefix("://").ok_or(HeadError::Malformed)?;
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let known = SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    if !known || authority.is_empty() || authority.bytes().any(|byte| matches!(byte, b'@' | b'#')) {
        return Err(HeadError::Malformed);
    }
    // `http://host?query` has the path `/`; its query has no use on a device.
    Ok((Some(authority), if path.starts_with('/') { path } else { "/" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{HeadLimits, RequestHead};
    use std::format;

    fn parse(text: &str) -> Result<Option<(RequestHead<'_>, usize)>, HeadError> {
        RequestHead::parse(text.as_bytes(), HeadLimits { bytes: 2048, headers: 32 })
    }

    #[test]
    fn absolute_target_sets_host() {
        for (target, host, path) in [
            ("HTTP://evil.test/ws", "evil.test", "/ws"),
            ("https://lamp:8443/a?b", "lamp:8443", "/a"),
            ("ws://[::1]:80/ws", "[::1]:80", "/ws"),
            ("WSS://lamp", "lamp", "/"),
            ("http://lamp?x=/y", "lamp", "/"),
            ("/http://lamp/", "localhost", "/http://lamp/"),
            ("*", "localhost", "*"),
        ] {
            let text = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            let (head, _) = parse(&text).unwrap().unwrap();
            assert_eq!((head.host, head.path), (Some(host), path), "{target}");
        }
    }

    #[test]
    fn other_targets_are_malformed() {
        for target in [
            "lamp",
            "lamp:80",
            "ftp://lamp/",
            "file:///etc/passwd",
            "http:/lamp/",
            "http:///",
            "http://",
            "https://?x",
            "http://user@lamp/",
            "http://lamp@evil.test/",
            "http://lamp#/",
            "://lamp/",
            "https:lamp",
            "javascript://lamp/",
        ] {
            let text = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assert_eq!(parse(&text), Err(HeadError::Malformed), "{target}");
        }
    }
}
