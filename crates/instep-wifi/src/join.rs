//! The password of a device's own Wi-Fi network, and the text from which a phone joins it.

use core::fmt;
use core::str::FromStr;

/// Letters and digits that nobody takes for another: no 0, 1, i, l, o, and no capitals, which phones make hard to type.
const ALPHABET: &[u8; 31] = b"23456789abcdefghjkmnpqrstuvwxyz";
/// Of a random password: 12 letters are 59 bits.
const RANDOM_LENGTH: usize = 12;
/// Of a passphrase of WPA (IEEE 802.11 annex J.4.1).
const MAX: usize = 63;
const MIN: usize = 8;

/// How somebody gets into the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// With a password (WPA).
    Password(Password),
    /// Anybody does. Only if the device's owner has said so.
    Open,
}

/// A password for WPA: 8 to 63 printable ASCII characters. It shows itself only where it is asked to, and never when it
/// is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Password {
    bytes: [u8; MAX],
    length: usize,
}

/// Why a text is no password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordError {
    /// It is shorter than 8 characters.
    TooShort,
    /// It is longer than 63 characters.
    TooLong,
    /// A character in it is not printable ASCII.
    Character,
}

impl Protection {
    /// How a device protects its network: as its owner says, else by the password that it keeps, else by a new one from a
    /// source of random numbers ([`Password::random`]). What comes second is that new one, to be kept.
    pub fn choose(
        said: Option<Self>,
        kept: Option<Password>,
        random: impl FnMut() -> u32,
    ) -> (Self, Option<Password>) {
        match (said, kept) {
            (Some(said), _) => (said, None),
            (None, Some(kept)) => (Self::Password(kept), None),
            (None, None) => {
                let made = Password::random(random);
                (Self::Password(made), Some(made))
            }
        }
    }
}

impl Password {
    /// A password for a device that has none, from a source of random numbers that nobody can guess: call it once, at the
    /// first start, and keep what comes.
    pub fn random(mut source: impl FnMut() -> u32) -> Self {
        let mut bytes = [0; MAX];
        for letter in &mut bytes[..RANDOM_LENGTH] {
            // 2 to the 32nd is no multiple of 31, but nearly.
            let at = source() % 31;
            *letter = ALPHABET[at as usize];
        }
        Self { bytes, length: RANDOM_LENGTH }
    }

    /// The password itself, for the radio, for keeping it, and for the serial port at the start.
    pub fn reveal(&self) -> &str {
        // Only ASCII gets in.
        core::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

impl FromStr for Password {
    type Err = PasswordError;

    fn from_str(text: &str) -> Result<Self, PasswordError> {
        if text.bytes().any(|byte| !(b' '..=b'~').contains(&byte)) {
            return Err(PasswordError::Character);
        }
        if text.len() < MIN {
            return Err(PasswordError::TooShort);
        }
        let mut bytes = [0; MAX];
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
            Self::TooShort => write!(f, "the password of a Wi-Fi network has at least {MIN} characters"),
            Self::TooLong => write!(f, "the password of a Wi-Fi network has at most {MAX} characters"),
            Self::Character => {
                f.write_str("the password of a Wi-Fi network has letters, digits and signs of ASCII only")
            }
        }
    }
}

impl core::error::Error for PasswordError {}

/// The text of a QR code from which a phone joins: `WIFI:T:WPA;S:NAME;P:PASSWORD;;` (Wi-Fi Alliance, WPA3 specification
/// section 7). It is made of the password: print it on the serial port and nowhere else.
#[derive(Clone, Copy)]
pub struct JoinString<'n> {
    /// The network's name.
    pub network: &'n str,
    /// How to get into it.
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

/// Text with a backslash before each sign that means something in a join string.
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
    fn what_a_phone_reads_from_the_code() {
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
    fn passwords_as_long_as_wpa_allows() {
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
    fn a_network_is_open_only_if_that_is_said() {
        let said: Password = "said by its owner".parse().unwrap();
        let kept: Password = "kept since then".parse().unwrap();
        let mut number = 0;
        let mut random = || {
            number += 1;
            number
        };
        for said in [Protection::Password(said), Protection::Open] {
            assert_eq!(Protection::choose(Some(said), Some(kept), &mut random), (said, None));
            assert_eq!(Protection::choose(Some(said), None, &mut random), (said, None));
        }
        assert_eq!(Protection::choose(None, Some(kept), &mut random), (Protection::Password(kept), None));
        let (protection, made) = Protection::choose(None, None, &mut random);
        assert_eq!(protection, Protection::Password(made.unwrap()));
        assert_ne!(Protection::choose(None, None, &mut random).1, made, "another device has another one");
    }

    #[test]
    fn a_password_is_never_printed_by_accident() {
        let password: Password = "12345678".parse().unwrap();
        assert_eq!(format!("{:?} {:?}", password, Protection::Password(password)), "*** Password(***)");
    }

    #[test]
    fn random_passwords_use_every_letter_equally() {
        let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut source = || random.random();
        let passwords: BTreeSet<String> =
            (0..1000).map(|_| Password::random(&mut source).reveal().to_string()).collect();
        assert_eq!(passwords.len(), 1000);
        for letter in ALPHABET {
            let times =
                passwords.iter().flat_map(|password| password.bytes()).filter(|b| b == letter).count();
            // 387 are to be expected.
            assert!((250..550).contains(&times), "{} {times} times", char::from(*letter));
        }
        for password in &passwords {
            assert_eq!(password.parse::<Password>().unwrap().reveal(), password);
        }
    }

    proptest! {
        #[test]
        fn what_is_escaped_is_read_as_it_was(text in "[ -~]{8,63}") {
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
