//! What is asked of the Thing by PUT and POST: it becomes a message as a client would send it, and what the application
//! answers becomes the answer.

use super::requests::{Decision, Request};
use super::thing::{JSON, Problem, write_answer};
use super::{Client, Waits, World};
use crate::device::{ClientId, RefusalReason};
use crate::limits::Limits;
use crate::thing::{Interaction, Reason};
use instep_proto::delivery::Outgoing;
use instep_proto::frame::server_payload;
use instep_proto::http::{Allow, Method, Reply, RequestHead, Status};
use instep_proto::json::Value;

const BEFORE_NAME: &[u8] = b"{\"label\":\"";
const BEFORE_VALUE: &[u8] = b"\",\"value\":";
const AFTER_VALUE: &[u8] = b",\"id\":0}";
const WITHOUT_VALUE: &[u8] = b"\",\"id\":0}";

const FULL: &str = "{\"code\":\"busy\",\"message\":\"too much waits for the application: try again\"}";
const TOO_LONG: &str = "{\"code\":\"too-long\",\"message\":\"this is more than the application takes\"}";
const LATE: &str = "{\"code\":\"busy\",\"message\":\"the application did not answer in time\"}";

/// The longest body that is read: whatever stands around it, a message is not longer.
pub(super) const fn body_max(limits: &Limits) -> usize {
    limits.message
}

/// The body is longer than any that is read.
pub(super) fn too_long(head: &RequestHead<'_>) -> Reply {
    Reply::json(Status::ContentTooLarge, TOO_LONG, Some(head))
}

/// The application did not answer.
pub(super) fn late() -> Reply {
    Reply::json(Status::ServiceUnavailable, LATE, None)
}

impl Client {
    pub(super) fn write_property(
        &self,
        number: usize,
        request: &Request<'_>,
        world: &World<'_>,
        out: &mut Outgoing<'_>,
    ) -> Decision {
        let Some(interaction) = find(number, world) else { return not_found(request.head) };
        match (request.head.method, interaction.kind.is_written()) {
            (Method::Put, true) => self.ask(interaction, request, world, out),
            (_, true) => {
                let problem = Problem::new("wrong-method", interaction.name);
                problem.not_allowed(Allow::ReadAndPut, request.head, out)
            }
            (_, false) => {
                Problem::new("read-only", interaction.name).not_allowed(Allow::Read, request.head, out)
            }
        }
    }

    pub(super) fn invoke(
        &self,
        number: usize,
        request: &Request<'_>,
        world: &World<'_>,
        out: &mut Outgoing<'_>,
    ) -> Decision {
        let Some(interaction) = find(number, world) else { return not_found(request.head) };
        if request.head.method == Method::Post {
            return self.ask(interaction, request, world, out);
        }
        Problem::new("wrong-method", interaction.name).not_allowed(Allow::Post, request.head, out)
    }

    /// Gives the request to the application, once all of it is there.
    fn ask(
        &self,
        interaction: &Interaction,
        request: &Request<'_>,
        world: &World<'_>,
        out: &mut Outgoing<'_>,
    ) -> Decision {
        let Request { head, rest, .. } = *request;
        let problem = |code| Problem::new(code, interaction.name);
        if head.content_length > 0 && !is_json(head) {
            let message = format_args!("send it as {JSON}");
            return problem("not-json").answer(Status::UnsupportedMediaType, message, head, out);
        }
        if out.kept() > 0 {
            // What it does, it does once: there has to be room for the answer.
            return Decision::NotNow;
        }
        let body = usize::try_from(head.content_length).ok().and_then(|length| rest.get(..length));
        let Some(body) = body else {
            if head.expects_continue && self.waits() == Waits::Nothing {
                // There is room: a head is taken only where there is.
                let _ = out.push(b"HTTP/1.1 100 Continue\r\n\r\n");
            }
            return Decision::Later(Waits::Body);
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
        let limit = world.device.limits().message;
        if parts.iter().map(|part| part.len()).sum::<usize>() > limit {
            let message = "this is more than the application takes";
            return problem("too-long").answer(Status::ContentTooLarge, message, head, out);
        }
        match world.device.ask(world.follower, parts) {
            Some(client) => Decision::Later(Waits::Answer(client)),
            None => {
                world.device.count_refusal(RefusalReason::Full);
                Decision::Reply(Reply::json(Status::ServiceUnavailable, FULL, Some(head)))
            }
        }
    }
}

/// What the application answered, if it did.
pub(super) fn take_answer(
    client: ClientId,
    request: &Request<'_>,
    world: &World<'_>,
    out: &mut Outgoing<'_>,
) -> Decision {
    let later = Decision::Later(Waits::Answer(client));
    if out.kept() > 0 {
        return later;
    }
    let head = &RequestHead { expects_continue: false, ..*request.head };
    let answer = world.device.fetch_answer(client, |frame| {
        let (status, body) = read_answer(server_payload(frame))?;
        let content = (!body.is_empty()).then_some((JSON, body.len()));
        let response = Reply::head_of(status, content, head);
        Some(write_answer(&response, body, head, out))
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

fn find(number: usize, world: &World<'_>) -> Option<&'static Interaction> {
    world.app.as_thing().and_then(|thing| thing.interactions.get(number))
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
