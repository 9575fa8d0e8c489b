//! Limits of this driver.

/// Limits that only this driver has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketLimits {
    /// Maximum connections beside those of WebSocket clients.
    ///
    /// When all are taken, a new connection evicts the one that has been idle longest; it gets 503 if none is
    /// idle.
    pub http_slots: usize,
    /// Maximum connections from one address, loopback exempt. Others get 503.
    pub per_address: usize,
    /// Maximum messages a second from one address; 0 for no limit.
    ///
    /// Above it, the server stops reading from the address's clients for a while.
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

impl Default for SocketLimits {
    fn default() -> Self {
        Self { http_slots: 64, per_address: 64, message_rate: 0, unsent: 16_384, inflaters: 32 }
    }
}
