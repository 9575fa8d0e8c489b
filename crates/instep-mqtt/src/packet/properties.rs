//! Properties of packets from the broker (MQTT 5, section 2.2.2).
//!
//! The other properties of the standard are checked and skipped.

use super::PacketError;
use super::fields::Fields;

const PAYLOAD_FORMAT_INDICATOR: u8 = 0x01;
pub(crate) const MESSAGE_EXPIRY_INTERVAL: u8 = 0x02;
pub(crate) const RESPONSE_TOPIC: u8 = 0x08;
pub(crate) const CORRELATION_DATA: u8 = 0x09;
const SERVER_KEEP_ALIVE: u8 = 0x13;
const TOPIC_ALIAS: u8 = 0x23;
const RETAIN_AVAILABLE: u8 = 0x25;
const USER_PROPERTY: u8 = 0x26;
pub(crate) const MAXIMUM_PACKET_SIZE: u8 = 0x27;
const WILDCARD_SUBSCRIPTION_AVAILABLE: u8 = 0x28;
const SUBSCRIPTION_IDENTIFIER: u8 = 0x0b;

/// Packets with properties, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    ConnAck = 1,
    Publish = 2,
    SubAck = 4,
    Disconnect = 8,
}

/// Properties that the client uses. A property that is missing has the value that the standard names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Properties<'p> {
    pub(crate) server_keep_alive: Option<u16>,
    pub(crate) maximum_packet_size: u32,
    pub(crate) retain_available: bool,
    pub(crate) wildcard_available: bool,
    pub(crate) response_topic: Option<&'p str>,
    pub(crate) correlation_data: Option<&'p [u8]>,
    pub(crate) has_topic_alias: bool,
}

impl<'p> Properties<'p> {
    const NONE: Self = Self {
        server_keep_alive: None,
        maximum_packet_size: u32::MAX,
        retain_available: true,
        wildcard_available: true,
        response_topic: None,
        correlation_data: None,
        has_topic_alias: false,
    };

    /// Reads the properties at the front of `fields`.
    pub(crate) fn read(fields: &mut Fields<'p>, of: Of) -> Result<Self, PacketError> {
        let length = fields.integer()?;
        let mut rest = Fields(fields.bytes(length)?);
        let (mut properties, mut seen) = (Self::NONE, 0_u64);
        while !rest.is_empty() {
            // An id has one byte, as all ids of the standard are below 128.
            let id = rest.byte()?;
            let bit = 1_u64.checked_shl(u32::from(id)).ok_or(PacketError::Property)?;
            if seen & bit != 0 && !matches!(id, USER_PROPERTY | SUBSCRIPTION_IDENTIFIER) {
                return Err(PacketError::PropertyValue);
            }
            seen |= bit;
            if packets_with(id) & of as u8 == 0 {
                return Err(PacketError::Property);
            }
            properties.take(id, &mut rest)?;
        }
        Ok(properties)
    }

    /// Reads the value of a property.
    fn take(&mut self, id: u8, from: &mut Fields<'p>) -> Result<(), PacketError> {
        let number = match id {
            PAYLOAD_FORMAT_INDICATOR | 0x24 | RETAIN_AVAILABLE | WILDCARD_SUBSCRIPTION_AVAILABLE..=0x2a => {
                let value = from.byte()?;
                match (id, value) {
                    // Brokers pass on what the sender of a message says of its payload.
                    (PAYLOAD_FORMAT_INDICATOR, _) => {}
                    (_, 2..) => return Err(PacketError::PropertyValue),
                    (RETAIN_AVAILABLE, _) => self.retain_available = value == 1,
                    (WILDCARD_SUBSCRIPTION_AVAILABLE, _) => self.wildcard_available = value == 1,
                    _ => {}
                }
                return Ok(());
            }
            CORRELATION_DATA | 0x16 => {
                let data = from.binary()?;
                if id == CORRELATION_DATA {
                    self.correlation_data = Some(data);
                }
                return Ok(());
            }
            SERVER_KEEP_ALIVE | 0x21 | 0x22 | TOPIC_ALIAS => from.two()?.into(),
            MESSAGE_EXPIRY_INTERVAL | 0x11 | MAXIMUM_PACKET_SIZE => from.four()?,
            SUBSCRIPTION_IDENTIFIER => u32::try_from(from.integer()?).map_err(|_| PacketError::Length)?,
            _ => {
                let text = from.text()?;
                match id {
                    USER_PROPERTY => _ = from.text()?,
                    RESPONSE_TOPIC => self.response_topic = Some(text),
                    _ => {}
                }
                return Ok(());
            }
        };
        match id {
            // These numbers are never 0.
            SUBSCRIPTION_IDENTIFIER | 0x21 | MAXIMUM_PACKET_SIZE if number == 0 => {
                return Err(PacketError::PropertyValue);
            }
            SERVER_KEEP_ALIVE => self.server_keep_alive = u16::try_from(number).ok(),
            MAXIMUM_PACKET_SIZE => self.maximum_packet_size = number,
            TOPIC_ALIAS => self.has_topic_alias = true,
            _ => {}
        }
        Ok(())
    }
}

/// Returns the packets that may have a property, as bits.
fn packets_with(id: u8) -> u8 {
    const CONNACK: u8 = Of::ConnAck as u8;
    const PUBLISH: u8 = Of::Publish as u8;
    const REASON: u8 = CONNACK | Of::SubAck as u8 | Of::Disconnect as u8;
    const REFERENCE: u8 = CONNACK | Of::Disconnect as u8;
    match id {
        0x01..=0x03 | RESPONSE_TOPIC | CORRELATION_DATA | SUBSCRIPTION_IDENTIFIER | TOPIC_ALIAS => PUBLISH,
        0x11..=0x13
        | 0x15
        | 0x16
        | 0x1a
        | 0x21
        | 0x22
        | 0x24
        | RETAIN_AVAILABLE
        | MAXIMUM_PACKET_SIZE..=0x2a => CONNACK,
        0x1c => REFERENCE,
        0x1f => REASON,
        USER_PROPERTY => u8::MAX,
        _ => 0,
    }
}
