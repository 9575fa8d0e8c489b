//! Queue of password checks and their verdicts, a table of fixed size.

use super::password::PASSWORD_MAX;
use crate::time::Instant;
use core::fmt;
use core::net::IpAddr;
use core::num::NonZeroU32;
use zeroize::{Zeroize as _, Zeroizing};

/// Time without a query after which a check expires, in ms.
///
/// A request that waits for its check queries it more often.
const CHECK_EXPIRY_MS: u64 = 3_000;

/// Entry of the table of password checks. `Debug` does not show the password.
pub struct PasswordCheck {
    /// The ticket of the check, or `None` if the entry is free.
    ticket: Option<NonZeroU32>,
    job: Job,
    progress: Progress,
    /// The time of the last query.
    queried_at: Instant,
}

/// Password to be checked, and its origin.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) peer: IpAddr,
    /// Whether the password came by Basic authentication.
    pub(super) is_basic: bool,
    password: Zeroizing<[u8; PASSWORD_MAX]>,
    length: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Waiting,
    Hashing,
    Done(Verdict),
}

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accepted,
    Rejected,
    /// The password was not checked, because its network sent too many wrong ones. Holds the remaining wait, in seconds.
    Throttled(u16),
}

impl Default for PasswordCheck {
    fn default() -> Self {
        let peer = IpAddr::V4(core::net::Ipv4Addr::UNSPECIFIED);
        let job = Job { peer, is_basic: false, password: Zeroizing::new([0; PASSWORD_MAX]), length: 0 };
        Self { ticket: None, job, progress: Progress::Waiting, queried_at: Instant::default() }
    }
}

impl PasswordCheck {
    fn is_free(&self, now: Instant) -> bool {
        self.ticket.is_none() || self.is_expired(now)
    }

    fn is_expired(&self, now: Instant) -> bool {
        self.progress != Progress::Hashing && now >= self.queried_at.after(CHECK_EXPIRY_MS)
    }
}

impl fmt::Debug for PasswordCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordCheck")
            .field("ticket", &self.ticket)
            .field("password", &"***")
            .finish_non_exhaustive()
    }
}

impl Job {
    /// Copies the password.
    ///
    /// Returns `None` if it is empty or longer than [`PASSWORD_MAX`].
    pub(super) fn new(peer: IpAddr, presented: &[u8], is_basic: bool) -> Option<Self> {
        let mut password = Zeroizing::new([0; PASSWORD_MAX]);
        password.get_mut(..presented.len()).filter(|part| !part.is_empty())?.copy_from_slice(presented);
        Some(Self { peer, is_basic, password, length: presented.len() })
    }

    pub(super) fn password(&self) -> &[u8] {
        &self.password[..self.length]
    }
}

/// Table of password checks.
#[derive(Debug)]
pub(super) struct PasswordChecks {
    entries: &'static mut [PasswordCheck],
}

impl PasswordChecks {
    pub(super) fn new(entries: &'static mut [PasswordCheck]) -> Self {
        assert!(!entries.is_empty(), "the memory of a log-in has no entry for password checks");
        entries.fill_with(PasswordCheck::default);
        Self { entries }
    }

    /// Returns whether an entry is free.
    pub(super) fn has_room(&self, now: Instant) -> bool {
        self.entries.iter().any(|check| check.is_free(now))
    }

    /// Adds a check, if an entry is free.
    pub(super) fn add(&mut self, ticket: NonZeroU32, job: Job, now: Instant) {
        if let Some(entry) = self.entries.iter_mut().find(|check| check.is_free(now)) {
            *entry =
                PasswordCheck { ticket: Some(ticket), job, progress: Progress::Waiting, queried_at: now };
        }
    }

    /// Removes all verdicts, because the password has changed.
    ///
    /// A request that has not fetched its verdict is checked again.
    pub(super) fn forget_verdicts(&mut self) {
        let done = |check: &&mut PasswordCheck| matches!(check.progress, Progress::Done(_));
        self.entries.iter_mut().filter(done).for_each(|check| *check = PasswordCheck::default());
    }

    /// Takes the verdict of a check, if it is known.
    ///
    /// # Errors
    /// If no check has that ticket.
    pub(super) fn verdict(&mut self, ticket: NonZeroU32, now: Instant) -> Result<Option<Verdict>, ()> {
        let entry = self.entries.iter_mut().find(|check| check.ticket == Some(ticket)).ok_or(())?;
        entry.queried_at = now;
        let Progress::Done(verdict) = entry.progress else { return Ok(None) };
        *entry = PasswordCheck::default();
        Ok(Some(verdict))
    }

    /// Begins the check that has waited longest, except expired ones.
    pub(super) fn begin(&mut self, now: Instant) -> Option<(NonZeroU32, Job)> {
        let is_waiting =
            |check: &&mut PasswordCheck| check.progress == Progress::Waiting && !check.is_expired(now);
        let waiting = self.entries.iter_mut().filter(is_waiting);
        let entry = waiting.filter(|check| check.ticket.is_some()).min_by_key(|check| check.ticket)?;
        entry.progress = Progress::Hashing;
        Some((entry.ticket?, entry.job.clone()))
    }

    /// Stores the verdict of a check and erases its password.
    pub(super) fn finish(&mut self, ticket: NonZeroU32, verdict: Verdict) {
        if let Some(entry) = self.entries.iter_mut().find(|check| check.ticket == Some(ticket)) {
            entry.job.password.zeroize();
            entry.progress = Progress::Done(verdict);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::vec::Vec;

    const PEER: IpAddr = IpAddr::V4(core::net::Ipv4Addr::LOCALHOST);

    fn checks(count: usize) -> PasswordChecks {
        PasswordChecks::new((0..count).map(|_| PasswordCheck::default()).collect::<Vec<_>>().leak())
    }

    fn ticket(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    fn job(password: &str) -> Job {
        Job::new(PEER, password.as_bytes(), false).unwrap()
    }

    fn add(checks: &mut PasswordChecks, number: u32, password: &str, now: u64) {
        let now = Instant::from_millis(now);
        assert!(checks.has_room(now));
        checks.add(ticket(number), job(password), now);
    }

    #[test]
    fn checks_run_in_order_and_yield_one_verdict() {
        let mut checks = checks(3);
        for (number, password) in [(1, "a"), (2, "b"), (3, "c")] {
            add(&mut checks, number, password, 0);
        }
        assert!(!checks.has_room(Instant::default()));
        let (first, taken) = checks.begin(Instant::default()).unwrap();
        assert_eq!((first, taken.password()), (ticket(1), &b"a"[..]));
        assert_eq!(checks.verdict(ticket(1), Instant::default()), Ok(None));
        checks.finish(ticket(1), Verdict::Rejected);
        assert_eq!(checks.verdict(ticket(1), Instant::default()), Ok(Some(Verdict::Rejected)));
        assert_eq!(checks.verdict(ticket(1), Instant::default()), Err(()));
        add(&mut checks, 4, "d", 0);
        assert_eq!(
            checks.begin(Instant::default()).unwrap().0,
            ticket(2),
            "check 4 has the first entry of the table but began before check 2"
        );
    }

    #[test]
    fn expired_check_frees_its_entry() {
        let mut checks = checks(1);
        add(&mut checks, 1, "a", 0);
        let (begun, _) = checks.begin(Instant::default()).unwrap();
        assert!(!checks.has_room(Instant::from_millis(3_000)), "a check that is being hashed has expired");
        checks.finish(begun, Verdict::Accepted);
        assert!(!checks.has_room(Instant::from_millis(2_999)));
        add(&mut checks, 2, "b", 3_000);
        assert_eq!(checks.verdict(begun, Instant::default()), Err(()));
        // A query renews the entry, and an expired check does not begin.
        assert_eq!(checks.verdict(ticket(2), Instant::from_millis(5_000)), Ok(None));
        assert!(!checks.has_room(Instant::from_millis(7_999)));
        assert!(checks.begin(Instant::from_millis(8_000)).is_none());
    }

    #[test]
    fn checked_password_is_erased_and_never_shown() {
        let mut checks = checks(1);
        add(&mut checks, 1, "sesame", 0);
        assert!(format!("{checks:?}").contains("***") && !format!("{checks:?}").contains("115, 101"));
        let _ = checks.begin(Instant::default());
        checks.finish(ticket(1), Verdict::Rejected);
        assert_eq!(checks.entries[0].job.password(), [0; 6]);
        assert!(Job::new(PEER, b"", false).is_none() && Job::new(PEER, &[b'x'; 129], false).is_none());
        assert_eq!(Job::new(PEER, &[b'x'; 128], false).unwrap().password(), [b'x'; 128]);
    }
}
