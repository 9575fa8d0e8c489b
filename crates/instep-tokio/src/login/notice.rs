//! Messages between servers that share a key: a session has ended, or a server has been started with a password.
//!
//! All numbers are hexadecimal digits of a fixed length, so there is one way to write a message.

use super::key::{Purpose, SessionKey};
use instep::login::{SHARED_SESSION_SECONDS, SealedSession};

/// Name of the messages that a session has ended, before its id.
const LOG_OUT: &str = "logout/";
/// Name of the message with the password.
const PASSWORD: &str = "password";

/// Lifetime of a session, in ms.
pub(super) const LIFETIME: u64 = SHARED_SESSION_SECONDS * 1000;

/// Message from one server to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// The session with that id has ended. Its cookie would have been good until it `expires`.
    LogOut { id: u128, expires: u64 },
    /// A server has been started with the password of that tag.
    Password(PasswordNotice),
}

/// Password of a server, and the time of its start, in ms since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PasswordNotice {
    pub(super) since: u64,
    pub(super) tag: u128,
}

impl Notice {
    /// Returns the name and the payload.
    pub(super) fn write(self, key: &SessionKey) -> (String, String) {
        let (name, start, code) = match self {
            Self::LogOut { id, expires } => {
                let parts: [&[u8]; 2] = [&id.to_be_bytes(), &expires.to_be_bytes()];
                let code = key.authenticate(Purpose::LogOut, &parts);
                (format!("{LOG_OUT}{id:032x}"), format!("{expires:016x}"), code)
            }
            Self::Password(PasswordNotice { since, tag }) => {
                let parts: [&[u8]; 2] = [&since.to_be_bytes(), &tag.to_be_bytes()];
                let code = key.authenticate(Purpose::PasswordNotice, &parts);
                (PASSWORD.into(), format!("{since:016x}{tag:032x}"), code)
            }
        };
        let code: String = code.iter().map(|byte| format!("{byte:02x}")).collect();
        (name, start + &code)
    }

    /// Reads a message, if a server with this key has written it.
    pub(super) fn read(name: &str, payload: &[u8], key: &SessionKey) -> Option<Self> {
        let payload = std::str::from_utf8(payload).ok()?;
        if name == PASSWORD {
            let (since, rest) = payload.split_at_checked(16)?;
            // The rest has the form of a cookie with the tag as its id.
            let (tag, code) = rest.split_at_checked(32)?;
            let SealedSession { id: tag, expires: since, seal } =
                SealedSession::parse(&format!("{tag}{since}{code}"))?;
            let parts: [&[u8]; 2] = [&since.to_be_bytes(), &tag.to_be_bytes()];
            let is_ours = key.verifies(Purpose::PasswordNotice, &parts, &seal);
            return is_ours.then_some(Self::Password(PasswordNotice { since, tag }));
        }
        let id = name.strip_prefix(LOG_OUT).filter(|id| id.len() == 32)?;
        let SealedSession { id, expires, seal } = SealedSession::parse(&format!("{id}{payload}"))?;
        let parts: [&[u8]; 2] = [&id.to_be_bytes(), &expires.to_be_bytes()];
        key.verifies(Purpose::LogOut, &parts, &seal).then_some(Self::LogOut { id, expires })
    }

    /// Returns the time from which on the message is of no use, because all sessions before it have expired.
    pub(super) fn expires(self) -> u64 {
        match self {
            Self::LogOut { expires, .. } => expires,
            Self::Password(PasswordNotice { since, .. }) => since.saturating_add(LIFETIME),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTICES: [Notice; 2] = [
        Notice::LogOut { id: 0x5, expires: 0x1234 },
        Notice::Password(PasswordNotice { since: 0x1234, tag: 0x77 }),
    ];

    fn key(digits: &str) -> SessionKey {
        SessionKey::parse(&digits.repeat(32)).unwrap()
    }

    #[test]
    fn message_is_read_as_it_is_written() {
        for notice in NOTICES {
            let (name, payload) = notice.write(&key("0a"));
            assert_eq!(Notice::read(&name, payload.as_bytes(), &key("0a")), Some(notice));
            assert_eq!(Notice::read(&name, payload.as_bytes(), &key("0b")), None, "a foreign key");
        }
        let (name, payload) = NOTICES[0].write(&key("0a"));
        assert_eq!(name, "logout/00000000000000000000000000000005");
        assert!(payload.starts_with("0000000000001234") && payload.len() == 80, "{payload}");
    }

    #[test]
    fn no_changed_byte_passes() {
        for notice in NOTICES {
            let (name, payload) = notice.write(&key("0a"));
            for at in 0..payload.len() {
                let mut changed = payload.clone().into_bytes();
                changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
                assert_eq!(Notice::read(&name, &changed, &key("0a")), None, "{at}");
            }
            for cut in 0..payload.len() {
                assert_eq!(Notice::read(&name, &payload.as_bytes()[..cut], &key("0a")), None, "{cut}");
            }
        }
        let (_, payload) = NOTICES[0].write(&key("0a"));
        for name in
            ["logout", "logout/", "logout/6", "password", "", "logout/0000000000000000000000000000000é"]
        {
            assert_eq!(Notice::read(name, payload.as_bytes(), &key("0a")), None, "{name}");
        }
        assert_eq!(Notice::read("password", b"\xff", &key("0a")), None);
    }
}
