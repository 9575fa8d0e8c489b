//! Conversion of a PUT or POST into a message, and of a reply into a response.

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

// A message is these three parts around a name and a value.
pub(super) const BEFORE_NAME: &[u8] = b"{\"label\":\"";
pub(super) const BEFORE_VALUE: &[u8] = b"\",\"value\":";
pub(super) const AFTER_VALUE: &[u8] = b",\"id\":0}";
/// Name of the header field with the revision that a reply follows.
///
/// Everything up to that revision was published before the application replied.
pub(super) const REVISION: &str = "Instep-Revision";

/// Body of the response if the inbox is full.
const INBOX_FULL: &str = "{\"code\":\"busy\",\"message\":\"too much waits for the application: try again\"}";

/// Returns the whole content of a request, if its type is JSON.
///
/// `name` is the name of the property or action, for errors. It is empty if the request is for several.
pub(super) fn json_content<'r>(
    name: &str,
    request: &Request<'r>,
    out: &mut Outgoing<'_>,
) -> ControlFlow<Outcome, &'r [u8]> {
    let head = request.head;
    if head.content_length > 0 && !is_json(head) {
        let message = format_args!("send it as {JSON}");
        let problem = Problem::new("not-json", name);
        return Break(problem.answer(Status::UnsupportedMediaType, &message, head, out));
    }
    if !out.is_empty() {
        // The request has an effect and is carried out once, so its response needs room now.
        return Break(Outcome::Blocked);
    }
    whole_content(request, out)
}

/// Parses content as a JSON value.
pub(super) fn parse(body: &[u8]) -> Result<Value<'_>, RequestErrorKind<'static>> {
    let text = core::str::from_utf8(body).map_err(|_| RequestErrorKind::Binary)?;
    Value::parse(text).map_err(RequestErrorKind::Json)
}

/// Rejects content that is no JSON value.
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
    Problem::new(reason.code(), name).answer(Status::BadRequest, &message, head, out)
}

/// Returns the length of a message in parts, in bytes.
pub(super) fn length(parts: &[&[u8]]) -> usize {
    parts.iter().map(|part| part.len()).sum()
}

/// Rejects a message that is longer than the limit.
pub(super) fn message_too_long(name: &str, head: &RequestHead<'_>, out: &mut Outgoing<'_>) -> Outcome {
    let message = "this is more than the application takes";
    Problem::new("too-long", name).answer(Status::ContentTooLarge, &message, head, out)
}

/// Rejects a request because no slot or place in the inbox is free.
pub(super) fn inbox_full(request: &Request<'_>) -> Outcome {
    request.context.device.count_refusal(RefusalReason::Full);
    let head = &RequestHead { expects_continue: false, ..*request.head };
    Outcome::Reply(Reply::json(Status::ServiceUnavailable, INBOX_FULL, Some(head)))
}

/// Returns the status and the body for a reply frame.
///
/// Returns `None` if the frame is no reply.
pub(super) fn read_answer(payload: &[u8]) -> Option<(Status, &[u8])> {
    if let Some(rest) = payload.strip_prefix(b"{\"label\":\"ok\",\"id\":0") {
        let output = rest.strip_prefix(b",\"value\":").and_then(|rest| rest.strip_suffix(b"}"));
        return Some(output.map_or((Status::NoContent, &[]), |output| (Status::Ok, output)));
    }
    let error = payload.strip_prefix(b"{\"label\":\"error\",")?;
    // A body that is within the depth limit may exceed it inside of a frame. Such a frame cannot be parsed, so its error
    // has no id.
    let error = error.strip_prefix(b"\"id\":0,").unwrap_or(error);
    let error = error.strip_prefix(b"\"value\":")?.strip_suffix(b"}")?;
    let code = error.strip_prefix(b"{\"code\":\"")?.split(|byte| *byte == b'"').next()?;
    let status = match code {
        #[cfg(feature = "gateway")]
        b"timeout" => Status::GatewayTimeout,
        #[cfg(feature = "gateway")]
        b"offline" | b"busy" => Status::ServiceUnavailable,
        b"unknown" => Status::NotFound,
        b"read-only" => Status::MethodNotAllowed,
        b"out-of-range" | b"too-long" => Status::UnprocessableContent,
        b"refused" => Status::Conflict,
        _ => Status::BadRequest,
    };
    Some((status, error))
}

/// Returns whether the type of the content is JSON.
fn is_json(head: &RequestHead<'_>) -> bool {
    let mut types = head.fields.items("content-type");
    let first = types.next().and_then(|value| value.split(';').next());
    first.is_some_and(|first| first.trim_matches([' ', '\t']).eq_ignore_ascii_case(JSON))
        && types.next().is_none()
}
