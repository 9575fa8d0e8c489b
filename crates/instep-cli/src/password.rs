//! The password of the device: where it comes from, and who may do without one.

use crate::addresses::Address;
use crate::options::Settings;
use instep::LogIn;
use instep::login::{Password, PasswordError};
use rustix::rand::{GetRandomFlags, getrandom};
use std::path::Path;
use zeroize::Zeroizing;

/// What one guess costs, in rounds of hashing: as many as OWASP asks for with PBKDF2-HMAC-SHA256.
const ROUNDS: u32 = 600_000;
/// No file with a password in it is longer, in bytes.
const FILE_MAX: u64 = 4096;

/// The log-in, if there is a password.
///
/// # Errors
/// A sentence: the password cannot be had, or others can reach the device and nothing says that they may.
pub(crate) fn log_in(settings: &Settings) -> Result<Option<&'static LogIn>, String> {
    let password = match (&settings.password, &settings.password_file) {
        (Some(_), Some(file)) => {
            return Err(format!(
                "there are two passwords, in INSTEP_PASSWORD and in {}: leave out one",
                file.display()
            ));
        }
        (Some(password), None) => Some(password.clone()),
        (None, Some(file)) => Some(read(file)?),
        (None, None) => None,
    };
    let public = settings.addresses.iter().find(|address| !address.socket.ip().is_loopback());
    match (password, settings.open, public) {
        (Some(_), true, _) => Err("a password and --open are opposites: leave out one".into()),
        (Some(password), false, _) => hash(password.as_bytes()).map(Some),
        (None, false, Some(address)) => Err(refuse(*address)),
        (None, _, _) => Ok(None),
    }
}

fn refuse(address: Address) -> String {
    format!(
        "others can reach {address}: set a password, by the variable INSTEP_PASSWORD or the option --password-file, or let everybody in by --open"
    )
}

fn hash(password: &[u8]) -> Result<&'static LogIn, String> {
    let mut salt = [0; 16];
    // If there are none now, there will be none later.
    fill(&mut salt).map_err(|error| format!("the system has no random numbers: {error}"))?;
    let hashed = Password::new(password, salt, ROUNDS).map_err(|error: PasswordError| error.to_string())?;
    Ok(instep_tokio::log_in(hashed, random))
}

fn random(bytes: &mut [u8]) {
    // An id that can be guessed would let anybody in: better not to go on.
    fill(bytes).expect("the system has random numbers, as it had at the start");
}

fn fill(mut bytes: &mut [u8]) -> rustix::io::Result<()> {
    while !bytes.is_empty() {
        let length = rustix::io::retry_on_intr(|| getrandom(&mut *bytes, GetRandomFlags::empty()))?;
        bytes = &mut bytes[length..];
    }
    Ok(())
}

/// Reads the password from a file.
fn read(path: &Path) -> Result<Zeroizing<String>, String> {
    use std::io::Read as _;
    let mut text = Zeroizing::new(Vec::with_capacity(2 * 4096));
    std::fs::File::open(path)
        .and_then(|file| file.take(FILE_MAX + 1).read_to_end(&mut text))
        .map_err(|error| format!("the password file {} cannot be read: {error}", path.display()))?;
    match instep::login::find_password(&text) {
        Ok(password) => Ok(Zeroizing::new(password.into())),
        Err(error) => Err(format!("the password in {} {}", path.display(), error.reason())),
    }
}
