//! Packets from the broker.

use super::fields::Fields;
use super::integer::read_integer;
use super::properties::{Of, Properties};
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
    let properties = Properties::read(fields, Of::ConnAck)?;
    Ok(ConnAck {
        reason,
        keep_alive: properties.server_keep_alive,
        maximum_packet_size: properties.maximum_packet_size,
        retain_available: properties.retain_available,
        wildcard_available: properties.wildcard_available,
    })
}

fn read_publish<'p>(flags: u8, fields: &mut Fields<'p>) -> Result<Publish<'p>, PacketError> {
    match (flags >> 1) & 3 {
        0 if flags & 8 == 0 => {}
        1 | 2 => return Err(PacketError::QoS),
        _ => return Err(PacketError::Flags),
    }
    let topic = fields.text()?;
    let Properties { response_topic, correlation_data, has_topic_alias, .. } =
        Properties::read(fields, Of::Publish)?;
    if has_topic_alias {
        return Err(PacketError::TopicAlias);
    }
    let is_name = |topic: &str| !topic.is_empty() && !topic.contains(['+', '#']);
    if !is_name(topic) {
        return Err(PacketError::Topic);
    }
    // Not every broker checks what the sender of a message wrote there, so one of them must not end the connection.
    let response_topic = response_topic.filter(|topic| is_name(topic));
    let payload = fields.bytes(fields.0.len())?;
    Ok(Publish { topic, retain: flags & 1 == 1, response_topic, correlation_data, payload })
}

fn read_sub_ack<'p>(fields: &mut Fields<'p>) -> Result<SubAck<'p>, PacketError> {
    let packet_id = fields.two()?;
    Properties::read(fields, Of::SubAck)?;
    let reasons = fields.bytes(fields.0.len())?;
    Ok(SubAck { packet_id, reasons })
}

fn read_disconnect(fields: &mut Fields<'_>) -> Result<ReasonCode, PacketError> {
    if fields.is_empty() {
        return Ok(ReasonCode::SUCCESS);
    }
    let reason = ReasonCode(fields.byte()?);
    if !fields.is_empty() {
        Properties::read(fields, Of::Disconnect)?;
    }
    Ok(reason)
}
