//! A password, kept as a hash that is slow to make: PBKDF2 with HMAC-SHA-256 (RFC 8018 section 5.2). It takes next to
//! no memory, so that a device can do it, and can be done a little at a time, so that a device goes on meanwhile.

use core::fmt;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// The longest password, in bytes.
pub const PASSWORD_MAX: usize = 128;

/// A password, hashed. Nothing shows what it is.
#[derive(Clone)]
pub struct Password {
    salt: [u8; 16],
    rounds: u32,
    hash: [u8; 32],
}

/// Why a text cannot be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordError {
    /// It is empty.
    Empty,
    /// It is longer than [`PASSWORD_MAX`].
    TooLong,
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the password is empty",
            Self::TooLong => "the password is longer than 128 bytes",
        })
    }
}

impl core::error::Error for PasswordError {}

impl Password {
    /// Hashes a password, which takes a while: two blocks of SHA-256 for each round. `salt` is random, and new for
    /// each password; no rounds are as good as one.
    ///
    /// # Errors
    /// If it is empty or longer than [`PASSWORD_MAX`].
    pub fn new(password: &[u8], salt: [u8; 16], rounds: u32) -> Result<Self, PasswordError> {
        if password.is_empty() {
            return Err(PasswordError::Empty);
        }
        if password.len() > PASSWORD_MAX {
            return Err(PasswordError::TooLong);
        }
        let mut hashing = Hashing::new(password, salt, rounds);
        loop {
            if let Some(hash) = hashing.step(u32::MAX) {
                return Ok(Self { salt, rounds, hash });
            }
        }
    }

    /// A password that was hashed before, from its parts as [`Password::to_parts`] gives them: for a device that keeps
    /// them through a restart.
    pub const fn from_parts(salt: [u8; 16], rounds: u32, hash: [u8; 32]) -> Self {
        Self { salt, rounds, hash }
    }

    /// Its salt, rounds and hash.
    pub const fn to_parts(&self) -> ([u8; 16], u32, [u8; 32]) {
        (self.salt, self.rounds, self.hash)
    }

    /// Begins to hash what somebody says is the password.
    pub fn begin(&self, presented: &[u8]) -> Hashing {
        Hashing::new(presented, self.salt, self.rounds)
    }

    /// Whether that is the hash, in a time that does not tell how much of it is right.
    pub fn is(&self, hash: &[u8; 32]) -> bool {
        self.hash.ct_eq(hash).into()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A hash that is being made.
pub struct Hashing {
    mac: Hmac<Sha256>,
    last: [u8; 32],
    sum: [u8; 32],
    /// Rounds that are left.
    left: u32,
}

impl Hashing {
    fn new(password: &[u8], salt: [u8; 16], rounds: u32) -> Self {
        let mac = keyed(password);
        // The first block of the output, which is as long as the hash.
        let last =
            mac.clone().chain_update(salt).chain_update(1u32.to_be_bytes()).finalize().into_bytes().into();
        Self { mac, last, sum: last, left: rounds.saturating_sub(1) }
    }

    /// Goes on for so many rounds. The hash, when there are none left.
    pub fn step(&mut self, rounds: u32) -> Option<[u8; 32]> {
        for _ in 0..rounds.min(self.left) {
            self.last = self.mac.clone().chain_update(self.last).finalize().into_bytes().into();
            for (sum, byte) in self.sum.iter_mut().zip(self.last) {
                *sum ^= byte;
            }
        }
        self.left -= rounds.min(self.left);
        (self.left == 0).then_some(self.sum)
    }
}

impl fmt::Debug for Hashing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hashing").field("left", &self.left).finish_non_exhaustive()
    }
}

/// HMAC-SHA-256 of a password: quick to make, and of use to nobody without the random `key`.
pub fn quick_hash(key: &[u8; 32], password: &[u8]) -> [u8; 32] {
    keyed(key).chain_update(password).finalize().into_bytes().into()
}

/// HMAC-SHA-256 with that key.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    // A key may have any length (RFC 2104).
    Hmac::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    /// Made with Python's `hashlib.pbkdf2_hmac`.
    #[test]
    fn known_hashes() {
        for (password, rounds, expected) in VECTORS {
            let password = Password::new(password, *b"sixteen bytes ok", rounds).unwrap();
            let hash: std::string::String =
                password.to_parts().2.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hash, expected);
        }
    }

    #[test]
    fn the_right_one_is_told_from_others_in_steps_of_any_size() {
        let password = Password::new(b"open sesame", [7; 16], 100).unwrap();
        for step in [1, 7, 99, 1000] {
            for (presented, right) in [(&b"open sesame"[..], true), (b"open sesamf", false), (b"", false)] {
                let mut hashing = password.begin(presented);
                let hash = loop {
                    if let Some(hash) = hashing.step(step) {
                        break hash;
                    }
                };
                assert_eq!(password.is(&hash), right);
            }
        }
        let (salt, rounds, hash) = password.to_parts();
        assert!(Password::from_parts(salt, rounds, hash).is(&hash));
        assert_eq!(format!("{password:?}"), "***");
    }

    #[test]
    fn what_cannot_be_a_password() {
        assert_eq!(Password::new(b"", [0; 16], 1).unwrap_err(), PasswordError::Empty);
        assert!(Password::new(&[b'x'; 128], [0; 16], 1).is_ok());
        assert_eq!(Password::new(&[b'x'; 129], [0; 16], 1).unwrap_err(), PasswordError::TooLong);
    }
    const VECTORS: [(&[u8], u32, &str); 4] = [
        (b"open sesame", 1, "84582f3e653a23933755aef6b638a33cc67aa619f16f5a992060e7b0cad0cc91"),
        (b"open sesame", 2, "12ebf3a48cfc53470abf1093a2183aea86b2188e3ea17c67450dedd83bbcc614"),
        (b"open sesame", 4096, "654787c0c66e1c89421732c6895793a8da226208c10795eb7ea2de68591808ff"),
        (&[b'x'; 100], 3, "c4b933cb5ef549bece99749043ff9471eacd655d60cdb852765d40b0f89ea964"),
    ];
}
