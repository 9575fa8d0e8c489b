//! Reason codes (MQTT 5, section 2.4).

use core::fmt::{self, Display};

/// Reason code of an answer or of a DISCONNECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReasonCode(pub u8);

impl ReasonCode {
    /// Success, or a normal disconnection.
    pub const SUCCESS: Self = Self(0x00);
    /// Disconnection after which the broker publishes the will.
    pub const DISCONNECT_WITH_WILL: Self = Self(0x04);
    /// A packet that cannot be read.
    pub const MALFORMED_PACKET: Self = Self(0x81);
    /// A packet that is not allowed at this point.
    pub const PROTOCOL_ERROR: Self = Self(0x82);
    /// A version of the protocol that the broker does not speak.
    pub const UNSUPPORTED_PROTOCOL_VERSION: Self = Self(0x84);
    /// A client id that the broker does not accept.
    pub const CLIENT_IDENTIFIER_NOT_VALID: Self = Self(0x85);
    /// A wrong user name or password.
    pub const BAD_USER_NAME_OR_PASSWORD: Self = Self(0x86);
    /// A client that may not do this.
    pub const NOT_AUTHORIZED: Self = Self(0x87);
    /// A client that sent nothing for too long.
    pub const KEEP_ALIVE_TIMEOUT: Self = Self(0x8d);
    /// Another client with the same id.
    pub const SESSION_TAKEN_OVER: Self = Self(0x8e);
    /// A topic that is not allowed.
    pub const TOPIC_NAME_INVALID: Self = Self(0x90);
    /// A topic alias that is not allowed.
    pub const TOPIC_ALIAS_INVALID: Self = Self(0x94);
    /// A packet that is longer than its receiver allows.
    pub const PACKET_TOO_LARGE: Self = Self(0x95);
    /// A quality of service that its receiver does not have.
    pub const QOS_NOT_SUPPORTED: Self = Self(0x9b);

    /// Returns whether the code stands for a failure.
    pub const fn is_error(self) -> bool {
        self.0 >= 0x80
    }

    /// Returns the name in the standard, in lower case.
    pub fn name(self) -> &'static str {
        let Self(code) = self;
        if !self.is_error() {
            return "success";
        }
        let Some(at) = NAMES.iter().position(|byte| *byte == code) else { return "error" };
        let name = NAMES.get(at + 1..).unwrap_or_default();
        let end = name.iter().position(|byte| *byte >= 0x80).unwrap_or(name.len());
        name.get(..end).and_then(|name| core::str::from_utf8(name).ok()).unwrap_or("error")
    }
}

/// Names of the failures, each behind its code.
///
/// They are one text, because a table of texts takes 12 bytes for each.
static NAMES: &[u8] =
    b"\x81malformed packet\x82protocol error\x84unsupported protocol version\x85client identifier not valid\
      \x86bad user name or password\x87not authorized\x88server unavailable\x89server busy\x8abanned\
      \x8bserver shutting down\x8dkeep alive timeout\x8esession taken over\x8ftopic filter invalid\
      \x90topic name invalid\x94topic alias invalid\x95packet too large\x96message rate too high\x97quota exceeded\
      \x98administrative action\x9aretain not supported\x9bQoS not supported\x9cuse another server\
      \x9dserver moved\x9fconnection rate exceeded\xa0maximum connect time\
      \xa2wildcard subscriptions not supported";

impl Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (0x{:02x})", self.name(), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_a_name() {
        for (code, name) in [
            (0x00, "success"),
            (0x01, "success"),
            (b'a', "success"),
            (0x7f, "success"),
            (0x80, "error"),
            (0x81, "malformed packet"),
            (0x87, "not authorized"),
            (0x9d, "server moved"),
            (0xa2, "wildcard subscriptions not supported"),
            (0xff, "error"),
        ] {
            assert_eq!(ReasonCode(code).name(), name, "{code:#x}");
        }
    }
}
