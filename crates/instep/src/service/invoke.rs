//! What is asked of the Thing by PUT and POST: it becomes a message as a client would send it, and what the application
//! answers becomes the answer.

use super::context::Context;
use super::form::whole_content;
use super::problem::{JSON, Problem, write_answer_with};
use super::request::{Decision, Request, Waits};
use crate::device::{ClientId, RefusalReason};
use crate::limits::Limits;
use crate::model::{Interaction, Reason};
use core::ops::ControlFlow::{Break, Continue};
use instep_proto::delivery::Outgoing;
use instep_proto::frame::server_payload;
use instep_proto::http::{Allow, Method, Reply, RequestHead, Status};
use instep_proto::json::Value;

const BEFORE_NAME: &[u8] = b"{\"label\":\"";
const BEFORE_VALUE: &[u8] = b"\",\"value\":";
const AFTER_VALUE: &[u8] = b",\"id\":0}";
const WITHOUT_VALUE: &[u8] = b"\",\"id\":0}";

/// Names the revision that an answer of the application follows: all that was published up to it was published before the answer.
const REVISION: &str = "Instep-Revision";

const FULL: &str = "{\"code\":\"busy\",\"message\":\"too much waits for the application: try again\"}";
const TOO_LONG: &str = "{\"code\":\"too-long\",\"message\":\"this is more than the application takes\"}";
const LATE: &str = "{\"code\":\"busy\",\"message\":\"the application did not answer in time\"}";

/// The longest body that is read: whatever stands around it, a message is not longer.
pub(crate) const fn body_max(limits: &Limits) -> usize {
    limits.message
}

/// The body is longer than any that is read.
pub(crate) fn too_long(head: &RequestHead<'_>) -> Reply {
    Reply::json(Status::ContentTooLarge, TOO_LONG, Some(head))
}

/// The application did not answer.
pub(crate) fn late() -> Reply {
    Reply::json(Status::ServiceUnavailable, LATE, None)
}

pub(crate) fn write_property(number: usize, request: &Request<'_>, out: &mut Outgoing<'_>) -> Decision {
    let Some(interaction) = find(number, request.context) else { return not_found(request.head) };
    match (request.head.method, interaction.kind.is_written()) {
        (Method::Put, true) => ask(interaction, request, out),
        (_, true) => {
            let problem = Problem::new("wrong-method", interaction.name);
            problem.not_allowed(Allow::ReadAndPut, request.head, out)
        }
        (_, false) => Problem::new("read-only", interaction.name).not_allowed(Allow::Read, request.head, out),
    }
}

pub(crate) fn invoke(number: usize, request: &Request<'_>, out: &mut Outgoing<'_>) -> Decision {
    let Some(interaction) = find(number, request.context) else { return not_found(request.head) };
    if request.head.method == Method::Post {
        return ask(interaction, request, out);
    }
    Problem::new("wrong-method", interaction.name).not_allowed(Allow::Post, request.head, out)
}

/// Gives the request to the application, once all of it is there.
fn ask(interaction: &Interaction, request: &Request<'_>, out: &mut Outgoing<'_>) -> Decision {
    let Request { head, context, .. } = *request;
    let problem = |code| Problem::new(code, interaction.name);
    if head.content_length > 0 && !is_json(head) {
        let message = format_args!("send it as {JSON}");
        return problem("not-json").answer(Status::UnsupportedMediaType, message, head, out);
    }
    if out.kept() > 0 {
        // What it does, it does once: there has to be room for the answer.
        return Decision::NotNow;
    }
    let body = match whole_content(request, out) {
        Continue(body) => body,
        Break(decision) => return decision,
    };
    // What was told to go on has come: the next request begins behind it.
    let head = &RequestHead { expects_continue: false, ..*head };
    let name = interaction.name.as_bytes();
    let parts: &[&[u8]] = if body.is_empty() {
        &[BEFORE_NAME, name, WITHOUT_VALUE]
    } else {
        // Else what stands in it could be more than a value.
        let text = core::str::from_utf8(body);
        let reason = match text.map(Value::parse) {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(Reason::Json(error)),
            Err(_) => Some(Reason::Binary),
        };
        match reason {
            Some(Reason::Json(error)) => {
                return problem(Reason::Json(error).code()).answer(Status::BadRequest, error, head, out);
            }
            Some(reason) => {
                return problem(reason.code()).answer(Status::BadRequest, "this is not UTF-8", head, out);
            }
            None => &[BEFORE_NAME, name, BEFORE_VALUE, body, AFTER_VALUE],
        }
    };
    let limit = context.device.limits().message;
    if parts.iter().map(|part| part.len()).sum::<usize>() > limit {
        let message = "this is more than the application takes";
        return problem("too-long").answer(Status::ContentTooLarge, message, head, out);
    }
    match context.device.ask(context.follower, parts) {
        Some(client) => Decision::Later(Waits::Answer(client)),
        None => {
            context.device.count_refusal(RefusalReason::Full);
            Decision::Reply(Reply::json(Status::ServiceUnavailable, FULL, Some(head)))
        }
    }
}

/// What the application answered, if it did.
pub(crate) fn take_answer(client: ClientId, request: &Request<'_>, out: &mut Outgoing<'_>) -> Decision {
    let later = Decision::Later(Waits::Answer(client));
    if out.kept() > 0 {
        return later;
    }
    let head = &RequestHead { expects_continue: false, ..*request.head };
    let answer = request.context.device.fetch_answer(client, |revision, frame| {
        let (status, body) = read_answer(server_payload(frame))?;
        let content = (!body.is_empty()).then_some((JSON, body.len()));
        let response = Reply::head_of(status, content, head);
        let line = format_args!("{REVISION}: {revision}\r\n");
        Some(write_answer_with(&response, line, body, head, out))
    });
    answer.unwrap_or(later)
}

/// The status and the body for a frame that answers; `None`: it is another one.
fn read_answer(payload: &[u8]) -> Option<(Status, &[u8])> {
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

fn find(number: usize, context: &Context<'_>) -> Option<&'static Interaction> {
    context.manifest.thing.and_then(|thing| thing.interactions.get(number))
}

fn not_found(head: &RequestHead<'_>) -> Decision {
    Decision::Reply(Reply::error(Status::NotFound, Some(head)))
}

/// Whether the body is said to be JSON.
fn is_json(head: &RequestHead<'_>) -> bool {
    let mut types = head.fields.items("content-type");
    let first = types.next().and_then(|value| value.split(';').next());
    first.is_some_and(|first| first.trim_matches([' ', '\t']).eq_ignore_ascii_case(JSON))
        && types.next().is_none()
}
