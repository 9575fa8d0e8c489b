//! Errors of the broker's packets.

use super::ReasonCode;
use instep_proto::texts;

texts! {
    /// Error in what a broker sent. The connection ends with it.
    pub enum PacketError: Error {
        /// A length that is not a variable byte integer.
        Length = "a length has more than four bytes",
        /// A field that is longer than its packet, or bytes after the last field.
        Truncated = "a packet and its fields have different lengths",
        /// Flags that are reserved for this type of packet.
        Flags = "the flags of a packet are reserved",
        /// Text that is not UTF-8, or that has U+0000.
        Text = "a text is not UTF-8",
        /// Property that is unknown, or not of this type of packet.
        Property = "a property does not belong to its packet",
        /// Property that may stand once and stands twice, or has a value that is not allowed.
        PropertyValue = "a property stands twice, or its value is not allowed",
        /// Type of packet that a broker never sends, or not at this point.
        Unexpected = "a packet came out of turn",
        /// Topic that is empty or has a wildcard.
        Topic = "the topic of a message is empty or has a wildcard",
        /// Topic alias, although the client allows none.
        TopicAlias = "a message has a topic alias, which the client does not allow",
        /// Message with a quality of service other than 0, which the client does not subscribe with.
        QoS = "a message has another quality of service than 0",
        /// Packet above the client's Maximum Packet Size.
        TooLarge = "a packet is longer than the client allows",
        /// Answer of a broker that speaks only an older version.
        Version = "the broker does not speak MQTT 5",
    }
}

impl PacketError {
    /// Returns the code of the DISCONNECT that reports this error.
    pub const fn reason_code(self) -> ReasonCode {
        match self {
            Self::Length | Self::Truncated | Self::Flags | Self::Text | Self::Property => {
                ReasonCode::MALFORMED_PACKET
            }
            Self::PropertyValue | Self::Unexpected => ReasonCode::PROTOCOL_ERROR,
            Self::Topic => ReasonCode::TOPIC_NAME_INVALID,
            Self::TopicAlias => ReasonCode::TOPIC_ALIAS_INVALID,
            Self::QoS => ReasonCode::QOS_NOT_SUPPORTED,
            Self::TooLarge => ReasonCode::PACKET_TOO_LARGE,
            Self::Version => ReasonCode::UNSUPPORTED_PROTOCOL_VERSION,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_is_reported_as_one() {
        for error in [PacketError::Length, PacketError::Topic, PacketError::TooLarge, PacketError::Version] {
            assert!(error.reason_code().is_error(), "{error}");
        }
    }
}
