//! Counters since the start of the device.
//!
//! The counters are plain numbers behind the device's lock, so every driver counts alike, and a client's end is counted when its
//! slot is released.

use instep_proto::frame::CloseCode;
use instep_proto::texts;

/// Lists codes with their texts.
macro_rules! codes {
    ($($code:literal)+) => { [$(($code, stringify!($code))),+] };
}

/// Close codes, each with its own counter.
///
/// 1005 stands for a close frame without a code.
const CODES: [(u16, &str); 10] = codes!(1000 1001 1002 1003 1005 1007 1008 1009 1011 1013);

texts! {
    /// Reason why a connection ended without a closing handshake.
    #[non_exhaustive]
    pub enum DropReason {
        /// The peer closed the connection without a close frame.
        NoCloseFrame = "no_close_frame",
        /// The client did not answer pings.
        NoPong = "no_pong",
        /// The socket failed, such as by a reset.
        SocketError = "socket_error",
        /// The client accepted no output for the time [`Limits::write_stall`](crate::Limits::write_stall).
        WriteStall = "write_stall",
    }
    /// Returns the value of the label in metrics.
    fn label
}

texts! {
    /// Reason why a request or a connection was refused.
    #[non_exhaustive]
    pub enum RefusalReason {
        /// The body is longer than the limit.
        Body = "body",
        /// No slot, place in the inbox or connection is free.
        Full = "full",
        /// The opening handshake is invalid.
        Handshake = "handshake",
        /// The head is invalid or too large.
        Head = "head",
        /// Host is none of the device's names.
        Host = "host",
        /// A page of another origin that is not allowed sent it.
        Origin = "origin",
        /// There are too many connections from its address.
        PerAddress = "per_address",
        /// The request, or the application's reply to it, did not arrive in time.
        Timeout = "timeout",
    }
    /// Returns the value of the label in metrics.
    fn label
}

impl DropReason {
    /// All reasons.
    pub const ALL: [Self; 4] = [Self::NoCloseFrame, Self::NoPong, Self::SocketError, Self::WriteStall];
}

impl RefusalReason {
    /// All reasons.
    pub const ALL: [Self; 8] = [
        Self::Body,
        Self::Full,
        Self::Handshake,
        Self::Head,
        Self::Host,
        Self::Origin,
        Self::PerAddress,
        Self::Timeout,
    ];
}

/// End of a client's connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// The connection ended by a closing handshake, with the code of the side that began it.
    ///
    /// `None` if the peer's frame had no code.
    Closed(Option<CloseCode>),
    /// The connection ended without a closing handshake.
    Dropped(DropReason),
}

/// Counters since the start of the device.
///
/// Each client whose connection has ended is in [`Counts::closed`] or [`Counts::dropped`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The number of connected clients.
    pub clients: u64,
    /// The revision of the last publish or event.
    pub revision: u64,
    /// The number of clients that ever connected.
    pub opened: u64,
    /// The number of published retained messages.
    pub publishes: u64,
    /// The number of sent events.
    pub events: u64,
    /// The number of events that clients missed because they read too slowly. It is counted for each client.
    pub events_missed: u64,
    /// The number of closing handshakes by code. The last element is for all codes that are not in [`CODES`].
    closed: [u64; CODES.len() + 1],
    dropped: [u64; DropReason::ALL.len()],
    refused: [u64; RefusalReason::ALL.len()],
}

impl Counts {
    /// Returns the number of closing handshakes by code.
    ///
    /// Codes that have no counter are in `other`.
    pub fn closed(&self) -> impl Iterator<Item = (&'static str, u64)> {
        CODES.iter().map(|(_, label)| *label).chain(["other"]).zip(self.closed)
    }

    /// Returns the number of clients that were dropped for that reason.
    pub fn dropped(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }

    /// Returns the number of refusals for that reason.
    pub fn refused(&self, reason: RefusalReason) -> u64 {
        self.refused[reason as usize]
    }

    pub(crate) fn end(&mut self, end: End) {
        match end {
            End::Closed(code) => {
                let number = code.map_or(1005, CloseCode::number);
                let index = CODES.iter().position(|(code, _)| *code == number).unwrap_or(CODES.len());
                self.closed[index] += 1;
            }
            End::Dropped(reason) => self.dropped[reason as usize] += 1,
        }
    }

    pub(crate) fn refuse(&mut self, reason: RefusalReason) {
        self.refused[reason as usize] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_and_codes_are_counted_separately() {
        let mut counts = Counts::default();
        for (times, reason) in DropReason::ALL.into_iter().enumerate() {
            (0..times).for_each(|_| counts.end(End::Dropped(reason)));
        }
        for (times, reason) in RefusalReason::ALL.into_iter().enumerate() {
            (0..times).for_each(|_| counts.refuse(reason));
        }
        assert_eq!(DropReason::ALL.map(|reason| counts.dropped(reason)), [0, 1, 2, 3]);
        assert_eq!(RefusalReason::ALL.map(|reason| counts.refused(reason)), [0, 1, 2, 3, 4, 5, 6, 7]);

        for code in [1000, 1009, 1012, 3000, 4999] {
            counts.end(End::Closed(CloseCode::new(code)));
        }
        counts.end(End::Closed(None));
        let closed: std::vec::Vec<_> = counts.closed().filter(|(_, count)| *count > 0).collect();
        assert_eq!(closed, [("1000", 1), ("1005", 1), ("1009", 1), ("other", 3)]);
        assert_eq!(counts.closed().count(), 11);
    }
}
