//! Limits of a server (`docs/contracts.md`, section 6).

use instep_proto::frame::server_header_length;
use instep_proto::http::HeadLimits;

/// Minimum output space to read input, in bytes.
///
/// This space fits a pong and the response to a handshake.
pub(crate) const ROOM_MIN: usize = 384;

/// Limits of a server. Times are in milliseconds.
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
    /// Maximum number of WebSocket clients and event streams.
    ///
    /// The limit holds for all addresses and shards together. One more client gets 503.
    pub clients: usize,
    /// Maximum size of a request's head. A larger one gets 431.
    pub head: HeadLimits,
    /// Maximum length of a request's body, in bytes. A longer one gets 413.
    pub body: u64,
    /// Maximum length of a message to the application, in bytes. A longer one closes the WebSocket with 1009.
    ///
    /// Endpoints that answer inline have no such limit.
    pub message: usize,
    /// Maximum length of a message that the application publishes or sends, in bytes.
    pub frame: usize,
    /// Number of events that are kept for clients that are behind.
    pub events: usize,
    /// Maximum number of messages that wait for the application.
    ///
    /// At this limit the server stops reading from the senders.
    pub inbox: usize,
    /// Maximum number of replies that wait for one client.
    ///
    /// At this limit the server stops reading from the client.
    pub replies: usize,
    /// Maximum size of the replies that wait for one client, in bytes.
    ///
    /// At this limit the server stops reading from the client. Each reply takes 12 bytes more than its frame, whose header has at most 10 bytes (4, up to 65,535 bytes of payload). The
    /// longest frame must fit.
    pub outbox: usize,
    /// Timeout of a request's head, from its first byte to its last, in ms.
    pub head_time: u64,
    /// Idle timeout of a connection between two requests, in ms.
    pub idle_time: u64,
    /// Silence after which a client is pinged, in ms.
    pub ping_every: u64,
    /// Number of unanswered pings after which a client is dropped.
    pub pings_missed: u8,
    /// Timeout of writing, in ms.
    ///
    /// The timeout restarts with each byte that the client accepts.
    pub write_stall: u64,
    /// Time for which a closed connection is drained, in ms.
    ///
    /// Without it, a reset could discard the last bytes that the peer has yet to read.
    pub linger_time: u64,
    /// Maximum number of bytes that are drained from a closed connection.
    pub linger_bytes: usize,
}

impl Limits {
    /// Returns the maximum length of a reply's frame, in bytes.
    pub(crate) const fn reply(&self) -> usize {
        self.frame + server_header_length(self.frame as u64)
    }

    /// Returns the timeout for `Keep-Alive`, in whole seconds.
    ///
    /// The result is below the idle timeout.
    pub(crate) fn keep_alive_seconds(&self) -> u16 {
        u16::try_from(self.idle_time.saturating_sub(1) / 1000).unwrap_or(u16::MAX)
    }

    /// Default limits of a microcontroller.
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

    /// Default limits of a program on Linux.
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

/// Declares functions of a type that return the value with another field.
macro_rules! builders {
    ($name:ident: $($function:ident($field:ident: $type:ty);)+) => {
        impl $name {
            $(
                #[doc = concat!("Replaces [`", stringify!($field), "`](Self::", stringify!($field), ").")]
                #[must_use]
                pub const fn $function(self, $field: $type) -> Self {
                    Self { $field, ..self }
                }
            )+
        }
    };
}
pub(crate) use builders;

builders! {
    Limits:
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
