//! Content of requests that change something: a form, or a value.

use super::refusal::refuse;
use super::request::{Outcome, Pending, Request};
use core::ops::ControlFlow::{self, Break, Continue};
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Allow, Method, Reply, Status};

/// The longest form that is read, in bytes.
pub(crate) const FORM_MAX: usize = 1024;

/// The content behind a request's head, when all of it is there.
pub(crate) fn whole_content<'r>(
    request: &Request<'r>,
    out: &mut Outgoing<'_>,
) -> ControlFlow<Outcome, &'r [u8]> {
    let Request { head, content, pending: waits, .. } = *request;
    match content {
        Some(content) => Continue(content),
        None => {
            if head.expects_continue && waits != Pending::Body {
                // There is room: a head is taken only where there is.
                let _ = out.push(b"HTTP/1.1 100 Continue\r\n\r\n");
            }
            Break(Outcome::Pending(Pending::Body))
        }
    }
}

/// Whether a request that changes something may do so now; else the answer to it.
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
    // What it does, it does once: there has to be room for the answer.
    if !out.is_empty() { Break(Outcome::Blocked) } else { Continue(()) }
}
