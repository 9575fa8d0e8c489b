//! Devices behind a gateway, each below a path of its own.

use super::request::Outcome;
use super::response::write_whole;
use core::fmt;
use core::num::NonZeroU32;
use instep_proto::delivery::Outgoing;
use instep_proto::http::{Reply, RequestHead, Status};

/// Devices of a server, each below a path of its own, such as `/lamp/`.
///
/// The driver has one for each turn. The context of a turn is that of the server itself or of one of its devices. A connection may
/// ask for one device after the other.
pub trait Mounts {
    /// Returns to what a path belongs.
    ///
    /// The same path belongs to the same device until the request is answered.
    fn enter(&self, path: &str) -> Entry;

    /// Returns whether a client with this session is connected to any device of the server.
    fn session_in_use(&self, session: NonZeroU32) -> bool;

    /// Revokes the credential of the clients with this session at all devices of the server. `None` stands for all clients.
    fn revoke(&self, session: Option<NonZeroU32>);
}

impl fmt::Debug for dyn Mounts + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mounts")
    }
}

/// To what a path belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// To the context of the turn. So many bytes of the path name the device, such as `/lamp`; none the server itself.
    Here(usize),
    /// To another context. The turn ends before the request, and the driver gives the next turn in that context.
    Elsewhere,
    /// To the server itself, if that has something there; else to a device that cannot be shown.
    Absent(Absence),
}

/// Reason why a device cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// There is no device of that id.
    Unknown,
    /// The device has not told its description yet.
    Undescribed,
    /// The description of the device declares nothing that can be shown.
    Unreadable,
    /// Too many devices are shown.
    Full,
}

/// Devices of a driver that has some.
pub type MountsRef<'a> = &'a dyn Mounts;

impl Absence {
    /// Answers a request for the device.
    pub(crate) fn answer(self, head: &RequestHead<'_>, out: &mut Outgoing<'_>) -> Outcome {
        let (status, text) = match self {
            Self::Unknown => (Status::NotFound, "There is no device of this id here. / lists all devices.\n"),
            Self::Undescribed => (
                Status::ServiceUnavailable,
                "The device has not told yet what it is. Try again in a moment.\n",
            ),
            Self::Unreadable => (
                Status::NotFound,
                "The description of this device is none that can be shown. The log says what is wrong with it.\n",
            ),
            Self::Full => {
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
}
