//! From the content of a PUT or POST to a message for the application, and from its frame to an answer.

use super::form::whole_content;
use super::problem::{JSON, Problem};
use super::request::{Outcome, Request};
use crate::device::RefusalReason;
use crate::model::RequestErrorKind;
use core::fmt::Display;
use core::ops::ControlFlow::{self, Break};
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Reply, RequestHead, Status};
use instep_proto::json::Value;

pub(super) const BEFORE_NAME: &[u8] = b"{\"label\":\"";
pub(super) const BEFORE_VALUE: &[u8] = b"\",\"value\":";
pub(super) const AFTER_VALUE: &[u8] = b",\"id\":0}";
/// Names the revision that an answer of the application follows: all that was published up to it was published before the answer.
pub(super) const REVISION: &str = "Instep-Revision";

const FULL: &str = "{\"code\":\"busy\",\"message\":\"too much waits for the application: try again\"}";

/// The content of a request, once all of it is there, if it is said to be JSON. Of the property or action of that name; empty: of
/// none.
pub(super) fn json_content<'r>(
    name: &str,
    request: &Request<'r>,
    out: &mut Outgoing<'_>,
) -> ControlFlow<Outcome, &'r [u8]> {
    let head = request.head;
    if head.content_length > 0 && !is_json(head) {
        let message = format_args!("send it as {JSON}");
        let problem = Problem::new("not-json", name);
        return Break(problem.answer(Status::UnsupportedMediaType, message, head, out));
    }
    if !out.is_empty() {
        // What it does, it does once: there has to be room for the answer.
        return Break(Outcome::Blocked);
    }
    whole_content(request, out)
}

/// The value that the content is.
pub(super) fn parse(body: &[u8]) -> Result<Value<'_>, RequestErrorKind<'static>> {
    let text = core::str::from_utf8(body).map_err(|_| RequestErrorKind::Binary)?;
    Value::parse(text).map_err(RequestErrorKind::Json)
}

/// The answer to content that is no value.
pub(super) fn not_json(
    name: &str,
    reason: RequestErrorKind<'_>,
    head: &RequestHead<'_>,
    out: &mut Outgoing<'_>,
) -> Outcome {
    let message: &dyn Display = match &reason {
        RequestErrorKind::Json(error) => error,
        _ => &"this is not UTF-8",
    };
    Problem::new(reason.code(), name).answer(Status::BadRequest, message, head, out)
}

/// Bytes of a message in parts.
pub(super) fn length(parts: &[&[u8]]) -> usize {
    parts.iter().map(|part| part.len()).sum()
}

/// The answer to a message that is too long.
pub(super) fn more_than_it_takes(name: &str, head: &RequestHead<'_>, out: &mut Outgoing<'_>) -> Outcome {
    let message = "this is more than the application takes";
    Problem::new("too-long", name).answer(Status::ContentTooLarge, message, head, out)
}

/// The answer where the application cannot be asked now.
pub(super) fn full(request: &Request<'_>) -> Outcome {
    request.context.device.count_refusal(RefusalReason::Full);
    let head = &RequestHead { expects_continue: false, ..*request.head };
    Outcome::Reply(Reply::json(Status::ServiceUnavailable, FULL, Some(head)))
}

/// The status and the body for a frame that answers; `None`: it is another one.
pub(super) fn read_answer(payload: &[u8]) -> Option<(Status, &[u8])> {
    if let Some(rest) = payload.strip_prefix(b"{\"label\":\"ok\",\"id\":0") {
        let output = rest.strip_prefix(b",\"value\":").and_then(|rest| rest.strip_suffix(b"}"));
        return Some(output.map_or((Status::NoContent, &[]), |output| (Status::Ok, output)));
    }
    let error = payload.strip_prefix(b"{\"label\":\"error\",")?;
    // Within its frame a body may be too deep, and then the frame cannot be read: the error has no id.
    let error = error.strip_prefix(b"\"id\":0,").unwrap_or(error);
    let error = error.strip_prefix(b"\"value\":")?.strip_suffix(b"}")?;
    let code = error.strip_prefix(b"{\"code\":\"")?.split(|byte| *byte == b'"').next()?;
    let status = match code {
        b"unknown" => Status::NotFound,
        b"read-only" => Status::MethodNotAllowed,
        b"out-of-range" | b"too-long" => Status::UnprocessableContent,
        b"refused" => Status::Conflict,
        _ => Status::BadRequest,
    };
    Some((status, error))
}

/// Whether the body is said to be JSON.
fn is_json(head: &RequestHead<'_>) -> bool {
    let mut types = head.fields.items("content-type");
    let first = types.next().and_then(|value| value.split(';').next());
    first.is_some_and(|first| first.trim_matches([' ', '\t']).eq_ignore_ascii_case(JSON))
        && types.next().is_none()
}
