//! `GET ENDPOINT?why=ORIGIN`: why a WebSocket does not open there. A script is not told. It goes by the session that the request
//! shows; `Authorization` is for tools, which see the status of their upgrade.

use super::context::ConnectionContext;
use crate::access::Refusal;
use crate::service::{Outcome, Request};
use instep_proto::http::{Method, Reply, RequestHead, Status, form_value};

/// The longest origin.
const ORIGIN_MAX: usize = 256;

/// Says what an upgrade from that origin would have got; `None`: nobody asks for that. `refused`: there are too many
/// connections.
pub(super) fn say_why(
    refused: bool,
    request: &Request<'_>,
    world: &ConnectionContext<'_>,
) -> Option<Outcome> {
    let head = request.head;
    let query = head.query.filter(|_| matches!(head.method, Method::Get | Method::Head))?;
    let mut origin = [0; ORIGIN_MAX];
    // One that cannot be read is one that no rule lets pass.
    let origin = match form_value(query.as_bytes(), "why", &mut origin) {
        Ok(origin) => core::str::from_utf8(origin?).unwrap_or("\u{fffd}"),
        Err(_) => "\u{fffd}",
    };
    world.app.find_endpoint(head.path)?;
    if !refused && world.access.check(head) == Err(Refusal::Host) {
        // As everywhere.
        return None;
    }
    let status = if refused { Status::ServiceUnavailable } else { refusal(origin, request, world) };
    Some(Outcome::Reply(Reply::error(status, Some(head)).for_any_origin()))
}

/// What refuses it, in the order in which an upgrade is refused.
fn refusal(origin: &str, request: &Request<'_>, world: &ConnectionContext<'_>) -> Status {
    let head = RequestHead { origin: Some(origin).filter(|origin| !origin.is_empty()), ..*request.head };
    if world.access.check_origin(&head).is_err() {
        return Status::Forbidden;
    }
    if world.log_in().is_some_and(|log_in| !(log_in.authenticator.shows_session)(log_in, request)) {
        return Status::Unauthorized;
    }
    if world.device.is_full(world.follower) { Status::ServiceUnavailable } else { Status::NoContent }
}
