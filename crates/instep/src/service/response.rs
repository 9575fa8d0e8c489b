//! Responses that are written at once.

use super::request::Outcome;
use core::fmt;
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Method, Reply, RequestHead, ResponseHead, Status};

/// Answers with text, which may come from the request.
pub(crate) fn plain_text(head: &RequestHead<'_>, text: &str, out: &mut Outgoing<'_>) -> Outcome {
    if !matches!(head.method, Method::Get | Method::Head) {
        return Outcome::Reply(Reply::error(Status::MethodNotAllowed, Some(head)));
    }
    let response = Reply::text_head(head, text.len());
    let body = if head.method == Method::Head { "" } else { text };
    if write_whole(&response, &[body], out) {
        Outcome::Written { closes: response.closes() }
    } else if !out.is_empty() {
        Outcome::Blocked
    } else {
        Outcome::Reply(Reply::error(Status::HeadTooLarge, Some(head)))
    }
}

/// Redirects to `base` followed by `path`, which must be short.
pub(crate) fn redirect(
    status: Status,
    base: &str,
    path: &dyn fmt::Display,
    head: &RequestHead<'_>,
    out: &mut Outgoing<'_>,
) -> Outcome {
    redirect_with(&Reply::empty_head(status, head), format_args!("Location: {base}{path}\r\n"), head, out)
}

/// Writes a response without a body, with further header lines.
pub(crate) fn redirect_with(
    response: &ResponseHead,
    lines: fmt::Arguments<'_>,
    head: &RequestHead<'_>,
    out: &mut Outgoing<'_>,
) -> Outcome {
    match response.write_with(out.spare_mut(), lines) {
        Some(length) => {
            out.commit(length);
            Outcome::Written { closes: response.closes() }
        }
        None if !out.is_empty() => Outcome::Blocked,
        None => Outcome::Reply(Reply::error(Status::HeadTooLarge, Some(head))),
    }
}

/// Writes a response and its body, if there is room for all of it.
///
/// Returns whether there was.
pub(crate) fn write_whole(head: &ResponseHead, body: &[&str], out: &mut Outgoing<'_>) -> bool {
    let space = out.spare_mut();
    let Some(mut end) = head.write(space) else { return false };
    for part in body {
        let Some(space) = space.get_mut(end..end + part.len()) else { return false };
        space.copy_from_slice(part.as_bytes());
        end += part.len();
    }
    out.commit(end);
    true
}
