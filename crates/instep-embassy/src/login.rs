//! The log-in of a microcontroller: its memory, and a task that hashes a little between the turns of others.

use crate::clock::now;
use crate::server::Server;
use core::array::from_fn;
use core::future::pending;
use instep::LogIn;
use instep::login::{FailedLogin, LogInMemory, Password, PasswordCheck, Random, Session};
use static_cell::StaticCell;

/// Browsers that are logged in at once.
const SESSIONS: usize = 8;
/// Networks whose wrong passwords are counted.
const FAILURES: usize = 16;
/// Passwords that wait to be checked. More than this wait unread, and cost their socket only.
const CHECKS: usize = 4;

/// What one guess costs, in rounds of hashing: about a second on a chip with 160 MHz. A computer that got hold of the
/// hash guesses much faster than that: who can read a device's flash is to be kept from it by other means.
pub const ROUNDS: u32 = 10_000;

/// All memory of a log-in, for a `static`: room for 8 browsers, and for the wrong passwords of 16 networks.
pub struct LogInResources {
    sessions: StaticCell<[Session; SESSIONS]>,
    failures: StaticCell<[FailedLogin; FAILURES]>,
    checks: StaticCell<[PasswordCheck; CHECKS]>,
    log_in: StaticCell<LogIn>,
}

impl LogInResources {
    /// The memory, unused.
    #[expect(clippy::new_without_default, reason = "only a static has use for it")]
    pub const fn new() -> Self {
        Self {
            sessions: StaticCell::new(),
            failures: StaticCell::new(),
            checks: StaticCell::new(),
            log_in: StaticCell::new(),
        }
    }

    /// The log-in, for [`Server::with_log_in`]. `random` needs to be as good as what a session is worth.
    ///
    /// # Panics
    /// If it has been called before.
    pub fn start(&'static self, password: Password, random: Random) -> &'static LogIn {
        let memory = self.take();
        self.log_in.init_with(|| LogIn::new(memory, password, random))
    }

    /// The same for a device that has no password yet: nobody is asked until it has one
    /// ([`LogIn::change_password`]).
    ///
    /// # Panics
    /// If it has been called before.
    pub fn start_without_password(&'static self, random: Random) -> &'static LogIn {
        let memory = self.take();
        self.log_in.init_with(|| LogIn::without_password(memory, random))
    }

    fn take(&'static self) -> LogInMemory {
        LogInMemory {
            sessions: self.sessions.init_with(|| [Session::default(); SESSIONS]),
            failures: self.failures.init_with(|| [FailedLogin::default(); FAILURES]),
            checks: self.checks.init_with(|| from_fn(|_| PasswordCheck::default())),
        }
    }
}

impl Server {
    /// The same server, for those who know the password. [`Server::check_passwords`] has to run, too.
    pub fn with_log_in(self, log_in: &'static LogIn) -> Self {
        Self { log_in: Some(log_in), ..self }
    }

    /// Checks the passwords that are presented, for ever: a little of one at a time, and everybody else has a turn in
    /// between. To be called in a task of its own. Without a log-in it has nothing to do.
    pub async fn check_passwords(self) -> ! {
        match self.log_in {
            Some(log_in) => log_in.check_passwords(now).await,
            None => pending().await,
        }
    }
}
