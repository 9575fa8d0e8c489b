//! Writes and invocations by PUT and POST.
//!
//! A request becomes the message that a WebSocket client would send, and the application's reply becomes the response.

use super::asking::{
    AFTER_VALUE, BEFORE_NAME, BEFORE_VALUE, REVISION, inbox_full, json_content, length, message_too_long,
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
#[cfg(feature = "gateway")]
const TIMED_OUT: &str = "{\"code\":\"timeout\",\"message\":\"the device did not answer in time; the request may have been carried out\"}";

/// Returns the maximum length of a body, in bytes.
///
/// A longer one cannot fit a message.
pub(crate) const fn body_max(limits: &Limits) -> usize {
    limits.message
}

/// Returns the response to a body that is longer than the maximum.
pub(crate) fn too_long(head: &RequestHead<'_>) -> Reply {
    Reply::json(Status::ContentTooLarge, TOO_LONG, Some(head))
}

/// Returns the response if the application has not replied in time.
pub(crate) fn late() -> Reply {
    Reply::json(Status::ServiceUnavailable, LATE, None)
}

/// Returns the response if the device behind a gateway has not replied in time.
#[cfg(feature = "gateway")]
pub(crate) fn timed_out() -> Reply {
    Reply::json(Status::GatewayTimeout, TIMED_OUT, None)
}

/// Answers a request to write the property of that number.
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

/// Answers a request to invoke the action of that number.
pub(crate) fn invoke(number: usize, request: &Request<'_>, out: &mut Outgoing<'_>) -> Outcome {
    let Some(interaction) = find(number, request.context) else { return not_found(request.head) };
    if request.head.method == Method::Post {
        return ask(interaction, request, out);
    }
    Problem::new("wrong-method", interaction.name).not_allowed(Allow::Post, request.head, out)
}

/// Passes the request to the application, once all of it has arrived.
fn ask(interaction: &Interaction, request: &Request<'_>, out: &mut Outgoing<'_>) -> Outcome {
    let Request { head, context, .. } = *request;
    let body = match json_content(interaction.name, request, out) {
        Continue(body) => body,
        Break(outcome) => return outcome,
    };
    // The whole body has arrived, so the client is not told to continue again.
    let head = &RequestHead { expects_continue: false, ..*head };
    let name = interaction.name.as_bytes();
    let parts: &[&[u8]] = if body.is_empty() {
        &[BEFORE_NAME, name, WITHOUT_VALUE]
    } else {
        // Without this check, a body could add members to the message.
        match parse(body) {
            Ok(_) => &[BEFORE_NAME, name, BEFORE_VALUE, body, AFTER_VALUE],
            Err(reason) => return not_json(interaction.name, reason, head, out),
        }
    };
    if length(parts) > context.device.limits().message {
        return message_too_long(interaction.name, head, out);
    }
    match context.device.invoke(context.follower, parts, 1) {
        Some(client) => Outcome::Pending(Pending::Invocation(PendingInvocation {
            client,
            several: false,
            left: 0,
            refused: 0,
        })),
        None => inbox_full(request),
    }
}

/// Takes the application's reply and answers with it, if there is one.
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
