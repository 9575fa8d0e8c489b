//! What is counted since the device started. Plain numbers behind the device's lock, so that each driver counts
//! alike and a client that is gone is counted in the same moment as its place is given back.

use instep_proto::frame::CloseCode;

/// The codes that are counted apart; 1005 stands for a close frame without any.
const CODES: [(u16, &str); 10] = [
    (1000, "1000"),
    (1001, "1001"),
    (1002, "1002"),
    (1003, "1003"),
    (1005, "1005"),
    (1007, "1007"),
    (1008, "1008"),
    (1009, "1009"),
    (1011, "1011"),
    (1013, "1013"),
];

/// Why a client is gone without a closing handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DropReason {
    /// The peer closed the connection without a close frame.
    NoCloseFrame,
    /// It answered no ping.
    NoPong,
    /// The socket failed: a reset, or no way to the peer.
    SocketError,
    /// It accepted nothing of what waited for it.
    WriteStall,
}

/// Why a request, or a connection, was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalReason {
    /// Its body is longer than the limit.
    Body,
    /// All places are taken.
    Full,
    /// Its opening handshake is wrong.
    Handshake,
    /// Its head cannot be read.
    Head,
    /// The device does not go by the name in Host.
    Host,
    /// It comes from another site's page.
    Origin,
    /// There are too many connections from its address.
    PerAddress,
    /// It did not arrive in time.
    Timeout,
}

impl DropReason {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::NoCloseFrame, Self::NoPong, Self::SocketError, Self::WriteStall];

    /// Its name, as a label has it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::NoCloseFrame => "no_close_frame",
            Self::NoPong => "no_pong",
            Self::SocketError => "socket_error",
            Self::WriteStall => "write_stall",
        }
    }
}

impl RefusalReason {
    /// All of them.
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

    /// Its name, as a label has it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Full => "full",
            Self::Handshake => "handshake",
            Self::Head => "head",
            Self::Host => "host",
            Self::Origin => "origin",
            Self::PerAddress => "per_address",
            Self::Timeout => "timeout",
        }
    }
}

/// How a client's connection ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// By a closing handshake with this code: the peer's, or ours if we began it. `None`: the peer's had none.
    Closed(Option<CloseCode>),
    Dropped(DropReason),
}

/// What happened since the device started. Each client that connected is in [`Counts::closed`] or
/// [`Counts::dropped`] once it is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Clients that are connected.
    pub clients: u64,
    /// The revision of what was published last.
    pub revision: u64,
    /// Clients that ever connected.
    pub opened: u64,
    /// Retained messages that were published.
    pub publishes: u64,
    /// Events that were sent.
    pub events: u64,
    /// Events that clients missed because they read too slowly, one for each client and event.
    pub events_missed: u64,
    /// The last one is for all other codes.
    closed: [u64; CODES.len() + 1],
    dropped: [u64; DropReason::ALL.len()],
    refused: [u64; RefusalReason::ALL.len()],
}

impl Counts {
    /// Clients that are gone after a closing handshake, by its code: from a fixed set, and `other`.
    pub fn closed(&self) -> impl Iterator<Item = (&'static str, u64)> {
        CODES.iter().map(|(_, label)| *label).chain(["other"]).zip(self.closed)
    }

    /// Clients that are gone without a closing handshake.
    pub fn dropped(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }

    /// Requests that were refused.
    pub fn refused(&self, reason: RefusalReason) -> u64 {
        self.refused[reason as usize]
    }

    pub(crate) fn end(&mut self, end: End) {
        match end {
            End::Closed(code) => {
                let number = code.map_or(1005, CloseCode::number);
                let at = CODES.iter().position(|(code, _)| *code == number).unwrap_or(CODES.len());
                self.closed[at] += 1;
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
    fn each_reason_and_each_code_has_a_place_of_its_own() {
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
