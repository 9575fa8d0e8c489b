//! What is said of refusals, in the log and to the client.

use super::context::Context;
use super::request::{Outcome, Request};
use super::response::write_whole;
use crate::access::{Offer, Refusal, is_wide_origin};
use crate::device::RefusalReason;
use crate::log::{Escaped, FROM_CLIENT};
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Method, Reply, RequestHead, Status};

/// Tells in the log of a refusal, unless it has told of many in this second.
macro_rules! log_limited {
    ($level:ident, $context:expr, $now:expr, $($line:tt)+) => {
        if $context.allow_log($now) {
            log::$level!($($line)+);
        }
    };
}
pub(crate) use log_limited;

/// Says in the log what would let the request in.
pub(crate) fn refuse(refusal: Refusal, request: &Request<'_>) -> Status {
    let Request { now, head, peer, context, .. } = *request;
    context.device.count_refusal(match refusal {
        Refusal::Host => RefusalReason::Host,
        Refusal::Origin => RefusalReason::Origin,
    });
    let ways_in = context.access.hints;
    match refusal {
        Refusal::Host => {
            let host = head.host.unwrap_or_default();
            match Offer::host(host) {
                Some(offer) => log_limited!(
                    warn,
                    context,
                    now,
                    target: FROM_CLIENT,
                    "Refused a request from {peer}: this device does not go by the name {}. If it should, {}{offer}",
                    Escaped(host.as_bytes()),
                    ways_in.host
                ),
                None => log_limited!(
                    warn,
                    context,
                    now,
                    target: FROM_CLIENT,
                    "Refused a request from {peer}: its Host is no name with a port: {}",
                    Escaped(host.as_bytes())
                ),
            }
            Status::MisdirectedRequest
        }
        Refusal::Origin => {
            match head.origin.map(|origin| (origin, Offer::origin(origin))) {
                Some((origin, Some(offer))) => {
                    let others = if is_wide_origin(origin) {
                        ", as do all pages from files and many programs"
                    } else {
                        ""
                    };
                    log_limited!(
                        warn,
                        context,
                        now,
                        target: FROM_CLIENT,
                        "Refused a request from {peer}: its page comes from {}{others}. If that page may use this device, {}{offer}",
                        Escaped(origin.as_bytes()),
                        ways_in.origin
                    );
                }
                Some((origin, None)) => log_limited!(
                    warn,
                    context,
                    now,
                    target: FROM_CLIENT,
                    "Refused a request from {peer}: its Origin is none that could be allowed: {}",
                    Escaped(origin.as_bytes())
                ),
                None => log_limited!(
                    warn,
                    context,
                    now,
                    "Refused a request from {peer}: a page from somewhere else made it, and does not say which. If that page may use this device, {}ORIGIN, with that page's origin, and have it ask with fetch()",
                    ways_in.origin
                ),
            }
            Status::Forbidden
        }
    }
}

/// Says where the device is, to a browser that looked for it without TLS.
pub(crate) fn ask_for_https(
    head: &RequestHead<'_>,
    context: &Context<'_>,
    out: &mut Outgoing<'_>,
) -> Outcome {
    // A name that is not ours is not repeated.
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
