//! Devices behind a gateway, each below a path of its own.

use core::fmt;
use core::num::NonZeroU32;

/// Devices of a server, each below a path of its own, such as `/lamp/`.
///
/// The driver has one for each turn. The context of a turn is that of the server itself or of one of its devices. A connection may
/// ask for one device after the other.
pub trait Mounts {
    /// Returns to what the path of a request belongs.
    fn enter(&self, path: &str, stage: Stage) -> Entry;

    /// Returns how many clients all devices of the server together may have, if they have so many.
    fn places_taken(&self) -> Option<usize>;

    /// Takes one of these places for the client of this turn, which is to open. Returns their number if all are taken.
    fn take_place(&self) -> Result<(), usize>;

    /// Gives the place back, because the client does not open.
    fn leave_place(&self);

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

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing is known of its sender. It belongs to the context of the turn if that is of its device, and else to the server itself,
    /// which asks for the log-in.
    Unknown,
    /// Its sender may see the devices, as far as is known.
    Admitted,
    /// It waits for the answer of the device in the context of the turn, and belongs to that device, whatever has become of it.
    Waiting,
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
