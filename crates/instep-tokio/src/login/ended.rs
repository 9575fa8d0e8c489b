//! Sessions that have ended before their time.

use std::collections::HashMap;
use std::num::NonZeroU32;

/// Maximum sessions that have ended before their time. If there are more, all sessions end.
pub(super) const ENDED_MAX: usize = 65_536;

/// Sessions that have ended before their time. All times are in ms since 1970.
#[derive(Default)]
pub(super) struct EndedSessions {
    /// When each session would have expired.
    sessions: HashMap<NonZeroU32, u64>,
    /// Sessions that began until this time have ended.
    void_until: u64,
}

/// What a call has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing, because the session had ended before.
    Nothing,
    Session,
    /// All sessions, because too many have ended.
    All,
}

impl EndedSessions {
    /// Ends a session.
    pub(super) fn end(&mut self, number: NonZeroU32, expires: u64, now: u64) -> End {
        if self.sessions.len() >= ENDED_MAX {
            self.sessions.retain(|_, expires| *expires > now);
        }
        let is_full = self.sessions.len() >= ENDED_MAX;
        if is_full {
            self.sessions.clear();
            self.void_until = now;
        }
        match self.sessions.insert(number, expires) {
            None if is_full => End::All,
            None => End::Session,
            Some(_) => End::Nothing,
        }
    }

    /// Ends all sessions that began until `time`. Returns whether any could be left of them.
    pub(super) fn end_until(&mut self, time: u64) -> bool {
        let is_new = self.void_until < time;
        self.void_until = self.void_until.max(time);
        is_new
    }

    pub(super) fn has(&self, number: NonZeroU32) -> bool {
        self.sessions.contains_key(&number)
    }

    /// Returns the time until which sessions began that have all ended, if there is one.
    pub(super) fn void_until(&self) -> Option<u64> {
        Some(self.void_until).filter(|time| *time > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    #[test]
    fn too_many_sessions_end_all_and_expired_ones_make_room() {
        let mut ended = EndedSessions::default();
        let end = |ended: &mut EndedSessions, number: usize, expires: u64, now: u64| {
            let number = u32::try_from(number).ok().and_then(NonZeroU32::new).expect("a number");
            let end = ended.end(number, expires, now);
            assert!(ended.has(number));
            end
        };
        for number in 1..=ENDED_MAX {
            assert_eq!(end(&mut ended, number, NOW + 100, NOW), End::Session);
        }
        assert_eq!(ended.void_until(), None);
        assert_eq!(end(&mut ended, ENDED_MAX + 1, NOW + 1_000, NOW), End::All);
        assert_eq!((ended.sessions.len(), ended.void_until()), (1, Some(NOW)));
        for number in 1..ENDED_MAX {
            assert_eq!(end(&mut ended, number, NOW + 100, NOW + 1), End::Session);
        }
        assert_eq!(end(&mut ended, ENDED_MAX + 2, NOW + 1_000, NOW + 100), End::Session);
        assert_eq!((ended.sessions.len(), ended.void_until()), (2, Some(NOW)));
        assert_eq!(end(&mut ended, ENDED_MAX + 2, NOW + 1_000, NOW + 100), End::Nothing);
    }
}
