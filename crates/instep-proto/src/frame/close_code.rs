//! Close codes (RFC 6455 section 7.4).

/// Close code that may be sent in a frame.
///
/// The field is private, so no other code can be constructed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: normal closure.
    pub const NORMAL: Self = Self(1000);
    /// 1001: the server stops, or the browser leaves the page.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer violated RFC 6455.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1007: text that is not UTF-8, or data that cannot be decompressed.
    pub const INVALID_PAYLOAD: Self = Self(1007);
    /// 1008: the action of the peer is not allowed, or the peer is no longer allowed to connect.
    pub const POLICY: Self = Self(1008);
    /// 1009: the message is too long.
    pub const TOO_BIG: Self = Self(1009);
    /// 1011: unexpected condition at the server.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1013: the client should retry later.
    pub const TRY_AGAIN_LATER: Self = Self(1013);

    /// Returns a code that may be sent: 1000 to 1003, 1007 to 1014, or 3000 to 4999.
    pub fn new(code: u16) -> Option<Self> {
        matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999).then_some(Self(code))
    }

    /// Returns the number of the code.
    pub fn number(self) -> u16 {
        self.0
    }
}
