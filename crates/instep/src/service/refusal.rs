//! What is said of refusals, in the log and to the client.

use super::context::Context;
use super::request::{Decision, Request};
use super::response::write_whole;
use crate::access::Refusal;
use crate::device::RefusalReason;
use crate::log::{FROM_CLIENT, Shown};
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Method, Reply, RequestHead, Status};

/// Tells in the log of a refusal, unless it has told of many in this second.
macro_rules! tell {
    ($level:ident, $context:expr, $now:expr, $($line:tt)+) => {
        if $context.may_tell($now) {
            log::$level!($($line)+);
        }
    };
}
pub(crate) use tell;

/// Says in the log what would let the request in.
pub(crate) fn refuse(refusal: Refusal, request: &Request<'_>) -> Status {
    let Request { now, head, peer, context, .. } = *request;
    context.device.count_refusal(match refusal {
        Refusal::Host => RefusalReason::Host,
        Refusal::Origin => RefusalReason::Origin,
    });
    match refusal {
        Refusal::Host => {
            let host = head.host.unwrap_or_default();
            let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
            tell!(
                warn,
                context,
                now,
                target: FROM_CLIENT,
                "Refused a request from {peer}: this device does not go by the name {}. If it should, {}{}",
                Shown(host.as_bytes()),
                context.access.ways_in.host,
                Shown(name.as_bytes())
            );
            Status::MisdirectedRequest
        }
        Refusal::Origin => {
            match head.origin {
                Some(origin) => tell!(
                    warn,
                    context,
                    now,
                    target: FROM_CLIENT,
                    "Refused a request from {peer}: its page comes from {0}. If that page may use this device, {1}{0}",
                    Shown(origin.as_bytes()),
                    context.access.ways_in.origin
                ),
                None => tell!(
                    warn,
                    context,
                    now,
                    "Refused a request from {peer}: a page from somewhere else made it. If that page may use this device, {}ORIGIN, with that page's origin",
                    context.access.ways_in.origin
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
) -> Decision {
    // A name that is not ours is not repeated.
    let host = head.host.filter(|_| context.access.check(head).is_ok()).unwrap_or("ADDRESS:PORT");
    let body = ["Only HTTPS is spoken here: open https://", host, "/ instead.\n"];
    let response = Reply::error_head(Status::BadRequest, body.iter().map(|part| part.len()).sum(), head);
    let body = if head.method == Method::Head { &[][..] } else { &body };
    if write_whole(&response, body, out) {
        Decision::Written { closes: true }
    } else {
        Decision::Reply(Reply::error(Status::BadRequest, None))
    }
}
