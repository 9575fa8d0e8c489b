//! Sessions that hold at several servers, with the feature `shared-sessions`.
//!
//! The cookie carries the whole session, sealed with a key that the servers share, so no server has a table of sessions.

use crate::time::Instant;
use core::fmt;
use core::num::NonZeroU32;

/// Lifetime of a shared session from its log-in, in s (12 hours). Use does not extend it.
pub const SHARED_SESSION_SECONDS: u64 = 12 * 60 * 60;

/// First number of shared sessions. The numbers that a log-in gives are smaller.
const FIRST_NUMBER: NonZeroU32 = NonZeroU32::new(1 << 31).unwrap();

/// Length of the cookie of a shared session, in hexadecimal digits.
const DIGITS: usize = 2 * (16 + 8 + 32);

/// Session as its cookie carries it. `Debug` does not show the seal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SealedSession {
    /// The random id of the session.
    pub id: u128,
    /// The time at which the session ends, in ms since 1970 (Unix time).
    pub expires: u64,
    /// The message authentication code of the id and the time.
    pub seal: [u8; 32],
}

impl SealedSession {
    /// Returns the number of the session, by which its clients are found.
    ///
    /// Two sessions have the same number with a probability of 2⁻³¹. If they do, the end of one also closes the clients of the other,
    /// which connect again.
    pub fn number(&self) -> NonZeroU32 {
        // The mask makes the conversion lossless.
        FIRST_NUMBER | u32::try_from(self.id & 0x7fff_ffff).unwrap_or_default()
    }

    /// Reads the value of a cookie. The seal is not checked.
    ///
    /// Returns `None` if the value is not one that [`Display`](fmt::Display) writes.
    pub fn parse(value: &str) -> Option<Self> {
        let digits = value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if value.len() != DIGITS || !digits {
            return None;
        }
        let (id, rest) = value.split_at(32);
        let (expires, code) = rest.split_at(16);
        let mut seal = [0; 32];
        for (byte, at) in seal.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(code.get(at..at + 2)?, 16).ok()?;
        }
        Some(Self {
            id: u128::from_str_radix(id, 16).ok()?,
            expires: u64::from_str_radix(expires, 16).ok()?,
            seal,
        })
    }
}

/// Returns whether the number is that of a shared session.
pub(super) fn is_shared(number: NonZeroU32) -> bool {
    number >= FIRST_NUMBER
}

impl fmt::Display for SealedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}{:016x}", self.id, self.expires)?;
        self.seal.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SealedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedSession").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// Sessions that several servers share.
///
/// All calls are short and do not block.
pub trait SharedSessions: Sync {
    /// Begins a session with that random id, which lasts [`SHARED_SESSION_SECONDS`].
    fn begin(&self, id: u128) -> SealedSession;

    /// Returns the time at which a session expires, if its seal is right and it has neither expired nor ended.
    fn find(&self, session: &SealedSession, now: Instant) -> Option<Instant>;

    /// Returns whether a session that was found has not ended since. Its expiry is not checked.
    fn holds(&self, number: NonZeroU32, expires_at: Instant) -> bool;

    /// Ends a session, and closes its clients.
    fn end(&self, session: &SealedSession);

    /// Ends all sessions, because the password has changed, and closes their clients.
    fn end_all(&self);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::{String, ToString as _};

    const SESSION: SealedSession = SealedSession { id: 0xabc, expires: 0x1234, seal: [0x5e; 32] };

    #[test]
    fn cookie_is_read_as_it_is_written() {
        let text = SESSION.to_string();
        assert_eq!(text, String::from("00000000000000000000000000000abc0000000000001234") + &"5e".repeat(32));
        assert_eq!(SealedSession::parse(&text), Some(SESSION));
        for wrong in [
            "",
            &text[1..],
            &text[..32],
            &(text.clone() + "0"),
            &text.to_uppercase(),
            &text.replacen('0', "+", 1),
            &text.replace("00", "é"),
        ] {
            assert_eq!(SealedSession::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn debug_output_has_neither_id_nor_seal() {
        assert_eq!(std::format!("{SESSION:?}"), "SealedSession { expires: 4660, .. }");
    }
}
