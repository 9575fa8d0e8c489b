//! `PUT /properties`, which writes several properties in one request.
//!
//! All values are validated, and places in the inbox are reserved for all of them, before the application receives the first. It
//! receives the next one when it has replied to the one before.

use super::asking::{
    AFTER_VALUE, BEFORE_NAME, BEFORE_VALUE, REVISION, inbox_full, json_content, length, message_too_long,
    not_json, parse, read_answer,
};
use super::problem::{JSON, Problem, write_answer, write_answer_with};
use super::request::{Outcome, Pending, PendingInvocation, Request};
use crate::model::{RequestError, RequestErrorKind};
use core::fmt::Write as _;
use core::ops::ControlFlow::{Break, Continue};
use instep_proto::delivery::Outgoing;
use instep_proto::frame::server_payload;
use instep_proto::http::{Allow, Method, Reply, RequestHead, Status, Window};
use instep_proto::json::{JsonError, Object, Value};

/// Maximum length of the header line with the revision, in bytes.
const LINE_MAX: usize = REVISION.len() + ": \r\n".len() + 20;
/// Maximum length of an error frame, in bytes.
const ERROR_MAX: usize = 256;
/// Maximum length of the body that lists refused properties, in bytes.
///
/// The body has at most 16 names of 32 bytes, and JSON around them.
const REFUSED_MAX: usize = 700;

/// Body of the response if the names do not fit.
const SOME_REFUSED: &str = "{\"code\":\"refused\",\"message\":\"the device refuses some of these\"}";

/// Passes the first property to the application, once the whole request is valid.
pub(crate) fn write(request: &Request<'_>, out: &mut Outgoing<'_>) -> Outcome {
    let Request { head, context, .. } = *request;
    let Some(thing) = context.manifest.thing.filter(|thing| thing.is_writable()) else {
        return Problem::new("read-only", "").not_allowed(Allow::Read, head, out);
    };
    if head.method != Method::Put {
        return Problem::new("wrong-method", "").not_allowed(Allow::ReadAndPut, head, out);
    }
    let body = match json_content("", request, out) {
        Continue(body) => body,
        Break(outcome) => return outcome,
    };
    // The whole body has arrived, so the client is not told to continue again.
    let head = &RequestHead { expects_continue: false, ..*head };
    let limits = context.device.limits();
    let too_many = |out: &mut Outgoing<'_>| {
        let message = "these are more properties than the application takes at once";
        Problem::new("too-long", "").answer(Status::ContentTooLarge, &message, head, out)
    };
    let object = match parse(body) {
        Ok(Value::Object(object)) => object,
        Ok(_) => {
            let message = "send an object with the values, such as {\"NAME\":true}";
            let problem = Problem::new(RequestErrorKind::WrongType.code(), "");
            return problem.answer(Status::BadRequest, &message, head, out);
        }
        Err(RequestErrorKind::Json(JsonError::TooManyMembers(_))) => return too_many(out),
        Err(reason) => return not_json("", reason, head, out),
    };
    let mut count: u8 = 0;
    for (name, value, text) in object.texts() {
        let property = match thing.check_write(name, value) {
            Ok(property) => property,
            Err(error) => return reject(&error, head, out),
        };
        if length(&message(property.name, text)) > limits.message {
            return message_too_long(property.name, head, out);
        }
        count = count.saturating_add(1);
    }
    if usize::from(count) > limits.inbox {
        return too_many(out);
    }
    let Some(first) = nth(object, 0, request) else {
        return write_answer(&Reply::head_of(Status::NoContent, None, head), &[], head, out);
    };
    match context.device.invoke(context.follower, &first, usize::from(count)) {
        Some(client) => Outcome::Pending(Pending::Invocation(PendingInvocation {
            client,
            several: true,
            left: count - 1,
            refused: 0,
        })),
        None => inbox_full(request),
    }
}

/// Takes the application's reply, if there is one.
///
/// Then the application receives the next property, or the client the response. The output must be empty.
pub(super) fn take_answer(
    mut pending: PendingInvocation,
    request: &Request<'_>,
    out: &mut Outgoing<'_>,
) -> Outcome {
    let device = request.context.device;
    let answer = device.fetch_reply_of(pending.client, |revision, frame| {
        let (status, _) = read_answer(server_payload(frame))?;
        Some((revision, matches!(status, Status::Ok | Status::NoContent)))
    });
    let Some((revision, done)) = answer else { return Outcome::Pending(Pending::Invocation(pending)) };
    let head = &RequestHead { expects_continue: false, ..*request.head };
    let Some(Ok(Value::Object(object))) = request.content.map(parse) else {
        // Cannot happen, because the content was an object in `write`.
        device.withdraw(pending.client, pending.left);
        return Outcome::Reply(Reply::error(Status::BadRequest, Some(head)));
    };
    let answered = object.members().count() - usize::from(pending.left);
    pending.refused |= u16::from(!done) << (answered - 1);
    if let Some(next) = nth(object, answered, request)
        && device.invoke_next(pending.client, &next)
    {
        pending.left -= 1;
        return Outcome::Pending(Pending::Invocation(pending));
    }
    device.withdraw(pending.client, pending.left);
    let line = format_args!("{REVISION}: {revision}\r\n");
    if pending.refused == 0 {
        return write_answer_with(&Reply::head_of(Status::NoContent, None, head), line, &[], head, out);
    }
    let mut body = [0; REFUSED_MAX];
    let length = write_refused(object, pending.refused, request, &mut body);
    let response = Reply::head_of(Status::Conflict, Some((JSON, length)), head);
    let space = out.spare_mut();
    if response.write(space).is_none_or(|head| head + LINE_MAX + length > space.len()) {
        // Many long names do not fit a device's output. The properties are written nevertheless, so the status stays.
        return Outcome::Reply(Reply::json(Status::Conflict, SOME_REFUSED, Some(head)));
    }
    write_answer_with(&response, line, &body[..length], head, out)
}

/// Returns the message for a property. `text` is the value as the client wrote it.
fn message<'m>(name: &'m str, text: &'m str) -> [&'m [u8]; 5] {
    [BEFORE_NAME, name.as_bytes(), BEFORE_VALUE, text.as_bytes(), AFTER_VALUE]
}

/// Returns the message for the member of the object at `index`.
fn nth<'m>(object: Object<'m>, index: usize, request: &Request<'_>) -> Option<[&'m [u8]; 5]> {
    let (name, value, text) = object.texts().nth(index)?;
    let property = request.context.manifest.thing?.check_write(name, value).ok()?;
    Some(message(property.name, text))
}

/// Rejects a value that the declaration does not allow.
///
/// The address of the request exists even if a name in its content does not, so the status is 422 instead of 404 or 405.
fn reject(error: &RequestError<'_>, head: &RequestHead<'_>, out: &mut Outgoing<'_>) -> Outcome {
    let mut frame = [0; ERROR_MAX];
    let mut text = Window::new(&mut frame, 0);
    let _ = write!(text, "{}", error.frame(ERROR_MAX));
    let length = text.used();
    let (status, body) = read_answer(&frame[..length]).unwrap_or((Status::BadRequest, &[]));
    let status = match status {
        Status::NotFound | Status::MethodNotAllowed => Status::UnprocessableContent,
        status => status,
    };
    write_answer(&Reply::head_of(status, Some((JSON, body.len())), head), body, head, out)
}

/// Writes which properties were refused and which were written.
///
/// Returns the length, in bytes.
fn write_refused(object: Object<'_>, refused: u16, request: &Request<'_>, body: &mut [u8]) -> usize {
    let mut body = Window::new(body, 0);
    let list = |body: &mut Window<'_>, bit: bool| {
        let mut before = "[";
        for (index, (name, value)) in object.members().enumerate() {
            let property =
                request.context.manifest.thing.and_then(|thing| thing.check_write(name, value).ok());
            if let Some(property) = property.filter(|_| (refused >> index & 1 == 1) == bit) {
                let _ = write!(body, "{before}\"{}\"", property.name);
                before = ",";
            }
        }
        let _ = body.write_str(if before == "[" { "[]" } else { "]" });
    };
    let _ = body.write_str(SOME_REFUSED.trim_end_matches('}'));
    let _ = body.write_str(",\"refused\":");
    list(&mut body, true);
    let _ = body.write_str(",\"done\":");
    list(&mut body, false);
    let _ = body.write_str("}");
    body.used()
}
