//! Headers in which a trusted proxy reports on the request that it forwards.

use instep_proto::http::RequestHead;

/// Maximum length of a prefix that a proxy may report, in bytes.
const PREFIX_MAX: usize = 128;

/// Returns the prefix that a client puts before the device's paths.
///
/// The prefix comes from the request's path (`base`), or otherwise from the trusted proxy that removed it (`proxied`).
pub(crate) fn prefix<'h>(base: &'h str, request: &RequestHead<'h>, proxied: bool) -> &'h str {
    if !proxied || !base.is_empty() {
        return base;
    }
    let reported = request.fields.items("x-forwarded-prefix").next_back();
    reported
        .map(|reported| reported.trim_end_matches('/'))
        .filter(|reported| is_path(reported))
        .unwrap_or(base)
}

/// Returns whether the request reached the proxy over TLS.
///
/// The caller must trust the proxy.
pub(crate) fn is_forwarded_from_tls(request: &RequestHead<'_>) -> bool {
    let scheme = request.fields.items("x-forwarded-proto").next_back();
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
}

/// Returns whether a prefix is safe to repeat in a URL, a cookie and JSON.
fn is_path(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+=:@".contains(&byte);
    let mut segments = text.split('/');
    text.len() <= PREFIX_MAX
        && segments.next() == Some("")
        && segments.all(|segment| {
            // Escapes are not allowed, because they could stand for a `.` or a `/`.
            !matches!(segment, "" | "." | "..") && segment.bytes().all(plain)
        })
}
