//! Cookie of a session, and whether a browser keeps it in a frame.

#[cfg(feature = "shared-sessions")]
use super::sealed::{SHARED_SESSION_SECONDS, SealedSession};
use super::sessions::SESSION_SECONDS;
use crate::service::Request;
use core::fmt::{self, Display};

/// Value of a session's cookie.
#[derive(Clone, Copy)]
pub(super) enum SessionValue {
    /// The secret id of a session in this server's table.
    Id(u128),
    #[cfg(feature = "shared-sessions")]
    Sealed(SealedSession),
}

impl SessionValue {
    /// Returns the id in the value of a cookie.
    pub(super) fn parse_id(value: &str) -> Option<u128> {
        let digits = value.len() == 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
        u128::from_str_radix(value, 16).ok().filter(|_| digits)
    }
}

impl Display for SessionValue {
    /// Writes the value and its lifetime.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id:032x}; Max-Age={SESSION_SECONDS}"),
            #[cfg(feature = "shared-sessions")]
            Self::Sealed(session) => write!(f, "{session}; Max-Age={SHARED_SESSION_SECONDS}"),
        }
    }
}

/// Value of `Set-Cookie` (RFC 6265), which sets or deletes a session.
pub(super) struct Cookie<'h> {
    session: Option<SessionValue>,
    port: u16,
    /// The path prefix of the device. Devices below other prefixes of the same host have other cookies.
    base: &'h str,
    /// From which sites' pages a browser sends the cookie, and whether over TLS only.
    site: &'static str,
}

impl<'h> Cookie<'h> {
    /// Returns the cookie for a session, or for none.
    pub(super) fn new(session: Option<SessionValue>, request: &Request<'h>) -> Self {
        let head = request.head;
        let site = match (head.secure, holds_in_frames(request)) {
            // Of any site that frames the device; the cookie is partitioned by that site (CHIPS).
            (true, true) => "None; Secure; Partitioned",
            (true, false) => "Strict; Secure",
            (false, _) => "Strict",
        };
        Self { session, port: request.local_port, base: head.base, site }
    }
}

impl Display for Cookie<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "instep_{}=", self.port)?;
        match self.session {
            Some(session) => session.fmt(f)?,
            None => f.write_str("; Max-Age=0")?,
        }
        write!(f, "; Path={}/; HttpOnly; SameSite={}", self.base, self.site)
    }
}

/// Returns whether the page may be in a frame that drops the cookie.
///
/// A script of the page checks whether it is.
pub(super) fn is_framed(request: &Request<'_>) -> bool {
    !request.context.access.frames.is_empty() && !holds_in_frames(request)
}

/// Returns whether the page is in a frame that keeps the cookie.
///
/// The frame is another site's. Browsers keep such a cookie, and send `Sec-Fetch-Dest`, over TLS only.
fn holds_in_frames(request: &Request<'_>) -> bool {
    let Request { head, context, .. } = *request;
    let mut dest = head.fields.items("sec-fetch-dest");
    head.secure && !context.access.frames.is_empty() && dest.next() == Some("iframe")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString as _;

    #[test]
    fn cookie_has_expected_attributes() {
        let cookie = Cookie { session: Some(SessionValue::Id(0xabc)), port: 80, base: "", site: "Strict" };
        assert_eq!(
            cookie.to_string(),
            "instep_80=00000000000000000000000000000abc; Max-Age=2592000; Path=/; HttpOnly; SameSite=Strict"
        );
        let none = Cookie { session: None, port: 443, base: "/device", site: "Strict; Secure" };
        assert_eq!(
            none.to_string(),
            "instep_443=; Max-Age=0; Path=/device/; HttpOnly; SameSite=Strict; Secure"
        );
        let framed = Cookie { site: "None; Secure; Partitioned", ..none };
        assert_eq!(
            framed.to_string(),
            "instep_443=; Max-Age=0; Path=/device/; HttpOnly; SameSite=None; Secure; Partitioned"
        );
    }
}
