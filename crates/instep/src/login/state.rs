//! The state of the log-in, which is behind its lock.

use super::checks::{Job, PasswordCheck, PasswordChecks, Verdict};
use super::failures::{ClientPrefix, FAILED_LOGINS_MAX, FailedLogin, FailedLogins};
use super::password::{self, Password};
use super::sessions::{Session, Sessions};
use crate::log::lines;
use crate::time::Instant;
use core::num::NonZeroU32;
use core::task::Waker;
use subtle::ConstantTimeEq as _;

/// Function that fills memory with cryptographically secure random bytes.
pub type Random = fn(&mut [u8]);

/// Memory of a log-in, which never grows. Initialise it with defaults.
#[derive(Debug)]
pub struct LogInMemory {
    /// One entry for each logged-in browser.
    ///
    /// If all are used, the least recently used session is replaced, preferably one without an open page.
    pub sessions: &'static mut [Session],
    /// One entry for each network with recent wrong passwords. If all are used, the least important one is replaced.
    pub failures: &'static mut [FailedLogin],
    /// One entry for each password that waits to be checked. If all are used, further requests wait.
    pub checks: &'static mut [PasswordCheck],
}

/// State of a log-in.
pub(super) struct State {
    /// The password, or `None` if requests need none.
    pub(super) password: Option<Password>,
    /// The last number of a session or a check.
    last_number: u32,
    /// The number of the credential that all requests with Basic authentication share.
    pub(super) basic_number: NonZeroU32,
    pub(super) sessions: Sessions,
    pub(super) failures: FailedLogins,
    pub(super) checks: PasswordChecks,
    /// The random key for [`State::verified`], new for each password.
    key: [u8; 32],
    /// The keyed hash of the right password, once Basic authentication has sent it.
    ///
    /// The keyed hash is fast, so that later requests do not wait for the slow hash. It is never persisted.
    verified: Option<[u8; 32]>,
    pub(super) waker: Option<Waker>,
}

impl State {
    #[expect(clippy::needless_pass_by_value, reason = "the memory is lent for good")]
    pub(super) fn new(memory: LogInMemory, password: Option<Password>, random: Random) -> Self {
        let mut state = Self {
            password,
            last_number: 0,
            basic_number: NonZeroU32::MIN,
            sessions: Sessions::new(memory.sessions),
            failures: FailedLogins::new(memory.failures),
            checks: PasswordChecks::new(memory.checks),
            key: [0; 32],
            verified: None,
            waker: None,
        };
        state.begin_password(random);
        state
    }

    /// Revokes what depends on the old password.
    pub(super) fn begin_password(&mut self, random: Random) {
        random(&mut self.key);
        self.verified = None;
        self.basic_number = self.next_number();
    }

    pub(super) fn next_number(&mut self) -> NonZeroU32 {
        self.last_number = self.last_number.wrapping_add(1).max(1);
        NonZeroU32::new(self.last_number).unwrap_or(NonZeroU32::MIN)
    }

    /// Returns whether this is the password that Basic authentication sent before.
    pub(super) fn is_cached(&self, password: &[u8]) -> bool {
        self.verified.is_some_and(|verified| verified.ct_eq(&self.cache_key(password)).into())
    }

    fn cache_key(&self, password: &[u8]) -> [u8; 32] {
        password::keyed_hash(&self.key, password)
    }

    /// Stores the verdict of a check, whose hash has been computed.
    pub(super) fn finish(&mut self, ticket: NonZeroU32, job: &Job, hash: &[u8; 32], now: Instant) {
        let network = ClientPrefix::from(job.peer);
        let verdict = if self.password.as_ref().is_some_and(|password| password.is(hash)) {
            self.failures.forget(network);
            if job.is_basic {
                self.verified = Some(self.cache_key(job.password()));
            }
            Verdict::Accepted
        } else {
            match self.failures.add(network, now) {
                None => lines::warn(format_args!("A wrong password from {}", job.peer)),
                Some(wait) => lines::warn(format_args!(
                    "A wrong password from {}, the {FAILED_LOGINS_MAX}th; its network has to wait for {} min",
                    job.peer,
                    wait / 60
                )),
            }
            Verdict::Rejected
        };
        self.checks.finish(ticket, verdict);
    }
}
