//! Log-in on Linux: its memory, the thread that hashes passwords, and sessions that several servers share.

mod ended;
mod key;
mod notice;
mod sealed;

pub use key::SessionKey;
pub use sealed::SealedSessions;

use crate::clock::now;
use instep::LogIn;
use instep::login::{FailedLogin, LogInMemory, Password, PasswordCheck, Random, Session};
use tokio::sync::watch;

/// Maximum sessions.
const SESSIONS_MAX: usize = 64;
/// Maximum client prefixes (IPv4 address or /64) with counted failures.
const FAILURES_MAX: usize = 1024;
/// Maximum passwords that wait to be checked.
const CHECKS_MAX: usize = 16;

/// Creates a log-in for 64 sessions and the failures of 1,024 client prefixes.
///
/// The log-in lives as long as the process.
pub fn log_in(password: Password, random: Random) -> &'static LogIn {
    Box::leak(Box::new(LogIn::new(memory(), password, random)))
}

/// Creates a log-in whose sessions hold at all servers with the same key and password.
///
/// It counts failures as [`log_in`] does.
pub fn shared_log_in(
    password: Password,
    random: Random,
    sessions: &'static SealedSessions,
) -> &'static LogIn {
    Box::leak(Box::new(LogIn::new(memory(), password, random).with_shared_sessions(sessions)))
}

fn memory() -> LogInMemory {
    LogInMemory {
        sessions: vec![Session::default(); SESSIONS_MAX].leak(),
        failures: vec![FailedLogin::default(); FAILURES_MAX].leak(),
        checks: (0..CHECKS_MAX).map(|_| PasswordCheck::default()).collect::<Vec<_>>().leak(),
    }
}

/// Starts a thread that checks passwords until the server stops.
pub(crate) fn check_passwords(
    log_in: &'static LogIn,
    epoch: tokio::time::Instant,
    mut stopped: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let check = async move {
        tokio::select! {
            never = log_in.check_passwords(|| now(epoch)) => never,
            _ = stopped.changed() => {}
        }
    };
    std::thread::Builder::new().name("passwords".into()).spawn(move || runtime.block_on(check))?;
    Ok(())
}
