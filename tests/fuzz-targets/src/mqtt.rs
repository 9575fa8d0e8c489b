//! Packets of an MQTT broker, compared with a model, at any split.
//!
//! Input: the Maximum Packet Size, in units of four bytes, and what the broker sends.

use instep::Instant;
use instep_mqtt::packet::{Connect, Incoming};
use instep_mqtt::{Connection, Event};
use instep_proto::delivery::{FixedBuffer, Outgoing};

const CONNECT: Connect<'_> = Connect {
    client_id: "a",
    keep_alive: 10,
    maximum_packet_size: 1,
    user: None,
    password: None,
    will: None,
};

/// Checks the packets in `data`.
pub(crate) fn check(data: &[u8]) {
    let Some((max, stream)) = data.split_first() else { return };
    let max = usize::from(*max) * 4;
    let mut rest = stream;
    loop {
        let read = Incoming::read(rest, max);
        match (read, model(rest, max)) {
            (Ok(Some((packet, length))), Model::Packet(expected, expected_length)) => {
                assert_eq!((shown(packet), length), (expected, expected_length));
                for shorter in 0..length {
                    assert_eq!(Incoming::read(&rest[..shorter], max), Ok(None));
                }
                rest = &rest[length..];
            }
            (Ok(None), Model::Incomplete) | (Err(_), Model::Malformed) => break,
            // It looks at less of the packet before it rejects it.
            (Ok(None), Model::Malformed) => {
                assert!(rest.len() < 6, "a malformed packet waits for more");
                break;
            }
            (read, expected) => panic!("{read:?} is not {expected:?}"),
        }
    }
    connect(stream, max);
}

/// Passes the stream to a connection, byte by byte and at once.
fn connect(stream: &[u8], max: usize) {
    let run = |step: usize| {
        let now = Instant::from_millis(0);
        let (mut scratch, mut unsent) = ([0; 200], FixedBuffer::new(vec![0; 100].leak()));
        let mut connection = Connection::new(now, max);
        let mut out = Outgoing::load(&mut scratch, &mut unsent, 100);
        connection.transmit(now, &CONNECT, &mut out);
        let (mut begin, mut end, mut events) = (0, 0, Vec::new());
        loop {
            match connection.receive(now, &stream[begin..end]) {
                Ok(Some((event, length))) => {
                    events.push(described(event));
                    begin += length;
                }
                Ok(None) if end < stream.len() => end = (end + step).min(stream.len()),
                Ok(None) => return (events, None),
                Err(ended) => return (events, Some(ended)),
            }
        }
    };
    assert_eq!(run(1), run(stream.len()), "the connection depends on the split");
}

fn described(event: Event<'_>) -> String {
    match event {
        Event::Opened(answer) => shown(Incoming::ConnAck(answer)),
        Event::Message(message) => shown(Incoming::Publish(message)),
        Event::Subscribed(answer) => shown(Incoming::SubAck(answer)),
        Event::Alive => "ping".into(),
    }
}

/// Returns what a packet says, as the model does.
fn shown(packet: Incoming<'_>) -> String {
    match packet {
        Incoming::ConnAck(answer) => format!(
            "connack {} {:?} {} {} {}",
            answer.reason.0,
            answer.keep_alive,
            answer.maximum_packet_size,
            answer.retain_available,
            answer.wildcard_available
        ),
        Incoming::Publish(message) => format!(
            "publish {} {} {:?} {:?} {:?}",
            message.topic, message.retain, message.response_topic, message.correlation_data, message.payload
        ),
        Incoming::SubAck(answer) => {
            let reasons: Vec<u8> = answer.reasons().map(|reason| reason.0).collect();
            format!("suback {} {reasons:?}", answer.packet_id)
        }
        Incoming::UnsubAck(answer) => shown(Incoming::SubAck(answer)).replace("suback", "unsuback"),
        Incoming::PingResp => "ping".into(),
        Incoming::Disconnect(reason) => format!("disconnect {}", reason.0),
    }
}

#[derive(Debug)]
enum Model {
    Packet(String, usize),
    Incomplete,
    Malformed,
}

/// Reads one packet, as sections 2 and 3 of the standard say.
fn model(input: &[u8], max: usize) -> Model {
    let Some(first) = input.first() else { return Model::Incomplete };
    if ![2, 3, 9, 11, 13, 14].contains(&(first >> 4)) || (first >> 4 != 3 && first & 15 != 0) {
        return Model::Malformed;
    }
    let digits = input[1..].iter().take(4).take_while(|byte| **byte >= 128).count() + 1;
    if digits > 4 {
        return Model::Malformed;
    }
    let Some(bytes) = input.get(1..=digits) else { return Model::Incomplete };
    let length = bytes.iter().rev().fold(0, |value, byte| value * 128 + usize::from(byte & 127));
    if (digits > 1 && bytes[digits - 1] == 0) || 1 + digits + length > max {
        return Model::Malformed;
    }
    let Some(content) = input.get(1 + digits..1 + digits + length) else { return Model::Incomplete };
    match content_of(*first, &mut content.to_vec()) {
        Some(packet) => Model::Packet(packet, 1 + digits + length),
        None => Model::Malformed,
    }
}

/// Reads a packet after its fixed header, by removing its fields from the front.
fn content_of(first: u8, rest: &mut Vec<u8>) -> Option<String> {
    let packet = match first >> 4 {
        2 => {
            let (flags, code) = (number(rest, 1)?, number(rest, 1)?);
            let numbers = properties(rest, 2)?;
            let of = |id| numbers.iter().find(|property| property.0 == id).map(|property| property.1);
            (flags < 2).then(|| {
                format!(
                    "connack {code} {:?} {} {} {}",
                    of(0x13),
                    of(0x27).unwrap_or(u32::MAX.into()),
                    of(0x25) != Some(0),
                    of(0x28) != Some(0)
                )
            })?
        }
        3 => {
            if first & 0b1110 != 0 {
                return None;
            }
            let topic = text(rest)?;
            let all = properties(rest, 3)?;
            let of = |id| all.iter().find(|property| property.0 == id).map(|property| &property.2);
            let response = of(0x08).map(|bytes| String::from_utf8(bytes.clone()).expect("it is UTF-8"));
            let is_wrong = |topic: &String| topic.is_empty() || topic.contains('+') || topic.contains('#');
            if is_wrong(&topic) || of(0x23).is_some() {
                return None;
            }
            let response = response.filter(|topic| !is_wrong(topic));
            let payload = std::mem::take(rest);
            format!("publish {topic} {} {response:?} {:?} {payload:?}", first & 1 == 1, of(0x09))
        }
        9 => {
            let id = number(rest, 2)?;
            properties(rest, 9)?;
            format!("suback {id} {:?}", std::mem::take(rest))
        }
        11 => {
            let id = number(rest, 2)?;
            properties(rest, 9)?;
            format!("unsuback {id} {:?}", std::mem::take(rest))
        }
        13 => "ping".into(),
        _ => {
            let code = if rest.is_empty() { 0 } else { number(rest, 1)? };
            if !rest.is_empty() {
                properties(rest, 14)?;
            }
            format!("disconnect {code}")
        }
    };
    rest.is_empty().then_some(packet)
}

/// Reads properties, each as its id, its number and its bytes.
fn properties(rest: &mut Vec<u8>, packet: u8) -> Option<Vec<(u8, u64, Vec<u8>)>> {
    let length = variable(rest)?;
    let mut inner = taken(rest, length)?;
    let mut all: Vec<(u8, u64, Vec<u8>)> = Vec::new();
    while !inner.is_empty() {
        let id = u8::try_from(number(&mut inner, 1)?).ok()?;
        let allowed: &[u8] = match id {
            1 | 2 | 3 | 8 | 9 | 11 | 35 => &[3],
            17 | 18 | 19 | 21 | 22 | 26 | 33 | 34 | 36 | 37 | 39..=42 => &[2],
            28 => &[2, 14],
            31 => &[2, 9, 14],
            38 => &[2, 3, 9, 14],
            _ => &[],
        };
        let repeated = all.iter().any(|property| property.0 == id);
        if !allowed.contains(&packet) || (repeated && id != 11 && id != 38) {
            return None;
        }
        let (number, bytes) = match id {
            1 => (number(&mut inner, 1)?, vec![]),
            36 | 37 | 40..=42 => (number(&mut inner, 1).filter(|value| *value < 2)?, vec![]),
            19 | 34 | 35 => (number(&mut inner, 2)?, vec![]),
            33 => (number(&mut inner, 2).filter(|value| *value > 0)?, vec![]),
            2 | 17 => (number(&mut inner, 4)?, vec![]),
            39 => (number(&mut inner, 4).filter(|value| *value > 0)?, vec![]),
            11 => (variable(&mut inner).filter(|value| *value > 0)? as u64, vec![]),
            9 | 22 => {
                let length = number(&mut inner, 2)?;
                (1, taken(&mut inner, usize::try_from(length).ok()?)?)
            }
            38 => {
                text(&mut inner)?;
                (1, text(&mut inner)?.into_bytes())
            }
            _ => (1, text(&mut inner)?.into_bytes()),
        };
        all.push((id, number, bytes));
    }
    Some(all)
}

fn taken(rest: &mut Vec<u8>, length: usize) -> Option<Vec<u8>> {
    (length <= rest.len()).then(|| rest.drain(..length).collect())
}

fn number(rest: &mut Vec<u8>, bytes: usize) -> Option<u64> {
    Some(taken(rest, bytes)?.iter().fold(0, |value, byte| value * 256 + u64::from(*byte)))
}

fn text(rest: &mut Vec<u8>) -> Option<String> {
    let length = number(rest, 2)?;
    let text = String::from_utf8(taken(rest, usize::try_from(length).ok()?)?).ok()?;
    (!text.contains('\0')).then_some(text)
}

fn variable(rest: &mut Vec<u8>) -> Option<usize> {
    let mut value = 0;
    for index in 0..4 {
        let byte = usize::try_from(number(rest, 1)?).ok()?;
        value += (byte & 127) << (7 * index);
        if byte < 128 {
            return (byte > 0 || index == 0).then_some(value);
        }
    }
    None
}
