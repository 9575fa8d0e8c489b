//! Packets from the broker.

use super::fields::Fields;
use super::integer::read_integer;
use super::properties::{self, Of, Value};
use super::{PacketError, ReasonCode};

/// Packet from the broker, which borrows the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming<'p> {
    /// CONNACK: the answer to CONNECT.
    ConnAck(ConnAck),
    /// PUBLISH: a message.
    Publish(Publish<'p>),
    /// SUBACK: the answer to SUBSCRIBE.
    SubAck(SubAck<'p>),
    /// UNSUBACK: the answer to UNSUBSCRIBE.
    UnsubAck(SubAck<'p>),
    /// PINGRESP: the answer to PINGREQ.
    PingResp,
    /// DISCONNECT: the end of the connection.
    Disconnect(ReasonCode),
}

/// Answer to CONNECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnAck {
    /// Whether the broker accepts the client.
    pub reason: ReasonCode,
    /// The keep-alive that the broker asks for, in seconds. `None` if the client's is accepted.
    pub keep_alive: Option<u16>,
    /// The maximum length of a packet to the broker, in bytes.
    pub maximum_packet_size: u32,
    /// Whether the broker stores retained messages.
    pub retain_available: bool,
    /// Whether the broker allows wildcards in subscriptions.
    pub wildcard_available: bool,
}

/// Message from the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publish<'p> {
    /// The topic.
    pub topic: &'p str,
    /// Whether the broker had stored the message before the subscription.
    pub retain: bool,
    /// The topic that the sender wants the answer at.
    pub response_topic: Option<&'p str>,
    /// The data that the answer must have.
    pub correlation_data: Option<&'p [u8]>,
    /// The payload.
    pub payload: &'p [u8],
}

/// Answer to SUBSCRIBE or UNSUBSCRIBE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubAck<'p> {
    /// The id of the packet that is answered.
    pub packet_id: u16,
    reasons: &'p [u8],
}

impl SubAck<'_> {
    /// Returns the reason code for each topic filter.
    pub fn reasons(&self) -> impl Iterator<Item = ReasonCode> {
        self.reasons.iter().copied().map(ReasonCode)
    }
}

impl<'p> Incoming<'p> {
    /// Reads the packet at the front of `input`, and returns it with its length.
    ///
    /// Returns `None` if the packet has not arrived as a whole. `max` is the Maximum Packet Size of the client.
    ///
    /// # Errors
    /// If the packet is malformed, longer than `max`, or of a type that a broker does not send to a client that
    /// subscribes with QoS 0.
    pub fn read(input: &'p [u8], max: usize) -> Result<Option<(Self, usize)>, PacketError> {
        let Some((first, rest)) = input.split_first() else { return Ok(None) };
        let (kind, flags) = (first >> 4, first & 0x0f);
        match (kind, flags) {
            (3, _) | (2 | 9 | 11 | 13 | 14, 0) => {}
            (2 | 9 | 11 | 13 | 14, _) => return Err(PacketError::Flags),
            _ => return Err(PacketError::Unexpected),
        }
        let Some((length, bytes)) = read_integer(rest)? else { return Ok(None) };
        let whole = 1 + bytes + length;
        if whole > max {
            return Err(PacketError::TooLarge);
        }
        let Some(content) = input.get(1 + bytes..whole) else { return Ok(None) };
        let mut fields = Fields(content);
        let packet = match kind {
            2 => Self::ConnAck(read_conn_ack(&mut fields)?),
            3 => Self::Publish(read_publish(flags, &mut fields)?),
            9 => Self::SubAck(read_sub_ack(&mut fields)?),
            11 => Self::UnsubAck(read_sub_ack(&mut fields)?),
            13 => Self::PingResp,
            _ => Self::Disconnect(read_disconnect(&mut fields)?),
        };
        if fields.is_empty() { Ok(Some((packet, whole))) } else { Err(PacketError::Truncated) }
    }
}

fn read_conn_ack(fields: &mut Fields<'_>) -> Result<ConnAck, PacketError> {
    let flags = fields.byte()?;
    if flags > 1 {
        return Err(PacketError::Flags);
    }
    let reason = ReasonCode(fields.byte()?);
    if fields.is_empty() {
        // In MQTT 3.1.1 this is the whole packet.
        return Err(PacketError::Version);
    }
    let mut answer = ConnAck {
        reason,
        keep_alive: None,
        maximum_packet_size: u32::MAX,
        retain_available: true,
        wildcard_available: true,
    };
    properties::read(fields, Of::ConnAck, |id, value| match (id, value) {
        (properties::SERVER_KEEP_ALIVE, Value::Number(seconds)) => {
            answer.keep_alive = u16::try_from(seconds).ok();
        }
        (properties::MAXIMUM_PACKET_SIZE, Value::Number(bytes)) => answer.maximum_packet_size = bytes,
        (properties::RETAIN_AVAILABLE, Value::Number(available)) => answer.retain_available = available == 1,
        (properties::WILDCARD_SUBSCRIPTION_AVAILABLE, Value::Number(available)) => {
            answer.wildcard_available = available == 1;
        }
        _ => {}
    })?;
    Ok(answer)
}

fn read_publish<'p>(flags: u8, fields: &mut Fields<'p>) -> Result<Publish<'p>, PacketError> {
    match (flags >> 1) & 3 {
        0 if flags & 8 == 0 => {}
        1 | 2 => return Err(PacketError::QoS),
        _ => return Err(PacketError::Flags),
    }
    let topic = fields.text()?;
    let mut message =
        Publish { topic, retain: flags & 1 == 1, response_topic: None, correlation_data: None, payload: &[] };
    let mut has_alias = false;
    properties::read(fields, Of::Publish, |id, value| match (id, value) {
        (properties::RESPONSE_TOPIC, Value::Text(topic)) => message.response_topic = Some(topic),
        (properties::CORRELATION_DATA, Value::Binary(data)) => message.correlation_data = Some(data),
        (properties::TOPIC_ALIAS, _) => has_alias = true,
        _ => {}
    })?;
    if has_alias {
        return Err(PacketError::TopicAlias);
    }
    let is_name = |topic: &str| !topic.is_empty() && !topic.contains(['+', '#']);
    if !is_name(topic) || !message.response_topic.is_none_or(is_name) {
        return Err(PacketError::Topic);
    }
    message.payload = fields.bytes(fields.0.len())?;
    Ok(message)
}

fn read_sub_ack<'p>(fields: &mut Fields<'p>) -> Result<SubAck<'p>, PacketError> {
    let packet_id = fields.two()?;
    properties::read(fields, Of::SubAck, |_, _| {})?;
    let reasons = fields.bytes(fields.0.len())?;
    Ok(SubAck { packet_id, reasons })
}

fn read_disconnect(fields: &mut Fields<'_>) -> Result<ReasonCode, PacketError> {
    if fields.is_empty() {
        return Ok(ReasonCode::SUCCESS);
    }
    let reason = ReasonCode(fields.byte()?);
    if !fields.is_empty() {
        properties::read(fields, Of::Disconnect, |_, _| {})?;
    }
    Ok(reason)
}
