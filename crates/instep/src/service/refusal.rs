//! Log lines and responses of refused requests.

use super::context::Context;
use super::request::{Outcome, Request};
use super::response::write_whole;
use crate::access::{Offer, Refusal, is_wide_origin};
use crate::device::RefusalReason;
use crate::log::{Escaped, FROM_CLIENT};
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Method, Reply, RequestHead, Status};

/// Logs a refusal, unless the rate limit of such lines is reached.
macro_rules! log_limited {
    ($level:ident, $context:expr, $now:expr, $($line:tt)+) => {
        if $context.allow_log($now) {
            log::$level!($($line)+);
        }
    };
}
pub(crate) use log_limited;

/// Counts and logs a refused request, with the option that would allow it.
///
/// Returns the status.
pub(crate) fn refuse(refusal: Refusal, request: &Request<'_>) -> Status {
    let Request { now, head, peer, context, .. } = *request;
    context.device.count_refusal(match refusal {
        Refusal::Host => RefusalReason::Host,
        Refusal::Origin => RefusalReason::Origin,
    });
    let hints = context.access.hints;
    match refusal {
        Refusal::Host => {
            let host = head.host.unwrap_or_default();
            match Offer::host(host) {
                Some(offer) => log_limited!(
                    warn,
                    context,
                    now,
                    target: FROM_CLIENT,
                    "Refused a request from {peer}: unknown Host {}; to allow it, {}{offer}",
                    Escaped(host.as_bytes()),
                    hints.host
                ),
                None => log_limited!(
                    warn,
                    context,
                    now,
                    target: FROM_CLIENT,
                    "Refused a request from {peer}: invalid Host {}",
                    Escaped(host.as_bytes())
                ),
            }
            Status::MisdirectedRequest
        }
        Refusal::Origin => {
            match head.origin.map(|origin| (origin, Offer::origin(origin))) {
                Some((origin, Some(offer))) => {
                    let others = if is_wide_origin(origin) {
                        ", which all pages from files and many programs send"
                    } else {
                        ""
                    };
                    log_limited!(
                        warn,
                        context,
                        now,
                        target: FROM_CLIENT,
                        "Refused a request from {peer}: unknown Origin {}{others}; to allow it, {}{offer}",
                        Escaped(origin.as_bytes()),
                        hints.origin
                    );
                }
                Some((origin, None)) => log_limited!(
                    warn,
                    context,
                    now,
                    target: FROM_CLIENT,
                    "Refused a request from {peer}: invalid Origin {}",
                    Escaped(origin.as_bytes())
                ),
                None => log_limited!(
                    warn,
                    context,
                    now,
                    "Refused a request from {peer}: a page of another origin sent it without Origin; to allow it, {}ORIGIN with the page's origin, and send it with fetch()",
                    hints.origin
                ),
            }
            Status::Forbidden
        }
    }
}

/// Answers a plaintext request on a TLS port with the address to open instead.
pub(crate) fn ask_for_https(
    head: &RequestHead<'_>,
    context: &Context<'_>,
    out: &mut Outgoing<'_>,
) -> Outcome {
    // An unknown Host is not repeated, because it could lead to another server.
    let host = head.host.filter(|_| context.access.check(head).is_ok()).unwrap_or("ADDRESS:PORT");
    let body = ["Only HTTPS is spoken here: open https://", host, "/ instead.\n"];
    let response = Reply::error_head(Status::BadRequest, body.iter().map(|part| part.len()).sum(), head);
    let body = if head.method == Method::Head { &[][..] } else { &body };
    if write_whole(&response, body, out) {
        Outcome::Written { closes: true }
    } else {
        Outcome::Reply(Reply::error(Status::BadRequest, None))
    }
}
