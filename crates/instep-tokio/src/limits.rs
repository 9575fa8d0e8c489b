//! The limits of this driver.

/// What only this driver has limits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

impl Default for SocketLimits {
    fn default() -> Self {
        Self { http_slots: 64, per_address: 64, message_rate: 0, unsent: 16_384, inflaters: 32 }
    }
}
