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
/// Flag of CONNECT: the broker keeps no session.
const CLEAN_START: u8 = 0x02;
/// The length of no properties.
const NO_PROPERTIES: [u8; 1] = [0];
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
        let login = [self.user, self.password.map(|password| password.0)];
        write_packet(0x10, 0, out, &|fields| {
            fields.push(&PROTOCOL);
            let will = if self.will.is_some() { 0x24 } else { 0 };
            let [user, password] = login.map(|text| u8::from(text.is_some()));
            fields.push(&[CLEAN_START | will | user << 7 | password << 6]);
            fields.push(&self.keep_alive.to_be_bytes());
            fields.push(&[5 + 2, properties::MAXIMUM_PACKET_SIZE]);
            fields.push(&self.maximum_packet_size.to_be_bytes());
            fields.push(&NO_PROBLEM_INFORMATION);
            fields.text(&[self.client_id]);
            if let Some((topic, payload)) = self.will {
                fields.push(&NO_PROPERTIES);
                fields.text(topic);
                fields.text(&[payload]);
            }
            for text in login.into_iter().flatten() {
                fields.text(&[text]);
            }
        })
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
        packet_length(self.payload, &|fields| self.fields(fields))
    }

    /// Writes the packet up to its payload, and returns the number of bytes.
    ///
    /// Returns `None` if they do not fit.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        write_packet(0x30 | u8::from(self.retain), self.payload, out, &|fields| self.fields(fields))
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        fields.text(self.topic);
        let Some(data) = self.correlation_data else { return fields.push(&NO_PROPERTIES) };
        fields.integer(1 + 2 + data.len());
        fields.push(&[properties::CORRELATION_DATA]);
        fields.binary(data);
    }
}

/// Beginning of a PUBLISH with QoS 0 and an expiry, which the payload follows.
#[derive(Clone, Copy, Debug)]
pub struct ExpiringHead<'p> {
    /// The topic.
    pub topic: &'p [&'p str],
    /// Whether the broker stores the message.
    pub retain: bool,
    /// The time after which the broker no longer passes the message on, in seconds.
    pub expiry_seconds: u32,
    /// Where the answer goes, and the data that it must have.
    pub response: Option<(&'p [&'p str], &'p [u8])>,
    /// The length of the payload, in bytes.
    pub payload: usize,
}

impl ExpiringHead<'_> {
    /// Returns the length of the packet, with its payload.
    ///
    /// Returns `None` if there can be no such packet.
    pub fn packet_length(&self) -> Option<usize> {
        packet_length(self.payload, &|fields| self.fields(fields))
    }

    /// Writes the packet up to its payload, and returns the number of bytes.
    ///
    /// Returns `None` if they do not fit.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        write_packet(0x30 | u8::from(self.retain), self.payload, out, &|fields| self.fields(fields))
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        fields.text(self.topic);
        let response = self.response.map_or(0, |(topic, data)| {
            let topic: usize = topic.iter().map(|part| part.len()).sum();
            1 + 2 + topic + 1 + 2 + data.len()
        });
        fields.integer(1 + 4 + response);
        fields.push(&[properties::MESSAGE_EXPIRY_INTERVAL]);
        fields.push(&self.expiry_seconds.to_be_bytes());
        if let Some((topic, data)) = self.response {
            fields.push(&[properties::RESPONSE_TOPIC]);
            fields.text(topic);
            fields.push(&[properties::CORRELATION_DATA]);
            fields.binary(data);
        }
    }
}

/// One topic filter of a SUBSCRIBE.
#[derive(Clone, Copy, Debug)]
pub struct Filter<'f> {
    /// The filter.
    pub topic: &'f [&'f str],
    /// Whether the broker sends the messages that it has stored.
    pub retained: bool,
    /// Whether messages keep the retain flag that they were published with. Otherwise the flag says that the broker had stored the
    /// message before.
    pub as_published: bool,
}

/// Writes a SUBSCRIBE with QoS 0, and returns its length.
///
/// Returns `None` if the packet does not fit.
pub fn write_subscribe(packet_id: u16, filters: &[Filter<'_>], out: &mut [u8]) -> Option<usize> {
    write_packet(0x82, 0, out, &|fields| {
        fields.push(&packet_id.to_be_bytes());
        fields.push(&NO_PROPERTIES);
        for filter in filters {
            fields.text(filter.topic);
            // Retain Handling 2 is: no stored messages.
            let handling = if filter.retained { 0x00 } else { 0x20 };
            fields.push(&[handling | u8::from(filter.as_published) << 3]);
        }
    })
}

/// Writes an UNSUBSCRIBE, and returns its length.
///
/// Returns `None` if the packet does not fit.
pub fn write_unsubscribe(packet_id: u16, topics: &[&[&str]], out: &mut [u8]) -> Option<usize> {
    write_packet(0xa2, 0, out, &|fields| {
        fields.push(&packet_id.to_be_bytes());
        fields.push(&NO_PROPERTIES);
        for topic in topics {
            fields.text(topic);
        }
    })
}

/// Returns a DISCONNECT.
///
/// Its empty properties could be left out, but not every broker expects that.
pub fn disconnect(reason: ReasonCode) -> [u8; 4] {
    [0xe0, 2, reason.0, 0]
}

/// Returns the length of a packet with these fields and a payload of so many bytes.
fn packet_length(payload: usize, fields: &dyn Fn(&mut Fields<'_>)) -> Option<usize> {
    let length = count(fields) + payload;
    integer(length).map(|(_, bytes)| 1 + bytes + length)
}

/// Writes a packet up to its payload, and returns the number of bytes, or `None` if they do not fit.
fn write_packet(first: u8, payload: usize, out: &mut [u8], write: &dyn Fn(&mut Fields<'_>)) -> Option<usize> {
    let mut fields = Fields { out, used: 0, fits: true };
    fields.push(&[first]);
    fields.integer(count(write) + payload);
    write(&mut fields);
    fields.fits.then_some(fields.used)
}

/// Returns the length of the fields that `write` writes.
fn count(write: &dyn Fn(&mut Fields<'_>)) -> usize {
    let mut fields = Fields { out: &mut [], used: 0, fits: true };
    write(&mut fields);
    fields.used
}

/// Writer of the fields of one packet, which counts the bytes that do not fit.
struct Fields<'o> {
    out: &'o mut [u8],
    used: usize,
    fits: bool,
}

impl Fields<'_> {
    fn push(&mut self, bytes: &[u8]) {
        let rest = self.out.get_mut(self.used..).unwrap_or_default();
        match rest.split_at_mut_checked(bytes.len()) {
            Some((place, _)) => place.copy_from_slice(bytes),
            None => self.fits = false,
        }
        self.used += bytes.len();
    }

    fn integer(&mut self, value: usize) {
        match integer(value) {
            Some((bytes, length)) => self.push(bytes.get(..length).unwrap_or_default()),
            None => self.fits = false,
        }
    }

    fn text(&mut self, parts: &[&str]) {
        self.length(parts.iter().map(|part| part.len()).sum());
        for part in parts {
            self.push(part.as_bytes());
        }
    }

    fn binary(&mut self, data: &[u8]) {
        self.length(data.len());
        self.push(data);
    }

    fn length(&mut self, length: usize) {
        self.fits &= u16::try_from(length).is_ok();
        let [.., high, low] = length.to_be_bytes();
        self.push(&[high, low]);
    }
}
