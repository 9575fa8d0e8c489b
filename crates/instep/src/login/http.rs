//! Routes and cookies of the log-in.
//!
//! A request without a session and without a password is led to the log-in page, or gets 401.

use super::checks::Verdict;
use super::cookie::{Cookie, is_framed};
use super::log_in::{Authenticator, LogIn, Verification};
use super::page::{self, Page};
use super::password::{PASSWORD_MAX, Password};
use super::state::{LogInMemory, Random};
use crate::access::{MountPath, prefix};
use crate::log::lines;
use crate::service::{Credential, Outcome, Pending, Request, may_act, whole_content};
use core::fmt::{self, Display};
use core::num::NonZeroU32;
use core::ops::ControlFlow::{self, Break, Continue};
use instep_proto::delivery::Outgoing;
use instep_proto::http::{
    Method, QueryValue, Reply, RequestHead, Status, authorization_password, cookies, form_value,
};
use zeroize::Zeroizing;

/// Maximum length of the user and password in `Authorization`, in bytes.
const CREDENTIALS_MAX: usize = 256;
/// Maximum length of a path to which a log-in redirects, in bytes.
const NEXT_MAX: usize = 512;

/// Path of the log-in page.
pub(crate) const LOG_IN: &str = "/login";
/// Path to which the form for logging out is sent.
pub(crate) const LOG_OUT: &str = "/logout";

const BY_PASSWORD: &Authenticator =
    &Authenticator { authenticate: LogIn::authenticate, shows_session: LogIn::shows_session };

impl LogIn {
    /// Creates a log-in with a password.
    ///
    /// # Panics
    /// If any part of the memory is empty.
    pub fn new(memory: LogInMemory, password: Password, random: Random) -> Self {
        Self::begin(memory, Some(password), random, BY_PASSWORD)
    }

    /// Creates a log-in without a password.
    ///
    /// Every client is let in until [`LogIn::change_password`] sets a password.
    ///
    /// # Panics
    /// If any part of the memory is empty.
    pub fn without_password(memory: LogInMemory, random: Random) -> Self {
        Self::begin(memory, None, random, BY_PASSWORD)
    }

    /// Returns the credential of a request, or breaks with the response, such as 401.
    fn authenticate(
        &self,
        request: &Request<'_>,
        out: &mut Outgoing<'_>,
    ) -> ControlFlow<Outcome, Credential> {
        // Redirects and cookies name paths as the client sees them.
        let base = prefix(request.mount.before(request.head.base), request.head, request.proxied);
        let head = RequestHead { base, ..*request.head };
        let request = &Request { head: &head, ..*request };
        let Request { head, context, .. } = *request;
        let reads = matches!(head.method, Method::Get | Method::Head);
        match head.path {
            // The cookie that these set or delete is for the device's own pages.
            LOG_IN | LOG_OUT if !reads && !context.access.takes_cookies(head) => {
                Break(error(Status::Forbidden, head))
            }
            LOG_IN => Break(self.log_in(request, out)),
            LOG_OUT => Break(self.log_out(request, out)),
            _ => match self.sessions(request).next() {
                Some(credential) => Continue(credential),
                None => self.check_authorization(request, out),
            },
        }
    }

    /// Returns the valid sessions in the request's cookies.
    fn sessions(&self, request: &Request<'_>) -> impl Iterator<Item = Credential> {
        session_values(request, self.is_shared()).filter_map(|value| self.find_session(value, request.now))
    }

    /// Returns whether the request's cookies have a valid session.
    pub(super) fn shows_session(&self, request: &Request<'_>) -> bool {
        self.sessions(request).next().is_some()
    }

    /// Ends all sessions in the request's cookies. Returns whether there was one.
    fn end_sessions(&self, request: &Request<'_>) -> bool {
        let mut any = false;
        for value in session_values(request, self.is_shared()) {
            any |= self.end_session(value, request.context, request.now);
        }
        any
    }

    /// Checks the password of Basic authentication, which comes with each request.
    fn check_authorization(
        &self,
        request: &Request<'_>,
        out: &mut Outgoing<'_>,
    ) -> ControlFlow<Outcome, Credential> {
        let Request { now, head, peer, .. } = *request;
        let mut credentials = Zeroizing::new([0; CREDENTIALS_MAX]);
        let password = head.authorization.and_then(|text| authorization_password(text, &mut *credentials));
        let Some(password) = password else { return Break(challenge(request, out)) };
        match self.verify(password, peer, true, ticket(request), now) {
            Verification::Checked(Verdict::Accepted) => Continue(self.basic_credential()),
            Verification::Checked(Verdict::Rejected) => Break(error(Status::Unauthorized, head)),
            Verification::Checked(Verdict::Throttled(seconds)) => {
                let reply = Reply::error(Status::TooManyRequests, Some(head));
                Break(Outcome::Reply(reply.retry_after(seconds)))
            }
            Verification::Pending(ticket) => Break(Outcome::Pending(Pending::PasswordCheck(ticket))),
        }
    }

    /// Answers with the log-in page, or checks its form.
    fn log_in(&self, request: &Request<'_>, out: &mut Outgoing<'_>) -> Outcome {
        let Request { now, head, peer, .. } = *request;
        if matches!(head.method, Method::Get | Method::Head) {
            let inside = self.sessions(request).next().is_some();
            return show(
                Status::Ok,
                if inside { page::inside() } else { page::ask(is_framed(request)) },
                request,
            );
        }
        if let Break(outcome) = may_act(request, out) {
            return outcome;
        }
        let form = match whole_content(request, out) {
            Continue(form) => form,
            Break(outcome) => return outcome,
        };
        let mut password = Zeroizing::new([0; PASSWORD_MAX]);
        let password = match form_value(form, "password", &mut *password) {
            Ok(Some(password)) => password,
            Ok(None) => return error(Status::BadRequest, head),
            Err(instep_proto::http::FormError::TooLong) => &[],
            Err(_) => return error(Status::BadRequest, head),
        };
        match self.verify(password, peer, false, ticket(request), now) {
            Verification::Pending(ticket) => Outcome::Pending(Pending::PasswordCheck(ticket)),
            Verification::Checked(Verdict::Rejected) => {
                show(Status::Unauthorized, page::ask_again(is_framed(request)), request)
            }
            Verification::Checked(Verdict::Throttled(seconds)) => {
                let reply =
                    page_reply(Status::TooManyRequests, page::wait(seconds, is_framed(request)), request);
                Outcome::Reply(reply.retry_after(seconds))
            }
            Verification::Checked(Verdict::Accepted) => {
                // The old id ends, so a copy of it is of no use after this log-in.
                let _ = self.end_sessions(request);
                let session = self.begin_session(request.context, now);
                lines::info(format_args!("Logged in from {peer}"));
                let cookie = Cookie::new(Some(session), request);
                let mut next = [0; NEXT_MAX];
                redirect(head, &local_path(head.query, &mut next), Some(&cookie), out)
            }
        }
    }

    fn log_out(&self, request: &Request<'_>, out: &mut Outgoing<'_>) -> Outcome {
        let Request { head, peer, .. } = *request;
        if let Break(outcome) = may_act(request, out) {
            return outcome;
        }
        if self.end_sessions(request) {
            lines::info(format_args!("Logged out from {peer}"));
        }
        let cookie = Cookie::new(None, request);
        redirect(head, &LOG_IN, Some(&cookie), out)
    }
}

/// Returns the values of the request's cookies that may have a session.
///
/// Browsers ignore ports when they send cookies, so the port is in the cookie's name, and there may be several cookies. The port of
/// `any` server will do if servers share their sessions.
fn session_values<'h>(request: &Request<'h>, any: bool) -> impl Iterator<Item = &'h str> {
    let access = request.context.access;
    let (local_port, ports) = (request.local_port, access.ports);
    let shown = request.head.cookies.filter(|_| access.takes_cookies(request.head));
    let ours = move |name: &str| {
        let port = name.strip_prefix("instep_")?.parse().ok()?;
        (any || port == local_port || ports.contains(&port)).then_some(())
    };
    cookies(shown.unwrap_or_default()).filter_map(move |(name, value)| ours(name).map(|()| value))
}

/// Returns the ticket of the check for which the request waits.
fn ticket(request: &Request<'_>) -> Option<NonZeroU32> {
    match request.pending {
        Pending::PasswordCheck(ticket) => ticket,
        _ => None,
    }
}

/// Answers a request without credentials.
///
/// A browser that opens an address is redirected to the log-in page, and back after the log-in. Other requests get 401.
fn challenge(request: &Request<'_>, out: &mut Outgoing<'_>) -> Outcome {
    let Request { head, mount, .. } = *request;
    let opens = matches!(head.method, Method::Get | Method::Head) && !head.websocket.upgrade;
    if opens && (head.navigation || head.accepts_html) {
        let path = head.path;
        // The log-in of a device on a server with several is the server's, and leads back to the device.
        #[cfg(feature = "gateway")]
        let path = path
            .strip_suffix(LOG_IN)
            .filter(|_| request.context.mounts.is_some())
            .map_or(path, |own| &path[..own.len() + 1]);
        return redirect(head, &log_in_address(mount, path, head.query), None, out);
    }
    error(Status::Unauthorized, head)
}

/// Redirects (303) to `location` on this device.
///
/// If that does not fit, it redirects to a shorter location.
fn redirect(
    head: &RequestHead<'_>,
    location: &dyn Display,
    cookie: Option<&Cookie<'_>>,
    out: &mut Outgoing<'_>,
) -> Outcome {
    let response = Reply::empty_head(Status::SeeOther, head);
    let set_cookie = fmt::from_fn(|f| cookie.map_or(Ok(()), |cookie| write!(f, "Set-Cookie: {cookie}\r\n")));
    let write = |location: &dyn Display, out: &mut Outgoing<'_>| {
        let lines = format_args!("Location: {}{location}\r\n{set_cookie}", head.base);
        response.write_with(out.spare_mut(), lines)
    };
    let mut written = write(location, out);
    if written.is_none() {
        if !out.is_empty() {
            return Outcome::Blocked;
        }
        written = write(if cookie.is_some() { &"/" } else { &LOG_IN }, out);
    }
    match written {
        Some(length) => {
            out.commit(length);
            Outcome::Written { closes: response.closes() }
        }
        None => error(Status::HeadTooLarge, head),
    }
}

fn error(status: Status, head: &RequestHead<'_>) -> Outcome {
    Outcome::Reply(Reply::error(status, Some(head)))
}

fn show(status: Status, page: Page, request: &Request<'_>) -> Outcome {
    Outcome::Reply(page_reply(status, page, request))
}

fn page_reply(status: Status, page: Page, request: &Request<'_>) -> Reply {
    Reply::page(status, page.parts, page.policy, request.context.access.frames, request.head)
}

/// Returns the address of the log-in page, with the requested address in its query.
fn log_in_address(mount: MountPath<'_>, path: &str, query: Option<&str>) -> impl Display {
    fmt::from_fn(move |f| {
        f.write_str(LOG_IN)?;
        if !mount.is_empty() {
            write!(f, "?next={}{}", QueryValue(mount.as_str()), QueryValue(path))?;
        } else if (path, query) != ("/", None) {
            write!(f, "?next={}", QueryValue(path))?;
        }
        query.map_or(Ok(()), |query| write!(f, "%3F{}", QueryValue(query)))
    })
}

/// Returns the path in the query of the log-in page.
///
/// Returns `/` if it is anything but a path of this device.
fn local_path<'n>(query: Option<&str>, out: &'n mut [u8]) -> &'n str {
    let next = query.and_then(|query| form_value(query.as_bytes(), "next", out).ok().flatten());
    match next {
        Some(next @ [b'/', rest @ ..])
            if !rest.starts_with(b"/")
                && next.iter().all(|byte| byte.is_ascii_graphic() && !b"\\\"<>".contains(byte)) =>
        {
            core::str::from_utf8(next).unwrap_or("/")
        }
        _ => "/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString as _;

    #[test]
    fn next_path_outside_the_device_becomes_root() {
        let next = |query: &str| local_path(Some(query), &mut [0; NEXT_MAX]).to_string();
        assert_eq!(next("next=/any/a%2520b%3Fx%3D1"), "/any/a%20b?x=1");
        assert_eq!(next("a=b&next=%2f"), "/");
        assert_eq!(local_path(None, &mut [0; NEXT_MAX]), "/");
        for elsewhere in [
            "next=http://evil.test/",
            "next=//evil.test",
            "next=%2F%2Fevil.test",
            "next=/%5Cevil.test",
            "next=/%09/evil.test",
            "next=/%0d%0aSet-Cookie:%20a=b",
            "next=/a%00",
            "next=/%C3%A9",
            "next=evil",
            "next=",
            "next=/a&next=/b",
            "next=/%",
            "next=\\\\evil.test",
            "next=javascript:alert(1)",
            "next=/%22%3E",
        ] {
            assert_eq!(next(elsewhere), "/", "{elsewhere}");
        }
        let long = std::format!("next=/{}", "a".repeat(NEXT_MAX));
        assert_eq!(next(&long), "/");
        assert_eq!(next(&long[..long.len() - 1]), long["next=".len()..long.len() - 1]);
    }

    #[test]
    fn requested_address_survives_the_log_in() {
        for (path, query, address) in [
            ("/", None, "/login"),
            ("/", Some(""), "/login?next=/%3F"),
            ("/any/a", None, "/login?next=/any/a"),
            ("/any/a%20b", Some("x=1&y=/"), "/login?next=/any/a%2520b%3Fx%3D1%26y%3D/"),
        ] {
            let ask = log_in_address(MountPath::NONE, path, query).to_string();
            assert_eq!(ask, address);
            let asked = query.map_or(path.to_string(), |query| std::format!("{path}?{query}"));
            assert_eq!(local_path(ask.split_once('?').map(|(_, query)| query), &mut [0; NEXT_MAX]), asked);
        }
    }
}
