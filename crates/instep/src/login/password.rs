//! Passwords and their slow hash, PBKDF2 with HMAC-SHA-256 (RFC 8018 section 5.2).
//!
//! PBKDF2 needs little memory, and is computed here in steps, so a microcontroller can serve clients meanwhile.

use core::fmt;
use hmac::{Hmac, KeyInit as _, Mac as _};
use instep_proto::texts;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// Maximum length of a password, in bytes.
pub const PASSWORD_MAX: usize = 128;
/// Byte order mark, which some editors put before a text.
const MARK: char = '\u{feff}';
/// Maximum length of a password's text, in bytes.
///
/// The text may have a byte order mark before the password and a line end after it.
const TEXT_MAX: usize = MARK.len_utf8() + PASSWORD_MAX + 2;

/// Hash of a password, with its salt and rounds. `Debug` shows none of them.
#[derive(Clone)]
pub struct Password {
    salt: [u8; 16],
    rounds: u32,
    hash: [u8; 32],
}

texts! {
    /// Reason why a text cannot be a password.
    #[non_exhaustive]
    pub enum PasswordError {
        /// The password is empty.
        Empty = "is empty; it must have 1 to 128 bytes",
        /// The password is longer than [`PASSWORD_MAX`].
        TooLong = "is longer than 128 bytes",
        /// The password is not UTF-8, the encoding that browsers send.
        Encoding = "is not text in UTF-8",
        /// The password has a second line.
        Lines = "has more than one line",
        /// The password has a control character, which the field of the log-in page does not accept.
        Character = "has a control character, which a log-in page does not accept",
    }
    /// Returns the reason, as the rest of a sentence that begins with "the password".
    fn reason
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the password ")?;
        f.write_str(self.reason())
    }
}

impl core::error::Error for PasswordError {}

/// Finds the password in the text of a file, a variable or a form.
///
/// A byte order mark before the password and line ends after it are not part of the password. The log-in page of a browser can
/// send the result.
///
/// # Errors
/// If the text is no password that can be sent; [`PasswordError`] has the reasons.
pub fn find_password(text: &[u8]) -> Result<&str, PasswordError> {
    let text = match core::str::from_utf8(text) {
        Ok(text) => text,
        // The text is too long and was cut within a character.
        Err(error) if error.error_len().is_none() && text.len() > TEXT_MAX => {
            return Err(PasswordError::TooLong);
        }
        Err(_) => return Err(PasswordError::Encoding),
    };
    let text = text.strip_prefix(MARK).unwrap_or(text).trim_end_matches(['\r', '\n']);
    for character in text.chars() {
        match character {
            '\r' | '\n' => return Err(PasswordError::Lines),
            // U+FFFD is left by a conversion from a wrong encoding.
            MARK | '\u{fffd}' => return Err(PasswordError::Encoding),
            _ if character.is_control() => return Err(PasswordError::Character),
            _ => {}
        }
    }
    match text.len() {
        0 => Err(PasswordError::Empty),
        1..=PASSWORD_MAX => Ok(text),
        _ => Err(PasswordError::TooLong),
    }
}

impl Password {
    /// Hashes the password that [`find_password`] finds in `password`.
    ///
    /// This blocks for two blocks of SHA-256 for each round. `salt` must be random and new for each password. 0 rounds count as 1.
    ///
    /// # Errors
    /// As [`find_password`].
    pub fn new(password: &[u8], salt: [u8; 16], rounds: u32) -> Result<Self, PasswordError> {
        let password = find_password(password)?.as_bytes();
        let mut hashing = Hashing::new(password, salt, rounds);
        loop {
            if let Some(hash) = hashing.step(u32::MAX) {
                return Ok(Self { salt, rounds, hash });
            }
        }
    }

    /// Creates a password from the parts that [`Password::to_parts`] returned.
    pub const fn from_parts(salt: [u8; 16], rounds: u32, hash: [u8; 32]) -> Self {
        Self { salt, rounds, hash }
    }

    /// Returns the salt, the rounds and the hash.
    pub const fn to_parts(&self) -> ([u8; 16], u32, [u8; 32]) {
        (self.salt, self.rounds, self.hash)
    }

    /// Begins to hash a candidate for the password.
    pub fn begin(&self, presented: &[u8]) -> Hashing {
        Hashing::new(presented, self.salt, self.rounds)
    }

    /// Compares a hash with that of the password, in constant time.
    pub fn is(&self, hash: &[u8; 32]) -> bool {
        self.hash.ct_eq(hash).into()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Computation of a hash, in steps.
pub struct Hashing {
    mac: Hmac<Sha256>,
    last: [u8; 32],
    sum: [u8; 32],
    /// The remaining rounds.
    left: u32,
}

impl Hashing {
    fn new(password: &[u8], salt: [u8; 16], rounds: u32) -> Self {
        let mac = keyed(password);
        // Only the first block of the output is needed, because it is as long as the hash.
        let last =
            mac.clone().chain_update(salt).chain_update(1u32.to_be_bytes()).finalize().into_bytes().into();
        Self { mac, last, sum: last, left: rounds.saturating_sub(1) }
    }

    /// Computes at most that many rounds. Returns the hash after the last one.
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

/// Returns the HMAC-SHA-256 of a password.
///
/// The hash is fast. Without the random `key`, it cannot be used to guess the password.
pub fn keyed_hash(key: &[u8; 32], password: &[u8]) -> [u8; 32] {
    keyed(key).chain_update(password).finalize().into_bytes().into()
}

/// Returns HMAC-SHA-256 with that key.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    // Cannot fail, because a key may have any length (RFC 2104).
    Hmac::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    /// The expected hashes are from Python's `hashlib.pbkdf2_hmac`.
    #[test]
    fn known_passwords_have_known_hashes() {
        for (password, rounds, expected) in VECTORS {
            let password = Password::new(password, *b"sixteen bytes ok", rounds).unwrap();
            let hash: std::string::String =
                password.to_parts().2.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hash, expected);
        }
    }

    #[test]
    fn hash_in_steps_of_any_size_accepts_only_the_password() {
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
    fn empty_or_long_password_is_rejected() {
        assert_eq!(Password::new(b"", [0; 16], 1).unwrap_err(), PasswordError::Empty);
        assert!(Password::new(&[b'x'; 128], [0; 16], 1).is_ok());
        assert_eq!(Password::new(&[b'x'; 129], [0; 16], 1).unwrap_err(), PasswordError::TooLong);
    }

    #[test]
    fn byte_order_mark_and_line_ends_are_stripped() {
        for (text, meant) in [
            (&b"geheim"[..], "geheim"),
            (b"\xef\xbb\xbfgeheim\r\n", "geheim"),
            (b"geheim\n", "geheim"),
            (b"geheim\r", "geheim"),
            (b"geheim\n\n", "geheim"),
            (b" ge heim \n", " ge heim "),
            ("öpen 🔑 é".as_bytes(), "öpen 🔑 é"),
        ] {
            assert_eq!(find_password(text), Ok(meant), "{text:?}");
        }
        let longest = [b"\xef\xbb\xbf", &[b'x'; 128][..], b"\r\n"].concat();
        assert_eq!(find_password(&longest).unwrap().len(), 128);
        let hash = |text: &[u8]| Password::new(text, [7; 16], 1).unwrap().to_parts().2;
        assert_eq!(hash(b"\xef\xbb\xbfgeheim\n"), hash(b"geheim"));
    }

    #[test]
    fn unenterable_password_is_rejected() {
        use PasswordError::{Character, Empty, Encoding, Lines, TooLong};
        for (text, error) in [
            (&b"\n"[..], Empty),
            (b"\xef\xbb\xbf", Empty),
            (b"\xef\xbb\xbf\r\n", Empty),
            (b"k\xfc\n", Encoding),
            (b"\xff\xfeg\0e\0", Encoding),
            (b"\xfe\xff\0g\0e", Encoding),
            ("k\u{fffd}".as_bytes(), Encoding),
            ("a\u{feff}b".as_bytes(), Encoding),
            (b"g\0e\0", Character),
            (b"tab\there", Character),
            (b"\x1b[A", Character),
            (b"\x7f", Character),
            ("a\u{85}b".as_bytes(), Character),
            (b"a\nb\n", Lines),
            (b"a\rb", Lines),
            (b"\na", Lines),
            (&[b'x'; 129], TooLong),
            (&"ü".repeat(100).as_bytes()[..199], TooLong),
            (&"ü".repeat(60).as_bytes()[..119], Encoding),
        ] {
            assert_eq!(find_password(text), Err(error), "{text:?}");
            assert_eq!(Password::new(text, [0; 16], 1).unwrap_err(), error, "{text:?}");
            let text = format!("{error}");
            assert!(text.starts_with("the password ") && !text.contains('\n'), "{text}");
        }
    }

    const VECTORS: [(&[u8], u32, &str); 4] = [
        (b"open sesame", 1, "84582f3e653a23933755aef6b638a33cc67aa619f16f5a992060e7b0cad0cc91"),
        (b"open sesame", 2, "12ebf3a48cfc53470abf1093a2183aea86b2188e3ea17c67450dedd83bbcc614"),
        (b"open sesame", 4096, "654787c0c66e1c89421732c6895793a8da226208c10795eb7ea2de68591808ff"),
        (&[b'x'; 100], 3, "c4b933cb5ef549bece99749043ff9471eacd655d60cdb852765d40b0f89ea964"),
    ];
}
