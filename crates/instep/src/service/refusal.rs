//! Log lines and responses of refused requests.

use super::context::Context;
use super::request::{Outcome, Request};
use super::response::write_whole;
use crate::access::{Offer, Refusal, is_wide_origin};
use crate::device::RefusalReason;
use crate::log::lines;
use crate::log::{Escaped, FROM_CLIENT};
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Reply, RequestHead, Status};

/// Logs a refusal, unless the rate limit of such lines is reached.
macro_rules! log_limited {
    ($level:ident, $context:expr, $now:expr, $($line:tt)+) => {
        if $context.allow_log($now) {
            $crate::log::lines::$level(format_args!($($line)+));
        }
    };
}
pub(crate) use log_limited;

/// Counts and logs a refused request, with the option that would allow it.
///
/// Returns the status.
pub(crate) fn refuse(refusal: Refusal, request: &Request<'_>) -> Status {
    let Request { now, head, peer, context, .. } = *request;
    let hints = context.access.hints;
    let (reason, status, header, value, hint) = match refusal {
        Refusal::Host => {
            let host = Some(head.host.unwrap_or_default());
            (RefusalReason::Host, Status::MisdirectedRequest, "Host", host, hints.host)
        }
        Refusal::Origin => (RefusalReason::Origin, Status::Forbidden, "Origin", head.origin, hints.origin),
    };
    context.device.count_refusal(reason);
    if !context.allow_log(now) {
        return status;
    }
    let Some(value) = value else {
        lines::warn(format_args!(
            "Refused a request from {peer}: a page of another origin sent it without Origin; to allow it, {hint}ORIGIN with the page's origin, and send it with fetch()"
        ));
        return status;
    };
    let (offer, is_wide) = match refusal {
        Refusal::Host => (Offer::host(value), false),
        Refusal::Origin => (Offer::origin(value), is_wide_origin(value)),
    };
    let others = if is_wide { ", which all pages from files and many programs send" } else { "" };
    let shown = Escaped(value.as_bytes());
    match offer {
        Some(offer) => log::warn!(
            target: FROM_CLIENT,
            "Refused a request from {peer}: unknown {header} {shown}{others}; to allow it, {hint}{offer}"
        ),
        None => log::warn!(target: FROM_CLIENT, "Refused a request from {peer}: invalid {header} {shown}"),
    }
    status
}

/// Answers a plaintext request on a TLS port with the address to open instead.
pub(crate) fn ask_for_https(
    head: &RequestHead<'_>,
    context: &Context<'_>,
    out: &mut Outgoing<'_>,
) -> Outcome {
    // An unknown Host is not repeated, because it could lead to another server.
    let host = head.host.filter(|_| context.access.check(head).is_ok()).unwrap_or("ADDRESS:PORT");
    let body = ["Only HTTPS is spoken here: open https://", host, "/ instead.\n"].map(str::as_bytes);
    let response = Reply::error_head(Status::BadRequest, body.iter().map(|part| part.len()).sum(), head);
    if write_whole(&response, format_args!(""), &body, head, out) {
        Outcome::Written { closes: true }
    } else {
        Outcome::Reply(Reply::error(Status::BadRequest, None))
    }
}
