//! The source of the password, and the check that a public address has one.

use crate::addresses::Address;
use crate::options::Settings;
use crate::session_key;
use instep::LogIn;
use instep::login::{Password, PasswordError};
use instep_tokio::{SealedSessions, SessionKey};
use rustix::rand::{GetRandomFlags, getrandom};
use std::path::Path;
use zeroize::Zeroizing;

/// Iterations of PBKDF2-HMAC-SHA256, as OWASP recommends.
const ROUNDS: u32 = 600_000;
/// Maximum length of a password file, in bytes.
const MAX_FILE_BYTES: u64 = 4096;

/// Log-in of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guard {
    pub(crate) log_in: &'static LogIn,
    /// Sessions that hold at other servers, too, if there is a key for them.
    pub(crate) sessions: Option<&'static SealedSessions>,
}

/// Returns the log-in, if a password is set.
///
/// # Errors
/// A sentence, if the password or the session key cannot be read, or if a public address has neither a password nor `--open`.
pub(crate) fn log_in(settings: &Settings) -> Result<Option<Guard>, String> {
    let password = match (&settings.password, &settings.password_file) {
        (Some(_), Some(file)) => {
            return Err(format!(
                "there are two passwords, in INSTEP_PASSWORD and in {}; leave out one",
                file.display()
            ));
        }
        (Some(password), None) => Some(password.clone()),
        (None, Some(file)) => Some(read_password_file(file)?),
        (None, None) => None,
    };
    let public = settings.addresses.iter().find(|address| !address.socket.ip().is_loopback());
    match (password, settings.open, public) {
        (Some(_), true, _) => Err("a password and --open exclude each other; leave out one".into()),
        (Some(password), false, _) => {
            let key = settings.session_key_file.as_deref().map(session_key::read).transpose()?;
            hash(password.as_bytes(), key).map(Some)
        }
        (None, ..) if settings.session_key_file.is_some() => {
            Err("--session-key-file needs a password; set one by INSTEP_PASSWORD or --password-file FILE"
                .into())
        }
        (None, false, Some(address)) => Err(refuse(*address)),
        (None, _, _) => Ok(None),
    }
}

fn refuse(address: Address) -> String {
    format!(
        "cannot serve {address}: other machines can reach it; set a password by INSTEP_PASSWORD or --password-file FILE, or add --open to let everyone use the device"
    )
}

fn hash(password: &[u8], key: Option<SessionKey>) -> Result<Guard, String> {
    let mut salt = [0; 16];
    // A failure ends the program at its start, and not at the first log-in.
    fill(&mut salt).map_err(|error| format!("cannot get random numbers: {error}"))?;
    let salt = key.as_ref().map_or(salt, SessionKey::salt);
    let hashed = Password::new(password, salt, ROUNDS).map_err(|error: PasswordError| error.to_string())?;
    let Some(key) = key else {
        return Ok(Guard { log_in: instep_tokio::log_in(hashed, random), sessions: None });
    };
    let sessions = Box::leak(Box::new(SealedSessions::new(key, &hashed)));
    let log_in = instep_tokio::shared_log_in(hashed, random, sessions);
    Ok(Guard { log_in, sessions: Some(sessions) })
}

fn random(bytes: &mut [u8]) {
    // A predictable session id would let anyone log in, so the program ends.
    fill(bytes).expect("getrandom fails after it worked at start");
}

fn fill(mut bytes: &mut [u8]) -> rustix::io::Result<()> {
    while !bytes.is_empty() {
        let length = rustix::io::retry_on_intr(|| getrandom(&mut *bytes, GetRandomFlags::empty()))?;
        bytes = &mut bytes[length..];
    }
    Ok(())
}

/// Reads a password from a file, as `--password-file` does.
///
/// # Errors
/// A sentence, if the file cannot be read or has no password in it.
pub fn read_password_file(path: &Path) -> Result<Zeroizing<String>, String> {
    use std::io::Read as _;
    let mut text = Zeroizing::new(Vec::with_capacity(2 * 4096));
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut text))
        .map_err(|error| format!("cannot read the password file {}: {error}", path.display()))?;
    match instep::login::find_password(&text) {
        Ok(password) => Ok(Zeroizing::new(password.into())),
        Err(error) => Err(format!("the password in {} {}", path.display(), error.reason())),
    }
}
