//! What is asked of the Thing by PUT and POST: it becomes a message as a client would send it, and what the application
//! answers becomes the answer.

use super::asking::{
    AFTER_VALUE, BEFORE_NAME, BEFORE_VALUE, REVISION, full, json_content, length, more_than_it_takes,
    not_json, parse, read_answer,
};
use super::context::Context;
use super::problem::{JSON, Problem, write_answer_with};
use super::request::{Outcome, Pending, PendingInvocation, Request};
use super::several;
use crate::limits::Limits;
use crate::model::Interaction;
use core::ops::ControlFlow::{Break, Continue};
use instep_proto::delivery::Outgoing;
use instep_proto::frame::server_payload;
use instep_proto::http::{Allow, Method, Reply, RequestHead, Status};

const WITHOUT_VALUE: &[u8] = b"\",\"id\":0}";
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

pub(crate) fn write_property(number: usize, request: &Request<'_>, out: &mut Outgoing<'_>) -> Outcome {
    let Some(interaction) = find(number, request.context) else { return not_found(request.head) };
    match (request.head.method, interaction.kind.is_writable()) {
        (Method::Put, true) => ask(interaction, request, out),
        (_, true) => {
            let problem = Problem::new("wrong-method", interaction.name);
            problem.not_allowed(Allow::ReadAndPut, request.head, out)
        }
        (_, false) => Problem::new("read-only", interaction.name).not_allowed(Allow::Read, request.head, out),
    }
}

pub(crate) fn invoke(number: usize, request: &Request<'_>, out: &mut Outgoing<'_>) -> Outcome {
    let Some(interaction) = find(number, request.context) else { return not_found(request.head) };
    if request.head.method == Method::Post {
        return ask(interaction, request, out);
    }
    Problem::new("wrong-method", interaction.name).not_allowed(Allow::Post, request.head, out)
}

/// Gives the request to the application, once all of it is there.
fn ask(interaction: &Interaction, request: &Request<'_>, out: &mut Outgoing<'_>) -> Outcome {
    let Request { head, context, .. } = *request;
    let body = match json_content(interaction.name, request, out) {
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
        match parse(body) {
            Ok(_) => &[BEFORE_NAME, name, BEFORE_VALUE, body, AFTER_VALUE],
            Err(reason) => return not_json(interaction.name, reason, head, out),
        }
    };
    if length(parts) > context.device.limits().message {
        return more_than_it_takes(interaction.name, head, out);
    }
    match context.device.invoke(context.follower, parts, 1) {
        Some(client) => Outcome::Pending(Pending::Invocation(PendingInvocation {
            client,
            several: false,
            left: 0,
            refused: 0,
        })),
        None => full(request),
    }
}

/// What the application answered, if it did.
pub(crate) fn take_answer(
    pending: PendingInvocation,
    request: &Request<'_>,
    out: &mut Outgoing<'_>,
) -> Outcome {
    let later = Outcome::Pending(Pending::Invocation(pending));
    if !out.is_empty() {
        return later;
    }
    if pending.several {
        return several::take_answer(pending, request, out);
    }
    let device = request.context.device;
    let head = &RequestHead { expects_continue: false, ..*request.head };
    let answer = device.fetch_reply_of(pending.client, |revision, frame| {
        let (status, body) = read_answer(server_payload(frame))?;
        let content = (!body.is_empty()).then_some((JSON, body.len()));
        let response = Reply::head_of(status, content, head);
        Some(write_answer_with(&response, format_args!("{REVISION}: {revision}\r\n"), body, head, out))
    });
    let Some(answer) = answer else { return later };
    device.withdraw(pending.client, 0);
    answer
}

fn find(number: usize, context: &Context<'_>) -> Option<&'static Interaction> {
    context.manifest.thing.and_then(|thing| thing.interactions.get(number))
}

fn not_found(head: &RequestHead<'_>) -> Outcome {
    Outcome::Reply(Reply::error(Status::NotFound, Some(head)))
}
