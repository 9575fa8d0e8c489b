//! `GET ENDPOINT?why=ORIGIN`, a probe for the status of an upgrade.
//!
//! The probe exists because browsers hide that status from scripts. It uses the request's session and ignores `Authorization`,
//! because tools that send `Authorization` see the status of their upgrade.

use super::context::ConnectionContext;
use crate::access::Refusal;
use crate::service::{Outcome, Request};
use instep_proto::http::{Method, Reply, RequestHead, Status, form_value};

/// Maximum length of an origin in a probe, in bytes.
const ORIGIN_MAX: usize = 256;

/// Answers a probe. `refused` is set if there are too many connections.
///
/// Returns `None` if the request is no probe.
pub(super) fn probe_upgrade(
    refused: bool,
    request: &Request<'_>,
    context: &ConnectionContext<'_>,
) -> Option<Outcome> {
    let head = request.head;
    let query = head.query.filter(|_| matches!(head.method, Method::Get | Method::Head))?;
    let mut origin = [0; ORIGIN_MAX];
    // An invalid origin is replaced by one that is never allowed.
    let origin = match form_value(query.as_bytes(), "why", &mut origin) {
        Ok(origin) => core::str::from_utf8(origin?).unwrap_or("\u{fffd}"),
        Err(_) => "\u{fffd}",
    };
    let is_endpoint = context.app.find_endpoint(head.path).is_some();
    // Whether there is such a device is not said to a sender that was not admitted.
    let may_be_below = context.mounts.is_some() && head.path.ends_with("/ws");
    if !is_endpoint && !may_be_below {
        return None;
    }
    if !refused && context.access.check(head) == Err(Refusal::Host) {
        // Refused like every other request with an unknown Host.
        return None;
    }
    let status = if refused { Status::ServiceUnavailable } else { refusal(origin, request, context) };
    if !is_endpoint && !matches!(status, Status::Unauthorized | Status::Forbidden) {
        return None;
    }
    Some(Outcome::Reply(Reply::error(status, Some(head)).for_any_origin()))
}

/// Returns the status of an upgrade, by the checks in their order.
fn refusal(origin: &str, request: &Request<'_>, context: &ConnectionContext<'_>) -> Status {
    let head = RequestHead { origin: Some(origin).filter(|origin| !origin.is_empty()), ..*request.head };
    if context.access.check_origin(&head).is_err() {
        return Status::Forbidden;
    }
    if context.log_in().is_some_and(|log_in| !(log_in.authenticator.shows_session)(log_in, request)) {
        return Status::Unauthorized;
    }
    if context.places_taken().is_some() || context.device.is_full(context.follower) {
        Status::ServiceUnavailable
    } else {
        Status::NoContent
    }
}
