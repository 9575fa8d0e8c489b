//! Properties of packets from the broker (MQTT 5, section 2.2.2).
//!
//! The properties that nobody asks for are checked and skipped.

use super::PacketError;
use super::fields::Fields;

pub(crate) const RESPONSE_TOPIC: u8 = 0x08;
pub(crate) const CORRELATION_DATA: u8 = 0x09;
pub(crate) const SERVER_KEEP_ALIVE: u8 = 0x13;
pub(crate) const TOPIC_ALIAS: u8 = 0x23;
pub(crate) const RETAIN_AVAILABLE: u8 = 0x25;
const USER_PROPERTY: u8 = 0x26;
pub(crate) const MAXIMUM_PACKET_SIZE: u8 = 0x27;
pub(crate) const WILDCARD_SUBSCRIPTION_AVAILABLE: u8 = 0x28;
const SUBSCRIPTION_IDENTIFIER: u8 = 0x0b;

/// Packets with properties, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    ConnAck = 1,
    Publish = 2,
    SubAck = 4,
    Disconnect = 8,
}

/// Value of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'p> {
    Number(u32),
    Text(&'p str),
    Binary(&'p [u8]),
}

/// Reads the properties at the front of `fields`, and passes each to `each`, with its id.
pub(crate) fn read<'p>(
    fields: &mut Fields<'p>,
    of: Of,
    mut each: impl FnMut(u8, Value<'p>),
) -> Result<(), PacketError> {
    let length = fields.integer()?;
    let mut properties = Fields(fields.bytes(length)?);
    let mut seen = 0_u64;
    while !properties.is_empty() {
        // An id has one byte, as all ids of the standard are below 128.
        let id = properties.byte()?;
        let bit = 1_u64.checked_shl(u32::from(id)).ok_or(PacketError::Property)?;
        if seen & bit != 0 && !matches!(id, USER_PROPERTY | SUBSCRIPTION_IDENTIFIER) {
            return Err(PacketError::PropertyValue);
        }
        seen |= bit;
        let value = read_value(id, of, &mut properties)?;
        each(id, value);
    }
    Ok(())
}

fn read_value<'p>(id: u8, of: Of, from: &mut Fields<'p>) -> Result<Value<'p>, PacketError> {
    const CONNACK: u8 = Of::ConnAck as u8;
    const PUBLISH: u8 = Of::Publish as u8;
    const REASON: u8 = CONNACK | Of::SubAck as u8 | Of::Disconnect as u8;
    const REFERENCE: u8 = CONNACK | Of::Disconnect as u8;
    let packets = match id {
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
    };
    if packets & of as u8 == 0 {
        return Err(PacketError::Property);
    }
    let value = match id {
        0x01 | 0x24 | RETAIN_AVAILABLE | WILDCARD_SUBSCRIPTION_AVAILABLE..=0x2a => {
            let value = from.byte()?;
            if value > 1 {
                return Err(PacketError::PropertyValue);
            }
            Value::Number(value.into())
        }
        SERVER_KEEP_ALIVE | 0x21 | 0x22 | TOPIC_ALIAS => Value::Number(from.two()?.into()),
        0x02 | 0x11 | MAXIMUM_PACKET_SIZE => Value::Number(from.four()?),
        SUBSCRIPTION_IDENTIFIER => {
            let id = from.integer()?;
            Value::Number(u32::try_from(id).map_err(|_| PacketError::Length)?)
        }
        CORRELATION_DATA | 0x16 => Value::Binary(from.binary()?),
        USER_PROPERTY => {
            from.text()?;
            Value::Text(from.text()?)
        }
        _ => Value::Text(from.text()?),
    };
    // These numbers are never 0.
    if value == Value::Number(0) && matches!(id, SUBSCRIPTION_IDENTIFIER | 0x21 | MAXIMUM_PACKET_SIZE) {
        return Err(PacketError::PropertyValue);
    }
    Ok(value)
}
