//! Address of a broker, and the log-in at it.

use instep_mqtt::check_prefix;
use std::fmt;

/// Ports without and with TLS.
const PORTS: [u16; 2] = [1883, 8883];
/// Prefix of the topics, unless another one is set.
const PREFIX: &str = "instep";

/// Address of a broker, with the prefix of the topics there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerAddress {
    pub(super) secure: bool,
    pub(super) user: Option<String>,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) prefix: String,
}

/// Password at a broker. It is not printed.
pub struct BrokerLogin(pub(super) String);

impl BrokerLogin {
    /// Creates the log-in with this password, for the user in the address.
    pub fn new(password: String) -> Self {
        Self(password)
    }
}

impl fmt::Debug for BrokerLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BrokerLogin")
    }
}

impl BrokerAddress {
    /// Returns whether the address names a user.
    pub fn has_user(&self) -> bool {
        self.user.is_some()
    }

    /// Parses `mqtt[s]://[user@]host[:port][/prefix]`.
    ///
    /// # Errors
    /// The rest of a sentence that begins with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let example =
            "such as mqtt://broker.local, mqtts://user@broker.example:8883 or mqtt://[::1]:1883/house";
        let wrong = || format!("is not the address of a broker, {example}");
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "mqtt" => false,
            "mqtts" => true,
            _ => return Err("begins with neither mqtt:// nor mqtts://".into()),
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, _)) if user.contains(':') => {
                return Err("has a password, which other users could read; leave it out, and set INSTEP_MQTT_PASSWORD or \
                    --mqtt-password-file FILE"
                    .into());
            }
            Some((user, host)) => (Some(user.to_owned()).filter(|user| !user.is_empty()), host),
            None => (None, authority),
        };
        let (host, port) = match host.strip_prefix('[') {
            Some(rest) => rest.split_once(']').ok_or_else(wrong)?,
            None => host.split_at(host.find(':').unwrap_or(host.len())),
        };
        let port = match port.strip_prefix(':') {
            Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or("has no port from 1 to 65535")?,
            None if port.is_empty() => PORTS[usize::from(secure)],
            None => return Err(wrong()),
        };
        let allowed = |character: char| character.is_ascii_alphanumeric() || ".-_:%".contains(character);
        if host.is_empty() || !host.chars().all(allowed) {
            return Err(wrong());
        }
        let path = path.trim_end_matches('/');
        let prefix = if path.is_empty() { PREFIX } else { path };
        check_prefix(prefix).map_err(|error| format!("has no prefix of topics at its end: {error}"))?;
        Ok(Self { secure, user, host: host.into(), port, prefix: prefix.into() })
    }
}

/// The address as [`BrokerAddress::parse`] takes it.
impl fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.secure { "mqtts://" } else { "mqtt://" })?;
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        write!(f, ":{}", self.port)?;
        if self.prefix == PREFIX { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for text in [
            "",
            "broker",
            "http://broker",
            "mqtt://",
            "mqtt://:1883",
            "mqtt://a:0",
            "mqtt://a:x",
            "mqtt://a:99999",
            "mqtt://[::1",
            "mqtt://[::1]x",
            "mqtt://a b",
            "mqtt://user:secret@a",
            "mqtt://a/#",
            "mqtt://a/+/b",
            "mqtt://a//b",
        ] {
            assert!(BrokerAddress::parse(text).is_err(), "{text}");
        }
    }
}
