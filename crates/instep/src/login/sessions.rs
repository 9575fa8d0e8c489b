//! Who is logged in: a table of fixed size.

use crate::time::Instant;
use core::fmt;
use core::num::NonZeroU32;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

/// How long a session lasts from its log-in, in seconds: 30 days. What a browser does with it makes it no longer.
pub const SESSION_SECONDS: u64 = 30 * 24 * 60 * 60;

/// One log-in of one browser. Nothing shows its id.
#[derive(Clone, Copy)]
pub struct Session {
    /// What its cookie holds.
    id: u128,
    /// By what other parts know it; `None` while this entry is free.
    number: Option<NonZeroU32>,
    until: Instant,
    used: Instant,
}

impl Default for Session {
    fn default() -> Self {
        Self { id: 0, number: None, until: Instant::from_millis(0), used: Instant::from_millis(0) }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("number", &self.number).field("id", &"***").finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(super) struct Sessions {
    entries: &'static mut [Session],
}

impl Sessions {
    pub(super) fn new(entries: &'static mut [Session]) -> Self {
        assert!(!entries.is_empty(), "there is room for one session at least");
        entries.fill(Session::default());
        Self { entries }
    }

    /// Begins a session. Where there is no room, it takes the place of the one that was used longest ago, whose number
    /// is returned: of those that are not in use now, if there are any.
    pub(super) fn begin(
        &mut self,
        id: u128,
        number: NonZeroU32,
        now: Instant,
        in_use: impl Fn(NonZeroU32) -> bool,
    ) -> Option<NonZeroU32> {
        let key = |(at, session): (usize, &Session)| {
            (session.number.is_some() && now < session.until, session.used, at)
        };
        let after =
            |before| self.entries.iter().enumerate().map(key).filter(move |key| Some(*key) > before).min();
        let oldest = after(None)?;
        // The one that was used longest ago is hardly ever in use: to ask for each would take long.
        let mut chosen = Some(oldest);
        while let Some((true, _, at)) = chosen
            && self.entries[at].number.is_some_and(&in_use)
        {
            chosen = after(chosen);
        }
        let (.., at) = chosen.unwrap_or(oldest);
        let entry = &mut self.entries[at];
        let until = now.after(SESSION_SECONDS * 1000);
        core::mem::replace(entry, Session { id, number: Some(number), until, used: now }).number
    }

    /// The session with that id, and until when it lasts. How long it takes does not tell how much of the id is right.
    pub(super) fn find(&mut self, id: u128, now: Instant) -> Option<(NonZeroU32, Instant)> {
        let mut found = usize::MAX as u64;
        for (at, session) in self.entries.iter().enumerate() {
            let live = Choice::from(u8::from(session.number.is_some() && now < session.until));
            found.conditional_assign(&(at as u64), live & session.id.ct_eq(&id));
        }
        let session = self.entries.get_mut(usize::try_from(found).ok()?)?;
        session.used = now;
        Some((session.number?, session.until))
    }

    /// Whether the session with that number goes on.
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

    fn nobody(_: NonZeroU32) -> bool {
        false
    }

    #[test]
    fn an_id_is_found_until_it_ends_and_no_other_is() {
        let mut sessions = sessions(4);
        assert_eq!(sessions.find(0, at(0)), None, "a free entry has no id");
        assert_eq!(sessions.begin(7, number(1), at(10), nobody), None);
        assert_eq!(sessions.begin(8, number(2), at(10), nobody), None);
        let end = 10 + 30 * DAY;
        assert_eq!(sessions.find(7, at(20)), Some((number(1), at(end))));
        assert_eq!(sessions.find(8, at(end - 1)), Some((number(2), at(end))));
        assert_eq!(sessions.find(9, at(20)), None);
        assert_eq!(sessions.find(7, at(end)), None, "it has expired");
        assert!(sessions.has(number(2)));
        sessions.end(number(2));
        assert!(!sessions.has(number(2)) && sessions.has(number(1)));
        assert_eq!(sessions.find(8, at(20)), None);
        sessions.end_all();
        assert_eq!(sessions.find(7, at(20)), None);
    }

    #[test]
    fn one_too_many_takes_the_place_of_the_one_unused_longest() {
        let mut sessions = sessions(2);
        sessions.begin(1, number(1), at(1), nobody);
        sessions.begin(2, number(2), at(2), nobody);
        assert!(sessions.find(1, at(3)).is_some());
        assert_eq!(sessions.begin(3, number(3), at(4), nobody), Some(number(2)));
        assert_eq!(sessions.find(2, at(5)), None);
        assert!(sessions.find(1, at(5)).is_some() && sessions.find(3, at(6)).is_some());
        // One that has expired goes first, however late it was used.
        sessions.entries[1].until = at(7);
        assert_eq!(sessions.begin(4, number(4), at(8), nobody), Some(number(3)));
        assert!(sessions.find(1, at(9)).is_some());
    }

    #[test]
    fn an_id_is_not_shown() {
        let mut sessions = sessions(1);
        sessions.begin(0x1234_5678, number(1), at(1), nobody);
        let shown = format!("{sessions:?}");
        assert!(
            shown.contains("***") && !shown.contains("12345678") && !shown.contains("305419896"),
            "{shown}"
        );
    }
}
