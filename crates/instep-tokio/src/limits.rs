//! The limits of this driver.

/// What only this driver has limits for.
///
/// ```
/// use instep_tokio::SocketLimits;
///
/// let sockets = SocketLimits::default().with_per_address(8).with_message_rate(100);
/// # assert_eq!((sockets.per_address, sockets.message_rate), (8, 100));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SocketLimits {
    /// Connections beside those of the WebSocket clients. When all are taken, whoever has been idle longest gives
    /// up its place to a newcomer; if nobody is: 503.
    pub http_slots: usize,
    /// Connections from one address; the machine itself is exempt. Above it: 503.
    pub per_address: usize,
    /// Messages in each second from one address. Above it the server stops reading from its clients for a while.
    /// 0: no limit.
    pub message_rate: u32,
    /// Bytes that the kernel keeps unsent for one client. What it keeps cannot be replaced by newer state.
    pub unsent: u32,
    /// Compressed messages that each shard decompresses at the same time, at some 50 KB each; further ones wait.
    /// 0: no client gets permessage-deflate.
    pub inflaters: u16,
}

impl SocketLimits {
    /// Replaces the number of connections beside those of WebSocket clients ([`http_slots`](Self::http_slots)).
    #[must_use]
    pub const fn with_http_slots(self, http_slots: usize) -> Self {
        Self { http_slots, ..self }
    }

    /// Replaces the number of connections from one address ([`per_address`](Self::per_address)).
    #[must_use]
    pub const fn with_per_address(self, per_address: usize) -> Self {
        Self { per_address, ..self }
    }

    /// Replaces the messages per second from one address ([`message_rate`](Self::message_rate)).
    #[must_use]
    pub const fn with_message_rate(self, message_rate: u32) -> Self {
        Self { message_rate, ..self }
    }

    /// Replaces the bytes that the kernel keeps [`unsent`](Self::unsent) for one client.
    #[must_use]
    pub const fn with_unsent(self, unsent: u32) -> Self {
        Self { unsent, ..self }
    }

    /// Replaces the number of [`inflaters`](Self::inflaters) of each shard.
    #[must_use]
    pub const fn with_inflaters(self, inflaters: u16) -> Self {
        Self { inflaters, ..self }
    }
}

impl Default for SocketLimits {
    fn default() -> Self {
        Self { http_slots: 64, per_address: 64, message_rate: 0, unsent: 16_384, inflaters: 32 }
    }
}
