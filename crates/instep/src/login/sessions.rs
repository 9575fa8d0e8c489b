//! Sessions of logged-in browsers, a table of fixed size.

use crate::time::Instant;
use core::fmt;
use core::num::NonZeroU32;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

/// Lifetime of a session from its log-in, in s (30 days). Use does not extend it.
pub const SESSION_SECONDS: u64 = 30 * 24 * 60 * 60;

/// Session of one browser. `Debug` does not show its id.
#[derive(Clone, Copy, Default)]
pub struct Session {
    /// The secret id in the cookie.
    id: u128,
    /// The number of the session in the server, or `None` if the entry is free.
    number: Option<NonZeroU32>,
    expires_at: Instant,
    used_at: Instant,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("number", &self.number).field("id", &"***").finish_non_exhaustive()
    }
}

/// Table of sessions.
#[derive(Debug)]
pub(super) struct Sessions {
    entries: &'static mut [Session],
}

impl Sessions {
    pub(super) fn new(entries: &'static mut [Session]) -> Self {
        assert!(!entries.is_empty(), "the memory of a log-in has no entry for sessions");
        entries.fill(Session::default());
        Self { entries }
    }

    /// Begins a session.
    ///
    /// If the table is full, the session replaces the one that was used longest ago, preferably one without an open page. Returns
    /// the number of the replaced session.
    pub(super) fn begin(
        &mut self,
        id: u128,
        number: NonZeroU32,
        now: Instant,
        in_use: impl Fn(NonZeroU32) -> bool,
    ) -> Option<NonZeroU32> {
        let key = |(i, session): (usize, &Session)| {
            (session.number.is_some() && now < session.expires_at, session.used_at, i)
        };
        let after =
            |before| self.entries.iter().enumerate().map(key).filter(move |key| Some(*key) > before).min();
        let oldest = after(None)?;
        // Sessions are tested in the order of their last use, because the oldest is hardly ever in use, and each test is slow.
        let mut chosen = Some(oldest);
        while let Some((true, _, i)) = chosen
            && self.entries[i].number.is_some_and(&in_use)
        {
            chosen = after(chosen);
        }
        let (.., index) = chosen.unwrap_or(oldest);
        let entry = &mut self.entries[index];
        let expires_at = now.after(SESSION_SECONDS * 1000);
        core::mem::replace(entry, Session { id, number: Some(number), expires_at, used_at: now }).number
    }

    /// Finds the session with that id, in constant time.
    ///
    /// Returns its number and the time at which it expires.
    pub(super) fn find(&mut self, id: u128, now: Instant) -> Option<(NonZeroU32, Instant)> {
        let mut found = usize::MAX as u64;
        for (i, session) in self.entries.iter().enumerate() {
            let live = Choice::from(u8::from(session.number.is_some() && now < session.expires_at));
            found.conditional_assign(&(i as u64), live & session.id.ct_eq(&id));
        }
        let session = self.entries.get_mut(usize::try_from(found).ok()?)?;
        session.used_at = now;
        Some((session.number?, session.expires_at))
    }

    /// Returns whether a session has that number. Its expiry is not checked.
    pub(super) fn has(&self, number: NonZeroU32) -> bool {
        self.entries.iter().any(|session| session.number == Some(number))
    }

    pub(super) fn end(&mut self, number: NonZeroU32) {
        for session in self.entries.iter_mut().filter(|session| session.number == Some(number)) {
            *session = Session::default();
        }
    }

    pub(super) fn end_all(&mut self) {
        self.entries.fill(Session::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::vec;

    const DAY: u64 = 24 * 60 * 60 * 1000;

    fn sessions(count: usize) -> Sessions {
        Sessions::new(vec![Session::default(); count].leak())
    }

    fn number(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn not_in_use(_: NonZeroU32) -> bool {
        false
    }

    #[test]
    fn session_is_found_by_its_id_until_it_ends() {
        let mut sessions = sessions(4);
        assert_eq!(sessions.find(0, at(0)), None, "a free entry was found by id 0");
        assert_eq!(sessions.begin(7, number(1), at(10), not_in_use), None);
        assert_eq!(sessions.begin(8, number(2), at(10), not_in_use), None);
        let end = 10 + 30 * DAY;
        assert_eq!(sessions.find(7, at(20)), Some((number(1), at(end))));
        assert_eq!(sessions.find(8, at(end - 1)), Some((number(2), at(end))));
        assert_eq!(sessions.find(9, at(20)), None);
        assert_eq!(sessions.find(7, at(end)), None, "an expired session was found");
        assert!(sessions.has(number(2)));
        sessions.end(number(2));
        assert!(!sessions.has(number(2)) && sessions.has(number(1)));
        assert_eq!(sessions.find(8, at(20)), None);
        sessions.end_all();
        assert_eq!(sessions.find(7, at(20)), None);
    }

    #[test]
    fn full_table_replaces_session_unused_longest() {
        let mut sessions = sessions(2);
        sessions.begin(1, number(1), at(1), not_in_use);
        sessions.begin(2, number(2), at(2), not_in_use);
        assert!(sessions.find(1, at(3)).is_some());
        assert_eq!(sessions.begin(3, number(3), at(4), not_in_use), Some(number(2)));
        assert_eq!(sessions.find(2, at(5)), None);
        assert!(sessions.find(1, at(5)).is_some() && sessions.find(3, at(6)).is_some());
        // An expired session is replaced first, even if it was used last.
        sessions.entries[1].expires_at = at(7);
        assert_eq!(sessions.begin(4, number(4), at(8), not_in_use), Some(number(3)));
        assert!(sessions.find(1, at(9)).is_some());
    }

    #[test]
    fn debug_output_has_no_session_id() {
        let mut sessions = sessions(1);
        sessions.begin(0x1234_5678, number(1), at(1), not_in_use);
        let shown = format!("{sessions:?}");
        assert!(
            shown.contains("***") && !shown.contains("12345678") && !shown.contains("305419896"),
            "{shown}"
        );
    }
}
