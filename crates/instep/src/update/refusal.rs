//! Responses to uploads that are refused.

use crate::login::LogIn;
use crate::service::{Outcome, Problem, Request, log_limited};
use core::fmt::{Arguments, Write as _};
use instep_proto::delivery::Outgoing;
use instep_proto::http::{ExtraLines, Reply, RequestHead, Status, Window};
use instep_proto::json::Text;

/// Maximum length of a sentence, escaped in JSON, in bytes.
const SENTENCE_SHOWN_MAX: usize = 192;
/// Maximum length of a body, in bytes.
const BODY_MAX: usize = 256;

/// Refuses a request without a valid credential, if there is a log-in.
pub(super) fn refuse_unauthenticated(
    log_in: Option<&LogIn>,
    request: &Request<'_>,
    out: &mut Outgoing<'_>,
) -> Option<Outcome> {
    let log_in = log_in?;
    (log_in.authenticator.authenticate)(log_in, request, out).break_value()
}

/// Refuses a request before its content is taken.
///
/// Content that has come, or comes soon, is discarded as after other refusals; a connection with chunks closes.
pub(super) fn refuse(
    status: Status,
    code: &'static str,
    sentence: &str,
    request: &Request<'_>,
    out: &mut Outgoing<'_>,
) -> Outcome {
    let Request { now, head, peer, context, .. } = *request;
    let head = &RequestHead { keep_alive: head.keep_alive && !head.chunked, ..*head };
    let outcome = Problem::new(code, "").answer(status, sentence, head, out);
    if matches!(outcome, Outcome::Written { .. }) {
        log_limited!(info, context, now, "Refused a request for the firmware from {peer}: {sentence}");
    }
    outcome
}

/// Writes a refusal after content was taken. The connection closes after it.
pub(super) fn write_refusal(
    status: Status,
    code: &str,
    sentence: &str,
    extra: Option<ExtraLines>,
    out: &mut Outgoing<'_>,
) {
    let sentence = Text::cut(sentence, SENTENCE_SHOWN_MAX);
    write_json(status, format_args!("{{\"code\":\"{code}\",\"message\":{sentence}}}"), extra, out);
}

/// Writes a response in JSON without its request. The connection closes after it.
///
/// It needs an empty output.
pub(super) fn write_json(
    status: Status,
    body: Arguments<'_>,
    extra: Option<ExtraLines>,
    out: &mut Outgoing<'_>,
) {
    let mut text = [0; BODY_MAX];
    let mut window = Window::new(&mut text, 0);
    // Cannot fail, because the longest code and sentence fit.
    let _ = window.write_fmt(body);
    let length = window.used();
    let response = Reply::closing_json_head(status, length, extra);
    let space = out.spare_mut();
    // There is room, because an empty output holds a frame and 512 bytes.
    let Some(end) = response.write(space) else { return };
    if let Some(space) = space.get_mut(end..end + length) {
        space.copy_from_slice(&text[..length]);
        out.commit(end + length);
    }
}
