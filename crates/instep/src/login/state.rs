//! What is behind the log-in's lock.

use super::checks::{Job, PasswordCheck, PasswordChecks, Verdict};
use super::failures::{ClientPrefix, FAILED_LOGINS_MAX, FailedLogin, FailedLogins};
use super::password::{self, Password};
use super::sessions::{Session, Sessions};
use crate::time::Instant;
use core::num::NonZeroU32;
use core::task::Waker;
use subtle::ConstantTimeEq as _;

/// Fills memory with random bytes that nobody can guess.
pub type Random = fn(&mut [u8]);

/// The memory of a log-in, lent for good: nothing of it grows. Fill it with defaults.
#[derive(Debug)]
pub struct LogInMemory {
    /// One for each browser that is logged in. One more takes the place of the one that was used longest ago, and has no
    /// page open if there is such a one.
    pub sessions: &'static mut [Session],
    /// One for each network that sent wrong passwords lately. One more takes the place of the least important one.
    pub failures: &'static mut [FailedLogin],
    /// One for each password that waits to be checked. One more waits for room.
    pub checks: &'static mut [PasswordCheck],
}

pub(super) struct State {
    /// `None`: nobody is asked.
    pub(super) password: Option<Password>,
    /// The number of the session, or of anything else, that was numbered last.
    last_number: u32,
    /// By what tools that send the password are known.
    pub(super) tools: NonZeroU32,
    pub(super) sessions: Sessions,
    pub(super) failures: FailedLogins,
    pub(super) checks: PasswordChecks,
    /// Makes [`State::remembered`]; new for each password.
    key: [u8; 32],
    /// The password that a tool presented, if it was right: a keyed hash that is quick to make, so that who sends it
    /// with each request does not wait each time. It is never kept longer than the program runs.
    remembered: Option<[u8; 32]>,
    pub(super) waker: Option<Waker>,
}

impl State {
    #[expect(clippy::needless_pass_by_value, reason = "it is lent for good")]
    pub(super) fn new(memory: LogInMemory, password: Option<Password>, random: Random) -> Self {
        let mut state = Self {
            password,
            last_number: 0,
            tools: NonZeroU32::MIN,
            sessions: Sessions::new(memory.sessions),
            failures: FailedLogins::new(memory.failures),
            checks: PasswordChecks::new(memory.checks),
            key: [0; 32],
            remembered: None,
            waker: None,
        };
        state.begin_password(random);
        state
    }

    pub(super) fn begin_password(&mut self, random: Random) {
        random(&mut self.key);
        self.remembered = None;
        self.tools = self.next_number();
    }

    pub(super) fn next_number(&mut self) -> NonZeroU32 {
        self.last_number = self.last_number.wrapping_add(1).max(1);
        NonZeroU32::new(self.last_number).unwrap_or(NonZeroU32::MIN)
    }

    pub(super) fn is_cached(&self, password: &[u8]) -> bool {
        self.remembered.is_some_and(|remembered| remembered.ct_eq(&self.cache_key(password)).into())
    }

    fn cache_key(&self, password: &[u8]) -> [u8; 32] {
        password::quick_hash(&self.key, password)
    }

    /// Takes note of what a check came to.
    pub(super) fn finish(&mut self, ticket: NonZeroU32, job: &Job, hash: &[u8; 32], now: Instant) {
        let network = ClientPrefix::from(job.peer);
        let verdict = if self.password.as_ref().is_some_and(|password| password.is(hash)) {
            self.failures.forget(network);
            if job.from_tool {
                self.remembered = Some(self.cache_key(job.password()));
            }
            Verdict::Accepted
        } else {
            match self.failures.add(network, now) {
                None => log::warn!("A wrong password from {}", job.peer),
                Some(wait) => log::warn!(
                    "A wrong password from {}, the {FAILED_LOGINS_MAX}th: no other is looked at for {} min",
                    job.peer,
                    wait / 60
                ),
            }
            Verdict::Rejected
        };
        self.checks.finish(ticket, verdict);
    }
}
