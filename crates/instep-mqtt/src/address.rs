//! Address of a broker.

use crate::id::check_prefix;
use core::fmt::{self, Display};
use instep_proto::texts;

/// Ports without and with TLS.
const PORTS: [u16; 2] = [1883, 8883];
/// Prefix of the topics, unless another one is set.
const PREFIX: &str = "instep";

/// Address of a broker, with the prefix of the topics there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerAddress<'a> {
    /// Whether the connection is encrypted by TLS.
    pub secure: bool,
    /// The user name at the broker.
    pub user: Option<&'a str>,
    /// The name or the IP address of the broker's host.
    pub host: &'a str,
    /// The TCP port.
    pub port: u16,
    /// The beginning of all topics.
    pub prefix: &'a str,
}

texts! {
    /// Error in the address of a broker: the rest of a sentence that begins with the text.
    pub enum AddressError: Error {
        /// Text that is no address of a broker.
        Form = "is not the address of a broker, such as mqtt://broker.local, mqtts://user@broker.example:8883 or \
            mqtt://[::1]:1883/house",
        /// Another scheme.
        Scheme = "begins with neither mqtt:// nor mqtts://",
        /// TLS, where there is none.
        Secure = "begins with mqtts://, but a device has no TLS; use mqtt:// with a broker in the same network",
        /// IPv6, where there is none.
        Ipv6 = "has an IPv6 address, but a device has IPv4 only; use a name or an IPv4 address",
        /// A password within the address.
        Password = "has a password, which others could read; leave it out, and set INSTEP_MQTT_PASSWORD",
        /// No usable port.
        Port = "has no port from 1 to 65535",
        /// A prefix that is no beginning of a topic.
        Prefix = "has no prefix of topics at its end: a prefix has 1 to 64 bytes, no + and no #, and neither begins nor ends \
            with /",
    }
}

impl<'a> BrokerAddress<'a> {
    /// Parses `mqtt[s]://[user@]host[:port][/prefix]`.
    ///
    /// # Errors
    /// If the text is no such address, or has a password.
    pub fn parse(text: &'a str) -> Result<Self, AddressError> {
        let (scheme, rest) = split_once(text, b':').ok_or(AddressError::Form)?;
        let rest = rest.strip_prefix("//").ok_or(AddressError::Form)?;
        // A log that prints the address has one line for it.
        if text.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(AddressError::Form);
        }
        let secure = scheme.eq_ignore_ascii_case("mqtts");
        if !secure && !scheme.eq_ignore_ascii_case("mqtt") {
            return Err(AddressError::Scheme);
        }
        let (authority, path) = split_once(rest, b'/').unwrap_or((rest, ""));
        let at = authority.bytes().rposition(|byte| byte == b'@');
        let (user, host) = match at.and_then(|at| split_at(authority, at)) {
            Some((user, _)) if split_once(user, b':').is_some() => return Err(AddressError::Password),
            Some((user, host)) => (Some(user).filter(|user| !user.is_empty()), host),
            None => (None, authority),
        };
        let (host, port) = match host.strip_prefix('[') {
            Some(rest) => match split_once(rest, b']').ok_or(AddressError::Form)? {
                (host, "") => (host, None),
                (host, port) => (host, Some(port.strip_prefix(':').ok_or(AddressError::Form)?)),
            },
            None => match split_once(host, b':') {
                Some((host, port)) => (host, Some(port)),
                None => (host, None),
            },
        };
        let port = match port {
            Some(port) => read_port(port).ok_or(AddressError::Port)?,
            None if secure => PORTS[1],
            None => PORTS[0],
        };
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:%".contains(&byte);
        if host.is_empty() || !host.bytes().all(allowed) {
            return Err(AddressError::Form);
        }
        let mut path = path;
        while let Some(shorter) = path.strip_suffix('/') {
            path = shorter;
        }
        let prefix = if path.is_empty() { PREFIX } else { path };
        check_prefix(prefix).map_err(|_| AddressError::Prefix)?;
        Ok(Self { secure, user, host, port, prefix })
    }

    /// Parses an address for a device without TLS and IPv6.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and if the address begins with `mqtts://` or has an IPv6 address.
    pub fn parse_for_device(text: &'a str) -> Result<Self, AddressError> {
        let address = Self::parse(text)?;
        match address {
            Self { secure: true, .. } => Err(AddressError::Secure),
            Self { host, .. } if split_once(host, b':').is_some() => Err(AddressError::Ipv6),
            _ => Ok(address),
        }
    }
}

/// Splits a text at the first separator, which is ASCII.
// By bytes, because the search for characters takes more flash. Not inlined, because it is called at several places.
#[inline(never)]
pub(crate) fn split_once(text: &str, separator: u8) -> Option<(&str, &str)> {
    split_at(text, text.bytes().position(|byte| byte == separator)?)
}

/// Splits a text at a separator of one byte.
fn split_at(text: &str, at: usize) -> Option<(&str, &str)> {
    let (before, rest) = text.split_at_checked(at)?;
    Some((before, rest.get(1..)?))
}

fn read_port(text: &str) -> Option<u16> {
    let port = text.bytes().try_fold(0_u16, |port, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        port.checked_mul(10)?.checked_add(digit.into())
    });
    port.filter(|port| *port > 0)
}

/// The address as [`BrokerAddress::parse`] takes it.
impl Display for BrokerAddress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [user, at] = self.user.map_or(["", ""], |user| [user, "@"]);
        let [open, close] = if split_once(self.host, b':').is_some() { ["[", "]"] } else { ["", ""] };
        let scheme = if self.secure { "mqtts://" } else { "mqtt://" };
        for part in [scheme, user, at, open, self.host, close] {
            f.write_str(part)?;
        }
        write!(f, ":{}", self.port)?;
        if self.prefix == PREFIX { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString as _;

    #[test]
    fn address_is_printed_in_full() {
        for (text, printed) in [
            ("mqtt://broker.local", "mqtt://broker.local:1883"),
            ("MQTTS://broker.local/", "mqtts://broker.local:8883"),
            ("mqtt://lamp@127.0.0.1:1884/house/cellar", "mqtt://lamp@127.0.0.1:1884/house/cellar"),
            ("mqtts://[::1]", "mqtts://[::1]:8883"),
            ("mqtt://[::1]:1/instep", "mqtt://[::1]:1"),
        ] {
            let address = BrokerAddress::parse(text).unwrap();
            assert_eq!(address.to_string(), printed);
            assert_eq!(BrokerAddress::parse(printed), Ok(address));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for (text, error) in [
            ("", AddressError::Form),
            ("broker", AddressError::Form),
            ("http://broker", AddressError::Scheme),
            ("mqtt://", AddressError::Form),
            ("mqtt://:1883", AddressError::Form),
            ("mqtt://a:0", AddressError::Port),
            ("mqtt://a:x", AddressError::Port),
            ("mqtt://a:99999", AddressError::Port),
            ("mqtt://[::1", AddressError::Form),
            ("mqtt://[::1]x", AddressError::Form),
            ("mqtt://a b", AddressError::Form),
            ("mqtt://ü", AddressError::Form),
            ("mqtt://user\n@a", AddressError::Form),
            ("mqtt://a/b\nc", AddressError::Form),
            ("mqtt://user:secret@a", AddressError::Password),
            ("mqtt://a/#", AddressError::Prefix),
            ("mqtt://a/+/b", AddressError::Prefix),
            ("mqtt://a//b", AddressError::Prefix),
        ] {
            assert_eq!(BrokerAddress::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn device_has_neither_tls_nor_ipv6() {
        assert_eq!(BrokerAddress::parse_for_device("mqtts://a"), Err(AddressError::Secure));
        assert_eq!(BrokerAddress::parse_for_device("mqtt://[fd00::2]"), Err(AddressError::Ipv6));
        assert!(BrokerAddress::parse_for_device("mqtt://a").is_ok());
    }
}
