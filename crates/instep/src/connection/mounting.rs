//! To which device of a server with several a request belongs.

use super::context::ConnectionContext;
use crate::access::MountPath;
use crate::service::{Absence, Entry, Outcome, Pending, Request, Stage, answer_absence};
use instep_proto::delivery::Outgoing;
use instep_proto::http::RequestHead;

/// Finds the device to which a request belongs.
///
/// Returns the head as the device sees it, the path of the device, and why it cannot be shown if it cannot. Returns `None` if the
/// request belongs to another context than that of the turn.
///
/// `whole_path` is the base and the path of the head, which are parts of it.
pub(super) fn enter<'r>(
    request: &Request<'r>,
    whole_path: &'r str,
    context: &ConnectionContext<'_>,
) -> Option<(RequestHead<'r>, MountPath<'r>, Option<Absence>)> {
    let head = *request.head;
    let Some(mounts) = context.mounts else { return Some((head, MountPath::NONE, None)) };
    let stage = match request.pending {
        Pending::Invocation(_) => Stage::Waiting,
        _ if is_admitted(request, context) => Stage::Admitted,
        _ => Stage::Unknown,
    };
    match mounts.enter(head.path, stage) {
        Entry::Here(length) => {
            let (path, rest) = head.path.split_at_checked(length).unwrap_or(("", head.path));
            let base = whole_path.get(..head.base.len() + path.len()).unwrap_or(head.base);
            Some((RequestHead { base, path: rest, ..head }, MountPath::new(path), None))
        }
        Entry::Elsewhere => None,
        Entry::Absent(reason) => Some((head, MountPath::NONE, Some(reason))),
    }
}

/// Answers a request for which the server itself has no page, from a sender that was admitted.
///
/// Returns `None` if the path is none of a device.
pub(super) fn answer_elsewhere(
    request: &Request<'_>,
    context: &ConnectionContext<'_>,
    out: &mut Outgoing<'_>,
) -> Option<Outcome> {
    let mounts = context.mounts.filter(|_| request.mount.is_empty() && request.absence.is_none());
    match (request.absence, mounts.map(|mounts| mounts.enter(request.head.path, Stage::Admitted))) {
        (Some(absence), _) | (None, Some(Entry::Absent(absence))) => {
            Some(answer_absence(absence, request.head, out))
        }
        (None, Some(Entry::Elsewhere)) => Some(Outcome::Blocked),
        (None, _) => None,
    }
}

/// Returns whether the sender may see the devices: Host is the server's, and there is a session or no log-in.
///
/// A password is checked by the server itself first.
fn is_admitted(request: &Request<'_>, context: &ConnectionContext<'_>) -> bool {
    context.access.check(request.head).is_ok()
        && context.log_in().is_none_or(|log_in| (log_in.authenticator.shows_session)(log_in, request))
}
