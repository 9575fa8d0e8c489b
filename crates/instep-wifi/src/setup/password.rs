//! The password of a device, which is set on its page once and stored as a hash.

use super::provisioning::SetUp;
use embassy_futures::yield_now;
use instep::Device;
use instep::login::{Password, Random};
use instep_settings::{PasswordHash, Settings};

/// Iterations of the hash, which take about 1 s on a chip with 160 MHz.
pub const ROUNDS: u32 = 10_000;
/// Iterations after which the task yields.
const ROUNDS_PER_STEP: u32 = 64;

/// Returns the password in the settings, if any.
pub fn kept_password(settings: &Settings) -> Option<Password> {
    let kept = settings.log_in()?;
    let (salt, rest) = kept.reveal().split_first_chunk()?;
    let (rounds, hash) = rest.split_first_chunk()?;
    Some(Password::from_parts(*salt, u32::from_le_bytes(*rounds), hash.try_into().ok()?))
}

/// Returns a password as the settings store it, also for [`Build::log_in`](instep_settings::Build).
///
/// The salt of a build-time password must be the same at each start.
pub fn stored(password: &Password) -> PasswordHash {
    let (salt, rounds, hash) = password.to_parts();
    let mut bytes = [0; 52];
    bytes[..16].copy_from_slice(&salt);
    bytes[16..20].copy_from_slice(&rounds.to_le_bytes());
    bytes[20..].copy_from_slice(&hash);
    match PasswordHash::new(&bytes) {
        Ok(hash) => hash,
        Err(_) => unreachable!("52 bytes exceed the maximum of a hash"),
    }
}

impl SetUp {
    /// Sets passwords from the page, and never returns. Run it in its own task.
    ///
    /// Once a password is set, clients that connected without it are closed with 1008.
    pub async fn set_passwords(&self, device: &Device, random: Random) -> ! {
        loop {
            self.password.wait().await;
            let Some(text) = self.with(|state| state.new_password.take()) else { continue };
            let mut salt = [0; 16];
            random(&mut salt);
            let mut hashing = Password::from_parts(salt, ROUNDS, [0; 32]).begin(text.bytes());
            let hash = loop {
                if let Some(hash) = hashing.step(ROUNDS_PER_STEP) {
                    break hash;
                }
                yield_now().await;
            };
            let password = Password::from_parts(salt, ROUNDS, hash);
            self.settings.set_log_in(Some(stored(&password)));
            self.log_in.change_password(password, device);
            // Removes `instep::access::OPEN_TO_EVERYONE` from the application's page.
            device.set_page_value("ACCESS", "");
            let kept = self.save().await;
            self.with(|state| {
                state.sets_password = false;
                state.said = Some(if kept {
                    "The password is set: from now on it is asked for."
                } else {
                    "The password is set, but it could not be kept: it is forgotten at the next start."
                });
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_password_is_restored() {
        let hash = |password: &[u8], salt| Password::new(password, salt, ROUNDS).map(|new| stored(&new));
        let settings = Settings::new();
        assert!(kept_password(&settings).is_none());
        settings.set_log_in(Some(hash(b"open sesame", [7; 16]).unwrap()));
        let kept = kept_password(&settings).unwrap();
        let presented = |text: &[u8]| kept.begin(text).step(u32::MAX).unwrap();
        assert!(kept.is(&presented(b"open sesame")) && !kept.is(&presented(b"open")));
        assert_eq!(
            hash(b"x", [1; 16]).unwrap(),
            hash(b"x", [1; 16]).unwrap(),
            "the hash of a build-time password differs between starts"
        );
        assert!(hash(b"", [1; 16]).is_err());
        settings.set_log_in(Some(PasswordHash::new(b"of some other kind").unwrap()));
        assert!(kept_password(&settings).is_none());
    }
}
