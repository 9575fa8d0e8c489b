//! The log-in on Linux: its memory, and a thread that hashes.

use crate::clock::now;
use instep::LogIn;
use instep::login::{FailedLogin, LogInMemory, Password, PasswordCheck, Random, Session};
use tokio::sync::watch;

/// Browsers that are logged in at once.
const SESSIONS: usize = 64;
/// Networks whose wrong passwords are counted.
const FAILURES: usize = 1024;
/// Passwords that wait to be checked.
const CHECKS: usize = 16;

/// A log-in with room for 64 browsers, and for the wrong passwords of 1,024 networks. It lives as long as the process.
pub fn log_in(password: Password, random: Random) -> &'static LogIn {
    let memory = LogInMemory {
        sessions: vec![Session::default(); SESSIONS].leak(),
        failures: vec![FailedLogin::default(); FAILURES].leak(),
        checks: (0..CHECKS).map(|_| PasswordCheck::default()).collect::<Vec<_>>().leak(),
    };
    Box::leak(Box::new(LogIn::new(memory, password, random)))
}

/// Checks passwords on a thread of its own until the server stops.
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
