//! Log-in on a microcontroller: its memory, and the task that hashes passwords.

use crate::clock::now;
use crate::server::Server;
use core::array::from_fn;
use core::future::pending;
use instep::LogIn;
use instep::login::{FailedLogin, LogInMemory, Password, PasswordCheck, Random, Session};
use static_cell::StaticCell;

/// Maximum sessions.
const SESSIONS_MAX: usize = 8;
/// Maximum client prefixes (IPv4 address or /64) with counted failures.
const FAILURES_MAX: usize = 16;
/// Maximum passwords that wait to be checked.
///
/// Further ones stay unread in their sockets.
const CHECKS_MAX: usize = 4;

/// Cost of a guess, in rounds of hashing: about one second on a chip with 160 MHz.
///
/// A computer guesses much faster if it has the hash, so a device's flash must be protected by other means.
pub const ROUNDS: u32 = 10_000;

/// Memory of a log-in, for a `static`.
///
/// The memory holds 8 sessions, and the failures of 16 client prefixes.
pub struct LogInResources {
    sessions: StaticCell<[Session; SESSIONS_MAX]>,
    failures: StaticCell<[FailedLogin; FAILURES_MAX]>,
    checks: StaticCell<[PasswordCheck; CHECKS_MAX]>,
    log_in: StaticCell<LogIn>,
}

impl LogInResources {
    /// Creates unused memory.
    #[expect(clippy::new_without_default, reason = "it is for statics only")]
    pub const fn new() -> Self {
        Self {
            sessions: StaticCell::new(),
            failures: StaticCell::new(),
            checks: StaticCell::new(),
            log_in: StaticCell::new(),
        }
    }

    /// Starts a log-in, for [`Server::with_log_in`].
    ///
    /// `random` must be unpredictable, because session ids come from it.
    ///
    /// # Panics
    /// If a log-in was started with this memory before.
    pub fn start(&'static self, password: Password, random: Random) -> &'static LogIn {
        let memory = self.take();
        self.log_in.init_with(|| LogIn::new(memory, password, random))
    }

    /// Starts a log-in without a password.
    ///
    /// Every client is let in until [`LogIn::change_password`] sets a password.
    ///
    /// # Panics
    /// If a log-in was started with this memory before.
    pub fn start_without_password(&'static self, random: Random) -> &'static LogIn {
        let memory = self.take();
        self.log_in.init_with(|| LogIn::without_password(memory, random))
    }

    fn take(&'static self) -> LogInMemory {
        LogInMemory {
            sessions: self.sessions.init_with(|| [Session::default(); SESSIONS_MAX]),
            failures: self.failures.init_with(|| [FailedLogin::default(); FAILURES_MAX]),
            checks: self.checks.init_with(|| from_fn(|_| PasswordCheck::default())),
        }
    }
}

impl Server {
    /// Requires the log-in's password from every client.
    ///
    /// [`Server::check_passwords`] must run, too.
    pub fn with_log_in(self, log_in: &'static LogIn) -> Self {
        Self { log_in: Some(log_in), ..self }
    }

    /// Checks presented passwords for ever, one at a time.
    ///
    /// The future yields to other tasks during a check. Call this in its own task. Without a log-in it does nothing.
    pub async fn check_passwords(self) -> ! {
        match self.log_in {
            Some(log_in) => log_in.check_passwords(now).await,
            None => pending().await,
        }
    }
}
