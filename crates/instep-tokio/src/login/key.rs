//! Key that servers share, and what is authenticated with it.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// Length of a key, in bytes.
const KEY_LENGTH: usize = 32;

/// Key that servers share, so that a session of one holds at all of them.
///
/// `Debug` does not show it.
#[derive(Clone)]
pub struct SessionKey(Zeroizing<[u8; KEY_LENGTH]>);

/// Purpose of an authentication code. A code for one purpose is of no use for another.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// The salt of the password's hash.
    Salt,
    /// The password that a server asks for.
    Password,
    /// The cookie of a session.
    Session,
    /// The message that a session has ended.
    LogOut,
    /// The message that a server has been started with a password.
    PasswordNotice,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Salt => b"instep salt 1\0",
            Self::Password => b"instep password 1\0",
            Self::Session => b"instep session 1\0",
            Self::LogOut => b"instep logout 1\0",
            Self::PasswordNotice => b"instep password notice 1\0",
        }
    }
}

impl SessionKey {
    /// Reads a key from the text of its file: 64 hexadecimal digits and perhaps a line end.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_end_matches(['\r', '\n']);
        let mut key = Zeroizing::new([0; KEY_LENGTH]);
        if text.len() != 2 * KEY_LENGTH || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        for (byte, at) in key.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
        }
        Some(Self(key))
    }

    /// Returns the salt for the hash of the password, which is the same at all servers with this key.
    pub fn salt(&self) -> [u8; 16] {
        let code = self.authenticate(Purpose::Salt, &[]);
        std::array::from_fn(|at| code[at])
    }

    /// Returns the authentication code of these parts, each of which has a fixed length.
    pub(super) fn authenticate(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; 32] {
        self.mac(purpose, parts).finalize().into_bytes().into()
    }

    /// Checks the authentication code of these parts, in constant time.
    pub(super) fn verifies(&self, purpose: Purpose, parts: &[&[u8]], code: &[u8; 32]) -> bool {
        self.mac(purpose, parts).verify_slice(code).is_ok()
    }

    fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = Hmac::new_from_slice(self.0.as_slice()).expect("a key may have any length (RFC 2104)");
        mac.update(purpose.label());
        parts.iter().for_each(|part| mac.update(part));
        mac
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_64_digits_are_a_key() {
        let digits = "0123456789abcdefABCDEF".repeat(3)[..64].to_owned();
        for text in [digits.clone(), digits.clone() + "\n", digits.clone() + "\r\n"] {
            assert!(SessionKey::parse(&text).is_some(), "{text:?}");
        }
        for wrong in [
            "",
            "\n",
            &digits[1..],
            &(digits.clone() + "0"),
            &digits.replace('0', "g"),
            &digits.replace("01", "é"),
        ] {
            assert!(SessionKey::parse(wrong).is_none(), "{wrong:?}");
        }
        assert_eq!(format!("{:?}", SessionKey::parse(&digits)), "Some(***)");
    }

    #[test]
    fn code_holds_for_its_purpose_key_and_parts_alone() {
        let [one, other] = ["0a", "0b"].map(|digits| SessionKey::parse(&digits.repeat(32)).unwrap());
        let code = one.authenticate(Purpose::Session, &[b"id", b"time"]);
        assert!(one.verifies(Purpose::Session, &[b"id", b"time"], &code));
        assert!(!one.verifies(Purpose::LogOut, &[b"id", b"time"], &code));
        assert!(!one.verifies(Purpose::Session, &[b"id", b"timf"], &code));
        assert!(!other.verifies(Purpose::Session, &[b"id", b"time"], &code));
        assert_ne!(one.salt(), other.salt());
    }
}
