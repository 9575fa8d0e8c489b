//! Packets to the broker.
//!
//! Each is written into a buffer of the caller. A topic is given in parts, which are joined on the wire, so that no
//! buffer is needed to compose it.

use super::integer::integer;
use super::{ReasonCode, properties};

/// PINGREQ.
pub const PINGREQ: [u8; 2] = [0xc0, 0];

/// The protocol's name, and version 5.
const PROTOCOL: [u8; 7] = [0, 4, b'M', b'Q', b'T', b'T', 5];
/// Property of CONNECT: the broker sends neither reason strings nor user properties with its answers.
const NO_PROBLEM_INFORMATION: [u8; 2] = [0x17, 0];

/// CONNECT, always with a clean start.
#[derive(Clone, Copy, Debug)]
pub struct Connect<'c> {
    /// The id of the client.
    pub client_id: &'c str,
    /// The maximum time between two packets, in seconds.
    pub keep_alive: u16,
    /// The maximum length of a packet to the client, in bytes.
    pub maximum_packet_size: u32,
    /// The user name.
    pub user: Option<&'c str>,
    /// The password.
    pub password: Option<Password<'c>>,
    /// The message that the broker publishes, retained, when the connection is lost.
    pub will: Option<(&'c [&'c str], &'c str)>,
}

/// Password at a broker. It is not printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Password<'p>(pub &'p str);

impl core::fmt::Debug for Password<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("***")
    }
}

impl Connect<'_> {
    /// Writes the packet, and returns its length.
    ///
    /// Returns `None` if it does not fit.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let own = [
            &[properties::MAXIMUM_PACKET_SIZE][..],
            &self.maximum_packet_size.to_be_bytes(),
            &NO_PROBLEM_INFORMATION,
        ];
        let properties = own.iter().map(|part| part.len()).sum();
        let mut flags = 0x02;
        let mut length = PROTOCOL.len() + 1 + 2 + 1 + properties + text_length(&[self.client_id]);
        if let Some((topic, payload)) = self.will {
            flags |= 0x24;
            length += 1 + text_length(topic) + text_length(&[payload]);
        }
        let login = [self.user, self.password.map(|password| password.0)];
        for (bit, text) in [0x80, 0x40].into_iter().zip(login) {
            if let Some(text) = text {
                flags |= bit;
                length += text_length(&[text]);
            }
        }
        let mut packet = Packet::begin(0x10, length, out)?;
        packet.push(&PROTOCOL)?;
        packet.push(&[flags])?;
        packet.push(&self.keep_alive.to_be_bytes())?;
        packet.integer(properties)?;
        own.iter().try_for_each(|part| packet.push(part))?;
        packet.text(&[self.client_id])?;
        if let Some((topic, payload)) = self.will {
            packet.integer(0)?;
            packet.text(topic)?;
            packet.text(&[payload])?;
        }
        for text in login.into_iter().flatten() {
            packet.text(&[text])?;
        }
        Some(packet.used)
    }
}

/// Beginning of a PUBLISH with QoS 0, which the payload follows.
#[derive(Clone, Copy, Debug, Default)]
pub struct PublishHead<'p> {
    /// The topic.
    pub topic: &'p [&'p str],
    /// Whether the broker stores the message.
    pub retain: bool,
    /// The data of the request that this message answers.
    pub correlation_data: Option<&'p [u8]>,
    /// The length of the payload, in bytes.
    pub payload: usize,
}

impl PublishHead<'_> {
    /// Returns the length of the packet, with its payload.
    ///
    /// Returns `None` if there can be no such packet.
    pub fn packet_length(&self) -> Option<usize> {
        let length = self.length();
        integer(length).map(|(_, bytes)| 1 + bytes + length)
    }

    /// Writes the packet up to its payload, and returns the number of bytes.
    ///
    /// Returns `None` if they do not fit.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let mut packet = Packet::begin(0x30 | u8::from(self.retain), self.length(), out)?;
        packet.text(self.topic)?;
        packet.integer(self.properties())?;
        if let Some(data) = self.correlation_data {
            packet.push(&[properties::CORRELATION_DATA])?;
            packet.push(&u16::try_from(data.len()).ok()?.to_be_bytes())?;
            packet.push(data)?;
        }
        Some(packet.used)
    }

    fn properties(&self) -> usize {
        self.correlation_data.map_or(0, |data| 3 + data.len())
    }

    /// Returns the length after the fixed header.
    fn length(&self) -> usize {
        let properties = self.properties();
        let bytes = integer(properties).map_or(0, |(_, bytes)| bytes);
        text_length(self.topic) + bytes + properties + self.payload
    }
}

/// One topic filter of a SUBSCRIBE.
#[derive(Clone, Copy, Debug)]
pub struct Filter<'f> {
    /// The filter.
    pub topic: &'f [&'f str],
    /// Whether the broker sends the messages that it has stored.
    pub retained: bool,
}

/// Writes a SUBSCRIBE with QoS 0, and returns its length.
///
/// The retain flag of a message then says that the broker had stored it before. Returns `None` if the packet does not
/// fit.
pub fn write_subscribe(packet_id: u16, filters: &[Filter<'_>], out: &mut [u8]) -> Option<usize> {
    let length = filters.iter().map(|filter| text_length(filter.topic) + 1).sum::<usize>();
    let mut packet = Packet::begin(0x82, 3 + length, out)?;
    packet.push(&packet_id.to_be_bytes())?;
    packet.integer(0)?;
    for filter in filters {
        packet.text(filter.topic)?;
        // Retain Handling 2 is: no stored messages.
        packet.push(&[if filter.retained { 0x00 } else { 0x20 }])?;
    }
    Some(packet.used)
}

/// Writes an UNSUBSCRIBE, and returns its length.
///
/// Returns `None` if the packet does not fit.
pub fn write_unsubscribe(packet_id: u16, topics: &[&[&str]], out: &mut [u8]) -> Option<usize> {
    let length = topics.iter().map(|topic| text_length(topic)).sum::<usize>();
    let mut packet = Packet::begin(0xa2, 3 + length, out)?;
    packet.push(&packet_id.to_be_bytes())?;
    packet.integer(0)?;
    topics.iter().try_for_each(|topic| packet.text(topic))?;
    Some(packet.used)
}

/// Returns a DISCONNECT.
///
/// Its empty properties could be left out, but not every broker expects that.
pub fn disconnect(reason: ReasonCode) -> [u8; 4] {
    [0xe0, 2, reason.0, 0]
}

/// Writer of one packet.
struct Packet<'o> {
    out: &'o mut [u8],
    used: usize,
}

impl<'o> Packet<'o> {
    fn begin(first: u8, length: usize, out: &'o mut [u8]) -> Option<Self> {
        let mut packet = Self { out, used: 0 };
        packet.push(&[first])?;
        packet.integer(length)?;
        Some(packet)
    }

    fn push(&mut self, bytes: &[u8]) -> Option<()> {
        self.out.get_mut(self.used..self.used + bytes.len())?.copy_from_slice(bytes);
        self.used += bytes.len();
        Some(())
    }

    fn integer(&mut self, value: usize) -> Option<()> {
        let (bytes, length) = integer(value)?;
        self.push(&bytes[..length])
    }

    fn text(&mut self, parts: &[&str]) -> Option<()> {
        let length = u16::try_from(text_length(parts) - 2).ok()?;
        self.push(&length.to_be_bytes())?;
        parts.iter().try_for_each(|part| self.push(part.as_bytes()))
    }
}

fn text_length(parts: &[&str]) -> usize {
    2 + parts.iter().map(|part| part.len()).sum::<usize>()
}
