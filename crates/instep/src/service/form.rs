//! Content of requests with an effect, which is a form or a value.

use super::refusal::refuse;
use super::request::{Outcome, Pending, Request};
use core::ops::ControlFlow::{self, Break, Continue};
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Allow, Method, Reply, Status};

/// Maximum length of a form, in bytes.
pub(crate) const FORM_MAX: usize = 1024;

/// Returns the content of a request, if all of it has arrived.
pub(crate) fn whole_content<'r>(
    request: &Request<'r>,
    out: &mut Outgoing<'_>,
) -> ControlFlow<Outcome, &'r [u8]> {
    let Request { head, content, pending, .. } = *request;
    match content {
        Some(content) => Continue(content),
        None => {
            if head.expects_continue && pending != Pending::Body {
                // There is room, because a head is consumed only if there is.
                let _ = out.push(b"HTTP/1.1 100 Continue\r\n\r\n");
            }
            Break(Outcome::Pending(Pending::Body))
        }
    }
}

/// Checks whether a request with an effect may be carried out now.
///
/// Else breaks with its outcome.
pub(crate) fn may_act(request: &Request<'_>, out: &Outgoing<'_>) -> ControlFlow<Outcome> {
    let head = request.head;
    if head.method != Method::Post {
        return Break(Outcome::Reply(
            Reply::error(Status::MethodNotAllowed, Some(head)).allow(Allow::ReadAndPost),
        ));
    }
    if let Err(refusal) = request.context.access.check_origin(head) {
        return Break(Outcome::Reply(Reply::error(refuse(refusal, request), Some(head))));
    }
    // The request has an effect and is carried out once, so its response needs room now.
    if !out.is_empty() { Break(Outcome::Blocked) } else { Continue(()) }
}
