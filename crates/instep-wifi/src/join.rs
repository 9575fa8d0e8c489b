//! The password of a device's own Wi-Fi network, and the join string for a phone.

use core::fmt;
use core::str::FromStr;

/// Unambiguous characters: no 0, 1, i, l, o, and no capitals, because they are hard to type on a phone.
const ALPHABET: &[u8; 31] = b"23456789abcdefghjkmnpqrstuvwxyz";
/// Length of a random password, in characters. 12 characters are 59 bits.
const RANDOM_LENGTH: usize = 12;
/// Maximum length of a WPA passphrase, in bytes (IEEE 802.11 annex J.4.1).
const MAX_BYTES: usize = 63;
/// Minimum length of a WPA passphrase, in bytes.
const MIN_BYTES: usize = 8;

/// Protection of a Wi-Fi network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// A password (WPA).
    Password(Password),
    /// None. The device's own network is open only if its owner has chosen this.
    Open,
}

/// A WPA password: 8 to 63 printable ASCII characters.
///
/// `Debug` prints `***`. Only [`Password::reveal`] returns the text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Password {
    bytes: [u8; MAX_BYTES],
    length: usize,
}

/// Invalid password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordError {
    /// The password is shorter than 8 characters.
    TooShort,
    /// The password is longer than 63 characters.
    TooLong,
    /// The password has a character that is not printable ASCII.
    Character,
}

impl Protection {
    /// Chooses the protection of the device's own network.
    ///
    /// The owner's choice comes first, then the stored password, then a new random password ([`Password::random`]). A new
    /// password is also the second value, and the caller must store it.
    pub fn choose(
        chosen: Option<Self>,
        stored: Option<Password>,
        random: impl FnMut() -> u32,
    ) -> (Self, Option<Password>) {
        match (chosen, stored) {
            (Some(chosen), _) => (chosen, None),
            (None, Some(stored)) => (Self::Password(stored), None),
            (None, None) => {
                let new = Password::random(random);
                (Self::Password(new), Some(new))
            }
        }
    }
}

impl Password {
    /// Generates a password from a cryptographically secure source of random numbers.
    ///
    /// Call it once, at the first start, and store the password.
    pub fn random(mut source: impl FnMut() -> u32) -> Self {
        let mut bytes = [0; MAX_BYTES];
        for letter in &mut bytes[..RANDOM_LENGTH] {
            // The bias is negligible, because 2 to the 32nd is nearly a multiple of 31.
            let i = source() % 31;
            *letter = ALPHABET[i as usize];
        }
        Self { bytes, length: RANDOM_LENGTH }
    }

    /// Returns the text of the password, for the radio, for the storage, and for the serial port at the start.
    pub fn reveal(&self) -> &str {
        // Always valid, because all bytes are ASCII.
        core::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

impl FromStr for Password {
    type Err = PasswordError;

    fn from_str(text: &str) -> Result<Self, PasswordError> {
        if text.bytes().any(|byte| !(b' '..=b'~').contains(&byte)) {
            return Err(PasswordError::Character);
        }
        if text.len() < MIN_BYTES {
            return Err(PasswordError::TooShort);
        }
        let mut bytes = [0; MAX_BYTES];
        bytes.get_mut(..text.len()).ok_or(PasswordError::TooLong)?.copy_from_slice(text.as_bytes());
        Ok(Self { bytes, length: text.len() })
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort => {
                write!(f, "the password of a Wi-Fi network has at least {MIN_BYTES} characters")
            }
            Self::TooLong => write!(f, "the password of a Wi-Fi network has at most {MAX_BYTES} characters"),
            Self::Character => {
                f.write_str("the password of a Wi-Fi network has letters, digits and signs of ASCII only")
            }
        }
    }
}

impl core::error::Error for PasswordError {}

/// Text of a QR code from which a phone joins: `WIFI:T:WPA;S:NAME;P:PASSWORD;;`.
///
/// The format is defined by the Wi-Fi Alliance (WPA3 specification, section 7). The text contains the password, so print
/// it on the serial port only.
#[derive(Clone, Copy)]
pub struct JoinString<'n> {
    /// Name of the network.
    pub network: &'n str,
    /// Protection of the network.
    pub protection: Protection,
}

impl fmt::Display for JoinString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.protection {
            Protection::Password(password) => {
                write!(f, "WIFI:T:WPA;S:{};P:{};;", Escaped(self.network), Escaped(password.reveal()))
            }
            Protection::Open => write!(f, "WIFI:T:nopass;S:{};;", Escaped(self.network)),
        }
    }
}

/// Text with a backslash before each special character of a join string.
struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        for c in self.0.chars() {
            if matches!(c, '\\' | ';' | ',' | ':' | '"') {
                f.write_char('\\')?;
            }
            f.write_char(c)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::{RngAlgorithm, TestRng};
    use std::collections::BTreeSet;
    use std::format;
    use std::string::{String, ToString};

    #[test]
    fn join_string_escapes_special_characters() {
        let join = |network, password: &str| {
            JoinString { network, protection: Protection::Password(password.parse().unwrap()) }.to_string()
        };
        assert_eq!(join("instep-0cde", "b7k2mzr9x4qt"), "WIFI:T:WPA;S:instep-0cde;P:b7k2mzr9x4qt;;");
        // The example of the ZXing project, whose format it was: `"foo;bar\baz"`.
        assert_eq!(
            join("\"foo;bar\\baz\"", "a:b,c;d\\"),
            r#"WIFI:T:WPA;S:\"foo\;bar\\baz\";P:a\:b\,c\;d\\;;"#
        );
        let open = JoinString { network: "lamp", protection: Protection::Open };
        assert_eq!(open.to_string(), "WIFI:T:nopass;S:lamp;;");
    }

    #[test]
    fn password_outside_wpas_limits_is_rejected() {
        for good in ["12345678", "pass word", &"~".repeat(63)] {
            assert_eq!(good.parse::<Password>().unwrap().reveal(), good);
        }
        for (bad, error) in [
            ("", PasswordError::TooShort),
            ("1234567", PasswordError::TooShort),
            (&*"a".repeat(64), PasswordError::TooLong),
            ("pässword", PasswordError::Character),
            ("password\n", PasswordError::Character),
        ] {
            assert_eq!(bad.parse::<Password>(), Err(error));
            assert!(error.to_string().contains("Wi-Fi"));
        }
    }

    #[test]
    fn network_is_open_only_by_choice() {
        let chosen: Password = "chosen by its owner".parse().unwrap();
        let stored: Password = "stored since then".parse().unwrap();
        let mut number = 0;
        let mut random = || {
            number += 1;
            number
        };
        for chosen in [Protection::Password(chosen), Protection::Open] {
            assert_eq!(Protection::choose(Some(chosen), Some(stored), &mut random), (chosen, None));
            assert_eq!(Protection::choose(Some(chosen), None, &mut random), (chosen, None));
        }
        assert_eq!(Protection::choose(None, Some(stored), &mut random), (Protection::Password(stored), None));
        let (protection, new) = Protection::choose(None, None, &mut random);
        assert_eq!(protection, Protection::Password(new.unwrap()));
        assert_ne!(Protection::choose(None, None, &mut random).1, new, "two devices have the same password");
    }

    #[test]
    fn password_is_not_in_debug_output() {
        let password: Password = "12345678".parse().unwrap();
        assert_eq!(format!("{:?} {:?}", password, Protection::Password(password)), "*** Password(***)");
    }

    #[test]
    fn random_password_uses_all_letters_equally() {
        let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut source = || random.random();
        let passwords: BTreeSet<String> =
            (0..1000).map(|_| Password::random(&mut source).reveal().to_string()).collect();
        assert_eq!(passwords.len(), 1000);
        for letter in ALPHABET {
            let times =
                passwords.iter().flat_map(|password| password.bytes()).filter(|b| b == letter).count();
            // The expected number is 387.
            assert!((250..550).contains(&times), "{} {times} times", char::from(*letter));
        }
        for password in &passwords {
            assert_eq!(password.parse::<Password>().unwrap().reveal(), password);
        }
    }

    proptest! {
        #[test]
        fn escaped_password_reads_back(text in "[ -~]{8,63}") {
            let protection = Protection::Password(text.parse().unwrap());
            let joined = JoinString { network: "n", protection }.to_string();
            let rest = joined.strip_prefix("WIFI:T:WPA;S:n;P:").unwrap();
            let (mut read, mut chars) = (String::new(), rest.chars());
            loop {
                match chars.next().unwrap() {
                    ';' => break,
                    '\\' => read.push(chars.next().unwrap()),
                    other => read.push(other),
                }
            }
            prop_assert_eq!((read, chars.as_str()), (text, ";"));
        }
    }
}
