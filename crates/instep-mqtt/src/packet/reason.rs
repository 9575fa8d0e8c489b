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
        let named = NAMES.iter().find(|(named, _)| *named == code);
        match named {
            Some((_, name)) => name,
            None if self.is_error() => "error",
            None => "success",
        }
    }
}

/// Names of the failures.
///
/// They are a table, because the linker scripts of ESP32 chips place the tables of a `match` in RAM.
static NAMES: &[(u8, &str)] = &[
    (0x81, "malformed packet"),
    (0x82, "protocol error"),
    (0x84, "unsupported protocol version"),
    (0x85, "client identifier not valid"),
    (0x86, "bad user name or password"),
    (0x87, "not authorized"),
    (0x88, "server unavailable"),
    (0x89, "server busy"),
    (0x8a, "banned"),
    (0x8b, "server shutting down"),
    (0x8d, "keep alive timeout"),
    (0x8e, "session taken over"),
    (0x8f, "topic filter invalid"),
    (0x90, "topic name invalid"),
    (0x95, "packet too large"),
    (0x96, "message rate too high"),
    (0x97, "quota exceeded"),
    (0x98, "administrative action"),
    (0x9a, "retain not supported"),
    (0x9b, "QoS not supported"),
    (0x9c, "use another server"),
    (0x9d, "server moved"),
    (0x9f, "connection rate exceeded"),
    (0xa0, "maximum connect time"),
    (0xa2, "wildcard subscriptions not supported"),
];

impl Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (0x{:02x})", self.name(), self.0)
    }
}
