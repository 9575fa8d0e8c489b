//! The responder of multicast DNS.
//!
//! Input: steps. A first byte below 128 advances the clock by that many times 10 ms, during which the
//! responder sends. Another one is the first of a message: its bits say whether it is a response, a probe,
//! from another port, from far away, and whether the first question or record, whose type follows, is about
//! the host or the page. 255 begins a message of any bytes, preceded by their number.

use crate::script::first;
use instep_wifi::mdns::{MESSAGE_MAX, PORT, Responder};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

const DEVICE: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 50);
const NEAR: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 99);
const FAR: Ipv4Addr = Ipv4Addr::new(192, 168, 2, 99);

/// Checks the answers to `data`.
pub(crate) fn check(mut data: &[u8]) {
    let wanted = "lamp".parse().expect("not a valid name");
    let mut now = Duration::from_secs(1);
    let mut responder = Responder::new(now, wanted, DEVICE, 24, 80, 0x1234_5678);
    let mut sent = Sent::default();
    while let [step, rest @ ..] = data {
        data = rest;
        if *step < 128 {
            let until = now + Duration::from_millis(10) * u32::from(*step);
            while let Some(next) = responder.wake_at().filter(|next| *next <= until) {
                now = next.max(now);
                sent.all(&mut responder, now);
            }
            now = until;
            continue;
        }
        let message = if *step == 255 {
            let (length, rest) = first(data);
            let (message, rest) = rest.split_at(usize::from(length).min(rest.len()));
            data = rest;
            message.to_vec()
        } else {
            let (kind, rest) = first(data);
            let (octet, rest) = first(rest);
            data = rest;
            compose(*step, kind, octet, responder.name().as_str())
        };
        let port = if step & 4 != 0 && *step != 255 { 40000 } else { PORT };
        let from = if step & 8 != 0 && *step != 255 { FAR } else { NEAR };
        let (name, had) = (*responder.name(), responder.has_name());
        let mut reply = [0xee; MESSAGE_MAX];
        if let Some(length) = responder.receive(now, SocketAddrV4::new(from, port), &message, &mut reply) {
            assert!(had && from == NEAR, "it answers for a foreign name");
            let (flags, questions) = judge(&reply[..length], &name.to_string());
            assert_eq!((flags, questions > 0), (0x8400, port != PORT));
        }
        if *responder.name() != name || responder.has_name() != had {
            assert!(
                from == NEAR && port == PORT && message[2] & 0x80 != 0,
                "a message other than a response changed the name"
            );
            assert!(had || *responder.name() != name);
            let number = responder.name().as_str().strip_prefix("lamp-").map(str::parse::<u16>);
            assert!(responder.name().as_str() == "lamp" || matches!(number, Some(Ok(2..))));
        }
    }
}

/// Messages sent to all.
#[derive(Default)]
struct Sent {
    /// Times of the last ones.
    times: Vec<Duration>,
}

impl Sent {
    /// Sends all messages that are due at `now`.
    fn all(&mut self, responder: &mut Responder, now: Duration) {
        let mut out = [0xee; MESSAGE_MAX];
        while let Some(length) = responder.send(now, &mut out) {
            let (flags, questions) = judge(&out[..length], responder.name().as_str());
            assert_eq!((flags, questions), if responder.has_name() { (0x8400, 0) } else { (0, 2) });
            self.times.retain(|time| now - *time < Duration::from_secs(1));
            self.times.push(now);
            // One for each record, and the probes and announcements of one name after the other.
            assert!(self.times.len() <= 16, "it floods the network");
        }
        assert!(responder.wake_at().is_none_or(|next| next > now), "a due message was not sent");
    }
}

/// Returns a message about the responder's names.
fn compose(step: u8, kind: u8, octet: u8, name: &str) -> Vec<u8> {
    let (response, probe) = (step & 1 != 0, step & 2 != 0);
    let mut owner = Vec::new();
    let labels: &[&str] = match step >> 4 & 3 {
        0 => &[name, "local"],
        1 => &[name, "_http", "_tcp", "local"],
        2 => &["_http", "_tcp", "local"],
        _ => &["_services", "_dns-sd", "_udp", "local"],
    };
    for label in labels {
        owner.push(u8::try_from(label.len()).expect("a label is longer than 63 bytes"));
        owner.extend(label.bytes());
    }
    owner.push(0);
    let class = if step & 64 != 0 { [0x80, 1] } else { [0, 1] };
    let question = [&owner[..], &[0, kind], &class].concat();
    let address = [192, 168, 1, octet];
    let record =
        [&owner[..], &[0, kind, class[0] * u8::from(response), 1, 0, 0, 0, 120, 0, 4], &address].concat();
    let counts = [u8::from(!response), u8::from(response), u8::from(probe && !response), 0];
    let mut out = vec![7, 7, if response { 0x84 } else { 0 }, 0];
    out.extend(counts.iter().flat_map(|count| [0, *count]));
    if !response {
        out.extend(question);
    }
    if response || probe {
        out.extend(record);
    }
    out
}

/// Checks a message of the responder, which is only about its names; returns its
/// flags and number of questions.
fn judge(message: &[u8], name: &str) -> (u16, u16) {
    let number = |index: usize| u16::from_be_bytes([message[index], message[index + 1]]);
    let mut index = 12;
    let read_name = |index: &mut usize| {
        let mut labels = Vec::new();
        while message[*index] != 0 {
            let end = *index + 1 + usize::from(message[*index]);
            labels.push(String::from_utf8_lossy(&message[*index + 1..end]).to_lowercase());
            *index = end;
        }
        *index += 1;
        labels.join(".")
    };
    let names = ["", "_http._tcp.local", "_services._dns-sd._udp.local"];
    let (host, instance) = (format!("{name}.local"), format!("{name}._http._tcp.local"));
    for _ in 0..number(4) {
        let asked = read_name(&mut index);
        assert!(asked == host || asked == instance || names[1..].contains(&&*asked), "{asked}");
        index += 4;
    }
    assert!(number(6) > 0 || number(8) > 0);
    for _ in 0..number(6) + number(8) + number(10) {
        let owner = read_name(&mut index);
        let (kind, class) = (number(index), number(index + 2));
        let length = usize::from(number(index + 8));
        let begin = index + 10;
        index = begin + length;
        let mut inside = begin;
        match (kind, &*owner) {
            (1, owner) if owner == host => assert_eq!(message[begin..index], DEVICE.octets()),
            (16, owner) if owner == instance => assert_eq!(&message[begin..index], b"\x06path=/"),
            (33, owner) if owner == instance => {
                inside += 6;
                assert_eq!((number(begin + 4), read_name(&mut inside)), (80, host.clone()));
            }
            (47, owner) if owner == host || owner == instance => assert_eq!(read_name(&mut inside), *owner),
            (12, "_http._tcp.local") => assert_eq!(read_name(&mut inside), instance),
            (12, "_services._dns-sd._udp.local") => assert_eq!(read_name(&mut inside), names[1]),
            other => panic!("{other:?}"),
        }
        assert_eq!(class & 0x7fff, 1);
    }
    assert_eq!(index, message.len(), "bytes behind the last record");
    (number(2), number(4))
}
