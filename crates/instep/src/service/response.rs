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
    let response = Reply::body_head(head, "text/plain; charset=utf-8", text.len());
    write_or(Status::HeadTooLarge, &response, format_args!(""), text.as_bytes(), head, out)
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
    write_or(Status::HeadTooLarge, response, lines, &[], head, out)
}

/// Writes a response, further header lines and its body, if there is room.
///
/// If there is none even in an empty output, the answer is an error with the status `too_long`.
pub(crate) fn write_or(
    too_long: Status,
    response: &ResponseHead,
    lines: fmt::Arguments<'_>,
    body: &[u8],
    head: &RequestHead<'_>,
    out: &mut Outgoing<'_>,
) -> Outcome {
    if write_whole(response, lines, &[body], head, out) {
        Outcome::Written { closes: response.closes() }
    } else if !out.is_empty() {
        Outcome::Blocked
    } else {
        Outcome::Reply(Reply::error(too_long, Some(head)))
    }
}

/// Writes a response, further header lines and its body, if there is room for all of it.
///
/// Returns whether there was.
pub(crate) fn write_whole(
    response: &ResponseHead,
    lines: fmt::Arguments<'_>,
    body: &[&[u8]],
    head: &RequestHead<'_>,
    out: &mut Outgoing<'_>,
) -> bool {
    write_parts(response, lines, if head.method == Method::Head { &[] } else { body }, out)
}

/// Writes a response, further header lines and its body in parts, if there is room for all of it.
///
/// Returns whether there was.
pub(crate) fn write_parts(
    response: &ResponseHead,
    lines: fmt::Arguments<'_>,
    body: &[&[u8]],
    out: &mut Outgoing<'_>,
) -> bool {
    let space = out.spare_mut();
    let Some(mut end) = response.write_with(space, lines) else { return false };
    for part in body {
        let Some(space) = space.get_mut(end..end + part.len()) else { return false };
        space.copy_from_slice(part);
        end += part.len();
    }
    out.commit(end);
    true
}
