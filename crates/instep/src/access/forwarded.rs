//! What a trusted proxy says of the request that it forwards.

use instep_proto::http::RequestHead;

/// Longest prefix that a proxy may name, in bytes.
const PREFIX_MAX: usize = 128;

/// What a client has before the device's paths: what stands before this one, or else what a trusted proxy (`proxied`) says
/// that it took off.
pub(crate) fn prefix<'h>(request: &RequestHead<'h>, proxied: bool) -> &'h str {
    let said = request.fields.items("x-forwarded-prefix").next_back();
    let said = said.filter(|_| proxied && request.base.is_empty());
    said.map(|said| said.trim_end_matches('/')).filter(|said| is_path(said)).unwrap_or(request.base)
}

/// Whether a request, which a trusted proxy forwarded, came to it over TLS.
pub(crate) fn is_forwarded_from_tls(request: &RequestHead<'_>) -> bool {
    let scheme = request.fields.items("x-forwarded-proto").next_back();
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
}

/// Whether it is a path that can stand before the device's own, wherever it is repeated: in a URL, a cookie or JSON.
fn is_path(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+=:@".contains(&byte);
    let mut segments = text.split('/');
    text.len() <= PREFIX_MAX
        && segments.next() == Some("")
        && segments.all(|segment| {
            // An escape may stand for anything, such as a `.` or a `/`.
            !matches!(segment, "" | "." | "..") && segment.bytes().all(plain)
        })
}
