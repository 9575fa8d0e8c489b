//! Malformed packets of a broker, each with its error.

use instep_mqtt::packet::{Incoming, PacketError, ReasonCode};

/// Reads the packet, and returns its error.
///
/// A packet that has not arrived as a whole has no error yet, or already the same.
fn error(packet: &[u8]) -> PacketError {
    let error = Incoming::read(packet, 1_000).expect_err("the packet is read");
    for length in 0..packet.len() {
        assert!([Ok(None), Err(error)].contains(&Incoming::read(&packet[..length], 1_000)));
    }
    error
}

#[test]
fn each_fault_has_its_error() {
    let faults: &[(&[u8], PacketError)] = &[
        // Remaining Length of five bytes, and of two where one suffices.
        (&[0x30, 0x80, 0x80, 0x80, 0x80, 0x01], PacketError::Length),
        (&[0x30, 0x80, 0x00], PacketError::Length),
        // A topic longer than its packet, properties longer than their packet, a byte too many.
        (&[0x30, 3, 0, 9, b'a'], PacketError::Truncated),
        (&[0x30, 5, 0, 1, b'a', 9, 0], PacketError::Truncated),
        (&[0xd0, 1, 0], PacketError::Truncated),
        (&[0x30, 0], PacketError::Truncated),
        // Reserved flags: of PINGRESP, DUP with QoS 0, QoS 3, of CONNACK.
        (&[0xd1, 0], PacketError::Flags),
        (&[0x38, 4, 0, 1, b'a', 0], PacketError::Flags),
        (&[0x36, 4, 0, 1, b'a', 0], PacketError::Flags),
        (&[0x20, 3, 2, 0, 0], PacketError::Flags),
        // Text that is not UTF-8, and U+0000.
        (&[0x30, 4, 0, 1, 0xff, 0], PacketError::Text),
        (&[0x30, 4, 0, 1, 0, 0], PacketError::Text),
        // Server Keep Alive in PUBLISH, an unknown property, one of three-digit number.
        (&[0x30, 7, 0, 1, b'a', 3, 0x13, 0, 1], PacketError::Property),
        (&[0x30, 6, 0, 1, b'a', 2, 0x00, 0], PacketError::Property),
        (&[0x30, 6, 0, 1, b'a', 2, 0xfe, 0], PacketError::Property),
        // Payload Format Indicator twice; Maximum Packet Size 0; Subscription Identifier 0.
        (&[0x30, 8, 0, 1, b'a', 4, 1, 1, 1, 1], PacketError::PropertyValue),
        (&[0x20, 8, 0, 0, 5, 0x27, 0, 0, 0, 0], PacketError::PropertyValue),
        (&[0x30, 6, 0, 1, b'a', 2, 0x0b, 0], PacketError::PropertyValue),
        // CONNECT, PUBACK, AUTH and type 0.
        (&[0x10, 0], PacketError::Unexpected),
        (&[0x40, 2, 0, 1], PacketError::Unexpected),
        (&[0xf0, 0], PacketError::Unexpected),
        (&[0x00, 0], PacketError::Unexpected),
        // Topics that are empty or have a wildcard.
        (&[0x30, 3, 0, 0, 0], PacketError::Topic),
        (&[0x30, 4, 0, 1, b'+', 0], PacketError::Topic),
        (&[0x30, 7, 0, 1, b'a', 3, 0x23, 0, 1], PacketError::TopicAlias),
        (&[0x32, 6, 0, 1, b'a', 0, 1, 0], PacketError::QoS),
        // 1,001 bytes.
        (&[0x30, 0xe6, 0x07], PacketError::TooLarge),
        // CONNACK of MQTT 3.1.1: unacceptable protocol version.
        (&[0x20, 2, 0, 1], PacketError::Version),
    ];
    for (packet, expected) in faults {
        assert_eq!(error(packet), *expected, "{packet:02x?}");
    }
}

/// Brokers pass on what the sender of a message wrote there, and a stored one would end each connection.
#[test]
fn wrong_properties_of_a_sender_are_left_out() {
    for packet in [
        // Response Topics `#` and "", and a Payload Format Indicator of 2.
        &[0x30, 8, 0, 1, b'a', 4, 0x08, 0, 1, b'#'][..],
        &[0x30, 7, 0, 1, b'a', 3, 0x08, 0, 0],
        &[0x30, 6, 0, 1, b'a', 2, 1, 2],
    ] {
        let Ok(Some((Incoming::Publish(message), _))) = Incoming::read(packet, 1_000) else {
            panic!("{packet:02x?} is not read");
        };
        assert_eq!((message.topic, message.response_topic), ("a", None));
    }
}

#[test]
fn packet_of_maximum_size_is_read() {
    let packet = [&[0x30, 0xe5, 0x07, 0, 1, b'a', 0][..], &[7; 993]].concat();
    assert_eq!(packet.len(), 1_000);
    assert!(matches!(Incoming::read(&packet, 1_000), Ok(Some((Incoming::Publish(_), 1_000)))));
    assert_eq!(Incoming::read(&packet, 999), Err(PacketError::TooLarge));
}

#[test]
fn errors_have_reason_codes() {
    assert_eq!(PacketError::TooLarge.reason_code(), ReasonCode::PACKET_TOO_LARGE);
    assert_eq!(PacketError::Text.reason_code(), ReasonCode::MALFORMED_PACKET);
    assert_eq!(PacketError::Unexpected.reason_code().to_string(), "protocol error (0x82)");
}
