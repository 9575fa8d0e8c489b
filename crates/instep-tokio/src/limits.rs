//! Limits of this driver.

/// Limits that only this driver has.
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
    /// Maximum connections beside the connections of WebSocket clients and event streams.
    ///
    /// When all are taken, a new connection evicts the connection that has been idle longest, or gets 503 if none is
    /// idle.
    pub http_slots: usize,
    /// Maximum connections from one address, loopback exempt. Others get 503.
    pub per_address: usize,
    /// Maximum messages a second from one address; 0 for no limit.
    ///
    /// Above this rate, the server stops reading from the address's clients for a while.
    pub message_rate: u32,
    /// Maximum unsent bytes in the kernel for one client.
    ///
    /// Bytes in the kernel cannot be superseded by newer state.
    pub unsent: u32,
    /// Maximum messages that each shard decompresses at once, at about 50 KB each.
    ///
    /// Further messages wait. With 0, no client gets permessage-deflate.
    pub inflaters: u16,
}

impl SocketLimits {
    /// Replaces the number of connections beside clients ([`http_slots`](Self::http_slots)).
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
