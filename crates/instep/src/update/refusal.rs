//! Responses to uploads that are refused.

use crate::login::LogIn;
use crate::service::{Outcome, PROBLEM_MAX, Problem, Request, log_limited, write_parts};
use instep_proto::delivery::Outgoing;
use instep_proto::http::{ExtraLines, Reply, RequestHead, Status};
use instep_proto::json::Text;

/// Maximum length of a sentence, escaped in JSON, in bytes.
const SENTENCE_SHOWN_MAX: usize = 192;

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
    let outcome = Problem::new(code, "").answer(status, &sentence, head, out);
    if matches!(outcome, Outcome::Written { .. }) {
        log_limited!(info, context, now, "Refused a request for the firmware from {peer}: {sentence}");
    }
    outcome
}

/// Logs a refusal after content was taken.
pub(super) fn log_refusal(level: log::Level, sentence: &str) {
    log::log!(level, "Refused a firmware image: {sentence}");
}

/// Writes a refusal after content was taken. The connection closes after it.
pub(super) fn write_refusal(
    status: Status,
    code: &'static str,
    sentence: &str,
    extra: Option<ExtraLines>,
    out: &mut Outgoing<'_>,
) {
    let mut body = [0; PROBLEM_MAX];
    let length = Problem::new(code, "").write(Text::cut(&sentence, SENTENCE_SHOWN_MAX), &mut body);
    write_json(status, &body[..length], extra, out);
}

/// Writes a response in JSON without its request. The connection closes after it.
///
/// It needs an empty output.
pub(super) fn write_json(status: Status, body: &[u8], extra: Option<ExtraLines>, out: &mut Outgoing<'_>) {
    let response = Reply::closing_json_head(status, body.len(), extra);
    // There is room, because an empty output holds a frame and 512 bytes.
    let _ = write_parts(&response, format_args!(""), &[body], out);
}
