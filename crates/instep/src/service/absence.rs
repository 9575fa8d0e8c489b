//! Answers to requests for devices that cannot be shown.

use super::mounts::Absence;
use super::request::Outcome;
use super::response::write_whole;
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Reply, RequestHead, Status};

/// Answers a request for a device that cannot be shown.
pub(crate) fn answer_absence(absence: Absence, head: &RequestHead<'_>, out: &mut Outgoing<'_>) -> Outcome {
    let (status, text) = match absence {
        Absence::Unknown => (Status::NotFound, "There is no device of this id here. / lists all devices.\n"),
        Absence::Undescribed => {
            (Status::ServiceUnavailable, "The device has not told yet what it is. Try again in a moment.\n")
        }
        Absence::Unreadable => (
            Status::NotFound,
            "The description of this device cannot be shown. The log says what is wrong with it.\n",
        ),
        Absence::Full => {
            (Status::ServiceUnavailable, "Too many devices are looked at. Try again in a moment.\n")
        }
    };
    let response = Reply::head_of(status, Some(("text/plain; charset=utf-8", text.len())), head);
    if write_whole(&response, format_args!(""), &[text.as_bytes()], head, out) {
        Outcome::Written { closes: response.closes() }
    } else if out.is_empty() {
        Outcome::Reply(Reply::error(status, Some(head)))
    } else {
        Outcome::Blocked
    }
}
