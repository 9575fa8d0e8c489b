//! Every limit of a server, in one place. CONTRACTS section 6 is the rule.

use instep_proto::frame::server_header_length;
use instep_proto::http::HeadLimits;

/// The least room for output with which input is read: a pong, or the answer to a handshake.
pub(crate) const ROOM_MIN: usize = 384;

/// How much a server takes, and for how long. Times are in milliseconds.
///
/// [`Limits::DEVICE`] and [`Limits::LINUX`] are complete; each limit has a function that replaces it:
///
/// ```
/// use instep::Limits;
///
/// const LIMITS: Limits = Limits::DEVICE.with_clients(5).with_message(1_024);
/// # assert_eq!((LIMITS.clients, LIMITS.message, LIMITS.frame), (5, 1_024, Limits::DEVICE.frame));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// WebSocket clients at once, over all addresses and shards. Above it: 503.
    pub clients: usize,
    /// The head of a request. Above it: 431.
    pub head: HeadLimits,
    /// Bytes of a request's body. Above it: 413.
    pub body: u64,
    /// Bytes of a message to the application. Above it: close code 1009. Endpoints that answer inline have
    /// no such limit.
    pub message: usize,
    /// Bytes of a message that the application publishes or sends.
    pub frame: usize,
    /// Events that are kept for clients that are a little behind.
    pub events: usize,
    /// Messages that wait for the application. At this limit the server stops reading from the senders.
    pub inbox: usize,
    /// Replies that wait for one client. At this limit the server stops reading from it.
    pub replies: usize,
    /// Bytes that wait for one client: replies, each with 12 bytes and at most 10 of its frame's header (4, up to 65,535 bytes). At least
    /// one with the longest frame; at this limit the server stops reading from it.
    pub outbox: usize,
    /// From the first byte of a request to the end of its head.
    pub head_time: u64,
    /// From one request on a connection to the next.
    pub idle_time: u64,
    /// Silence after which a client is pinged.
    pub ping_every: u64,
    /// Pings without any word from the client after which it is dropped.
    pub pings_missed: u8,
    /// How long a client may accept no byte of what waits for it.
    pub write_stall: u64,
    /// How long a closed connection is still read from, so that the peer gets our last bytes.
    pub linger_time: u64,
    /// How many bytes of a closed connection are still read.
    pub linger_bytes: usize,
}

impl Limits {
    /// Bytes of the longest reply's frame.
    pub(crate) const fn reply(&self) -> usize {
        self.frame + server_header_length(self.frame as u64)
    }

    /// Whole seconds for which a connection is kept for another request: it is kept longer than that.
    pub(crate) fn keep_alive_seconds(&self) -> u16 {
        u16::try_from(self.idle_time.saturating_sub(1) / 1000).unwrap_or(u16::MAX)
    }

    /// Those of a microcontroller.
    pub const DEVICE: Self = Self {
        clients: 8,
        head: HeadLimits { bytes: 2048, headers: 32 },
        body: 1024,
        message: 512,
        frame: 256,
        events: 16,
        inbox: 8,
        replies: 4,
        outbox: 12 + 4 + 256,
        idle_time: 5_000,
        ..Self::LINUX
    };

    /// Those of a program on Linux.
    pub const LINUX: Self = Self {
        clients: 4096,
        head: HeadLimits { bytes: 16_384, headers: 64 },
        body: 1 << 20,
        message: 65_536,
        frame: 65_536,
        events: 64,
        inbox: 64,
        replies: 64,
        outbox: 2 * (65_536 + 22),
        head_time: 5_000,
        idle_time: 15_000,
        ping_every: 10_000,
        pings_missed: 2,
        write_stall: 10_000,
        linger_time: 1_000,
        linger_bytes: 65_536,
    };
}

/// Declares the functions that return limits of which one is replaced.
macro_rules! replacing {
    ($($function:ident($field:ident: $type:ty);)+) => {
        impl Limits {
            $(
                #[doc = concat!("Returns these limits with another [`", stringify!($field), "`](Self::", stringify!($field), ").")]
                #[must_use]
                pub const fn $function(self, $field: $type) -> Self {
                    Self { $field, ..self }
                }
            )+
        }
    };
}

replacing! {
    with_clients(clients: usize);
    with_head(head: HeadLimits);
    with_body(body: u64);
    with_message(message: usize);
    with_frame(frame: usize);
    with_events(events: usize);
    with_inbox(inbox: usize);
    with_replies(replies: usize);
    with_outbox(outbox: usize);
    with_head_time(head_time: u64);
    with_idle_time(idle_time: u64);
    with_ping_every(ping_every: u64);
    with_pings_missed(pings_missed: u8);
    with_write_stall(write_stall: u64);
    with_linger_time(linger_time: u64);
    with_linger_bytes(linger_bytes: usize);
}
