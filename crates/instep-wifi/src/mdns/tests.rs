use super::*;
use std::string::{String, ToString};
use std::vec::Vec;

const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 50);
const OTHER: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 99);

fn at(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn lamp(now: Duration) -> Responder {
    Responder::new(now, "lamp".parse().unwrap(), ADDRESS, 24, 80, 7)
}

/// Returns a responder that has its name, and the time at which it got it.
fn known() -> (Responder, Duration) {
    let mut responder = lamp(at(0));
    let mut now = at(0);
    while let Some(next) = responder.wake_at() {
        now = next;
        send(&mut responder, now);
    }
    assert!(responder.has_name());
    // The last multicast of each record is long ago.
    (responder, now + at(10_000))
}

fn send(responder: &mut Responder, now: Duration) -> Option<Read> {
    let mut out = [0; MESSAGE_MAX];
    let length = responder.send(now, &mut out)?;
    Some(read(&out[..length]))
}

fn hear(responder: &mut Responder, now: Duration, from: (Ipv4Addr, u16), message: &[u8]) -> Option<Read> {
    let mut reply = [0; MESSAGE_MAX];
    let length = responder.receive(now, SocketAddrV4::new(from.0, from.1), message, &mut reply)?;
    Some(read(&reply[..length]))
}

/// A message, printed as by dig.
#[derive(Debug, PartialEq)]
struct Read {
    id: u16,
    flags: u16,
    questions: Vec<String>,
    /// Answers, authority records and additional records.
    records: [Vec<String>; 3],
}

/// Parses an uncompressed message without `domain`.
fn read(bytes: &[u8]) -> Read {
    let mut rest = bytes;
    let mut number = || -> u16 { u16::from_be_bytes(take(&mut rest, 2).try_into().unwrap()) };
    let [id, flags, count, answers, authorities, further] = core::array::from_fn(|_| number());
    let question = |rest: &mut &[u8]| {
        let name = name(rest);
        let kind = u16::from_be_bytes(take(rest, 2).try_into().unwrap());
        let class = u16::from_be_bytes(take(rest, 2).try_into().unwrap());
        std::format!("{name} {kind} {class:x}")
    };
    let questions = (0..count).map(|_| question(&mut rest)).collect();
    let records = [answers, authorities, further].map(|count| {
        let record = |_| {
            let head = question(&mut rest);
            let ttl = u32::from_be_bytes(take(&mut rest, 4).try_into().unwrap());
            let length = usize::from(u16::from_be_bytes(take(&mut rest, 2).try_into().unwrap()));
            let mut data = take(&mut rest, length);
            let shown = match head.split(' ').nth(1).unwrap() {
                "1" => Ipv4Addr::from(<[u8; 4]>::try_from(data).unwrap()).to_string(),
                "12" => name(&mut data),
                "33" => std::format!("{:?} {}", take(&mut data, 6).to_vec(), name(&mut data)),
                "47" => std::format!("{} {:?}", name(&mut data), data),
                _ => String::from_utf8_lossy(data).into_owned(),
            };
            std::format!("{head} {ttl} {shown}")
        };
        (0..count).map(record).collect()
    });
    assert!(rest.is_empty(), "{} bytes too many", rest.len());
    Read { id, flags, questions, records }
}

fn take<'b>(rest: &mut &'b [u8], length: usize) -> &'b [u8] {
    let (taken, tail) = rest.split_at(length);
    *rest = tail;
    taken
}

fn name(rest: &mut &[u8]) -> String {
    let mut name = String::new();
    loop {
        let length = usize::from(take(rest, 1)[0]);
        if length == 0 {
            return name;
        }
        name.push_str(core::str::from_utf8(take(rest, length)).unwrap());
        name.push('.');
    }
}

/// A question or a record for a message: a name, a type, a class, and the data of a record.
type Part<'p> = (&'p str, u16, u16, Option<(u32, Vec<u8>)>);

fn encode(name: &str) -> Vec<u8> {
    let labels = name.split('.').filter(|label| !label.is_empty());
    let labels = labels.flat_map(|label| {
        core::iter::once(u8::try_from(label.len()).unwrap()).chain(label.bytes().collect::<Vec<_>>())
    });
    labels.chain([0]).collect()
}

fn message(flags: u16, counts: [u16; 4], parts: &[Part]) -> Vec<u8> {
    let mut out = std::vec![0x12, 0x34];
    out.extend_from_slice(&flags.to_be_bytes());
    out.extend(counts.iter().flat_map(|count| count.to_be_bytes()));
    for (name, kind, class, data) in parts {
        out.extend(encode(name));
        out.extend_from_slice(&kind.to_be_bytes());
        out.extend_from_slice(&class.to_be_bytes());
        if let Some((ttl, data)) = data {
            out.extend_from_slice(&ttl.to_be_bytes());
            out.extend_from_slice(&u16::try_from(data.len()).unwrap().to_be_bytes());
            out.extend_from_slice(data);
        }
    }
    out
}

fn query(name: &str, kind: u16, class: u16) -> Vec<u8> {
    message(0, [1, 0, 0, 0], &[(name, kind, class, None)])
}

/// Returns a response of another host that claims `name`.
fn claim(name: &str, address: Ipv4Addr, ttl: u32) -> Vec<u8> {
    message(0x8400, [0, 1, 0, 0], &[(name, 1, 0x8001, Some((ttl, address.octets().to_vec())))])
}

/// Returns a probe of another host for `name` with each of `addresses`.
fn probe(name: &str, class: u16, records: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut parts: Vec<Part> = std::vec![(name, 255, class, None)];
    parts.extend(records.iter().map(|(kind, data)| (name, *kind, 1, Some((120, data.clone())))));
    message(0, [1, 0, u16::try_from(records.len()).unwrap(), 0], &parts)
}

const HOST: &str = "lamp.local. 1 8001 120 192.168.1.50";
const HOST_ONLY: &str = "lamp.local. 47 8001 120 lamp.local. [0, 1, 64]";
const SERVER: &str = "lamp._http._tcp.local. 33 8001 120 [0, 0, 0, 0, 0, 80] lamp.local.";
const TEXT: &str = "lamp._http._tcp.local. 16 8001 4500 \u{6}path=/";
const SERVICE: &str = "_http._tcp.local. 12 1 4500 lamp._http._tcp.local.";
const KINDS: &str = "_services._dns-sd._udp.local. 12 1 4500 _http._tcp.local.";
const INSTANCE_ONLY: &str =
    "lamp._http._tcp.local. 47 8001 4500 lamp._http._tcp.local. [0, 5, 0, 0, 128, 0, 64]";

#[test]
fn new_name_is_probed_3_times_and_announced_twice() {
    let mut responder = lamp(at(1000));
    let begin = responder.wake_at().unwrap();
    assert!((at(1000)..at(1250)).contains(&begin));
    assert_eq!(send(&mut responder, begin - at(1)), None);
    let mut out = [0; MESSAGE_MAX];
    for times in 0..3 {
        let now = begin + at(250) * times;
        assert_eq!(responder.wake_at(), Some(now));
        assert!(!responder.has_name());
        let probe = send(&mut responder, now).unwrap();
        assert_eq!(probe.flags, 0);
        assert_eq!(probe.questions, ["lamp.local. 255 8001", "lamp._http._tcp.local. 255 8001"]);
        let claimed = [HOST, SERVER, TEXT].map(|record| record.replace(" 8001 ", " 1 "));
        assert_eq!(probe.records, [Vec::new(), claimed.to_vec(), Vec::new()]);
        assert_eq!(responder.send(now, &mut out), None, "once");
    }
    for times in 0..2 {
        let now = begin + at(750) + at(1000) * times;
        assert_eq!(responder.wake_at(), Some(now));
        let reply = send(&mut responder, now).unwrap();
        assert_eq!((reply.id, reply.flags), (0, 0x8400));
        assert_eq!(reply.records[0], [HOST, SERVER, TEXT, SERVICE, KINDS, HOST_ONLY, INSTANCE_ONLY]);
        assert!(responder.has_name());
    }
    assert_eq!(responder.wake_at(), None);
}

#[test]
fn taken_name_gets_a_number() {
    for who in ["lamp.local", "LAMP.Local"] {
        let mut responder = lamp(at(0));
        let begin = responder.wake_at().unwrap();
        // What comes before the first question is old.
        hear(&mut responder, at(0), (OTHER, PORT), &claim(who, OTHER, 120));
        assert_eq!(responder.name().as_str(), "lamp");
        send(&mut responder, begin).unwrap();
        hear(&mut responder, begin, (OTHER, PORT), &claim("lamb.local", OTHER, 120));
        hear(&mut responder, begin, (OTHER, PORT), &claim(who, OTHER, 0));
        hear(&mut responder, begin, (OTHER, 53), &claim(who, OTHER, 120));
        hear(&mut responder, begin, (Ipv4Addr::new(192, 168, 2, 1), PORT), &claim(who, OTHER, 120));
        // Its own words come back to it.
        hear(&mut responder, begin, (ADDRESS, PORT), &claim(who, ADDRESS, 120));
        assert_eq!(responder.name().as_str(), "lamp");

        hear(&mut responder, begin, (OTHER, PORT), &claim(who, OTHER, 120));
        assert_eq!(responder.name().as_str(), "lamp-2");
        let again = responder.wake_at().unwrap();
        let probe = send(&mut responder, again).unwrap();
        assert_eq!(probe.questions[0], "lamp-2.local. 255 8001");
        hear(&mut responder, again, (OTHER, PORT), &claim("lamp-2.local", OTHER, 120));
        assert_eq!(responder.name().as_str(), "lamp-3");
    }
}

#[test]
fn host_or_page_of_that_name_is_a_conflict() {
    let ipv6 = message(0x8400, [0, 0, 0, 1], &[("lamp.local", 28, 0x8001, Some((120, std::vec![0; 16])))]);
    let page = |port: u8, target: &str| {
        let data = [&[0, 0, 0, 0, 0, port], &encode(target)[..]].concat();
        message(0x8400, [0, 1, 0, 0], &[("lamp._http._tcp.local", 33, 0x8001, Some((120, data)))])
    };
    for (other, taken) in [
        (ipv6, true),
        (page(80, "printer.local"), true),
        (page(81, "lamp.local"), true),
        (page(80, "lamp.local"), false),
    ] {
        let mut responder = lamp(at(0));
        let begin = responder.wake_at().unwrap();
        send(&mut responder, begin).unwrap();
        hear(&mut responder, begin, (OTHER, PORT), &other);
        assert_eq!(responder.name().as_str(), if taken { "lamp-2" } else { "lamp" });
    }
}

#[test]
fn many_conflicts_slow_down_probing() {
    let mut responder = lamp(at(0));
    let mut now = at(0);
    for times in 1..=20 {
        now = responder.wake_at().unwrap();
        send(&mut responder, now).unwrap();
        let name = std::format!("{}.local", responder.name());
        hear(&mut responder, now, (OTHER, PORT), &claim(&name, OTHER, 120));
        let wait = responder.wake_at().unwrap() - now;
        assert!(if times < 15 { wait < at(250) } else { wait == at(5000) }, "{times}: {wait:?}");
    }
    assert_eq!(responder.name().as_str(), "lamp-21");
    assert!(now < at(60_000));
}

#[test]
fn simultaneous_probe_of_higher_address_wins() {
    let lower = Ipv4Addr::new(192, 168, 1, 9);
    let of = |address: Ipv4Addr| (1, address.octets().to_vec());
    for (records, waits) in [
        (std::vec![of(OTHER)], true),
        (std::vec![of(lower)], false),
        // Its own question comes back to it.
        (std::vec![of(ADDRESS)], false),
        (std::vec![of(ADDRESS), of(OTHER)], true),
        (std::vec![of(OTHER), of(lower)], false),
        (std::vec![(28, std::vec![0; 16])], true),
        (std::vec![], false),
    ] {
        let mut responder = lamp(at(0));
        let begin = responder.wake_at().unwrap();
        send(&mut responder, begin).unwrap();
        assert_eq!(hear(&mut responder, begin, (OTHER, PORT), &probe("lamp.local", 0x8001, &records)), None);
        let next = begin + if waits { at(1000) } else { at(250) };
        assert_eq!((responder.wake_at(), responder.name().as_str()), (Some(next), "lamp"), "{records:?}");
    }
}

#[test]
fn probe_for_an_owned_name_is_answered_at_once() {
    let (mut responder, now) = known();
    for class in [1, 0x8001] {
        let asked = probe("lamp.local", class, &[(1, OTHER.octets().to_vec())]);
        let reply = hear(&mut responder, now, (OTHER, PORT), &asked).unwrap();
        assert_eq!(reply.records, [std::vec![HOST.into()], std::vec![], std::vec![HOST_ONLY.to_string()]]);
    }
    assert_eq!(responder.wake_at(), None);

    // Another host claims the name nevertheless, so the device probes again, and yields to its response.
    hear(&mut responder, now, (OTHER, PORT), &claim("lamp.local", OTHER, 120));
    assert!(!responder.has_name());
    let again = responder.wake_at().unwrap();
    send(&mut responder, again).unwrap();
    hear(&mut responder, again, (OTHER, PORT), &claim("lamp.local", OTHER, 120));
    assert_eq!(responder.name().as_str(), "lamp-2");
}

#[test]
fn question_gets_a_multicast_answer() {
    for (name, kind, answers, further) in [
        ("lamp.local", 1, &[HOST][..], &[HOST_ONLY][..]),
        ("LAMP.local", 255, &[HOST], &[HOST_ONLY]),
        ("lamp.local", 28, &[HOST_ONLY], &[HOST]),
        ("_http._tcp.local", 12, &[SERVICE], &[HOST, SERVER, TEXT]),
        ("lamp._http._tcp.local", 33, &[SERVER], &[HOST]),
        ("lamp._http._tcp.local", 16, &[TEXT], &[]),
        ("lamp._http._tcp.local", 255, &[SERVER, TEXT], &[HOST]),
        ("lamp._http._tcp.local", 1, &[INSTANCE_ONLY], &[]),
        ("_services._dns-sd._udp.local", 12, &[KINDS], &[]),
    ] {
        let (mut responder, now) = known();
        assert_eq!(hear(&mut responder, now, (OTHER, PORT), &query(name, kind, 1)), None);
        let due = responder.wake_at().unwrap();
        let shared = answers == [SERVICE] || answers == [KINDS];
        let wait = due - now;
        assert!(if shared { (at(20)..at(120)).contains(&wait) } else { wait == at(0) }, "{name} {wait:?}");
        let reply = send(&mut responder, due).unwrap();
        assert_eq!((reply.id, reply.flags, reply.questions.len()), (0, 0x8400, 0));
        assert_eq!(reply.records, [answers, &[], further], "{name} {kind}");
        assert_eq!(send(&mut responder, due), None);

        // Not again within a second.
        hear(&mut responder, due + at(999), (OTHER, PORT), &query(name, kind, 1));
        let next = responder.wake_at().unwrap();
        assert_eq!(send(&mut responder, next.min(due + at(999))), None);
        hear(&mut responder, due + at(1000), (OTHER, PORT), &query(name, kind, 255));
        let next = responder.wake_at().unwrap();
        assert!(send(&mut responder, next).is_some());
    }
}

#[test]
fn unicast_or_legacy_question_gets_unicast() {
    let (mut responder, now) = known();
    let reply = hear(&mut responder, now, (OTHER, PORT), &query("lamp.local", 1, 0x8001)).unwrap();
    assert_eq!((reply.id, reply.questions.len()), (0, 0));
    assert_eq!(reply.records, [std::vec![HOST.to_string()], std::vec![], std::vec![HOST_ONLY.to_string()]]);
    // An ordinary resolver gets its own id and question, a short time to live, and no bit of multicast DNS.
    let reply = hear(&mut responder, now, (OTHER, 40000), &query("Lamp.local", 1, 1)).unwrap();
    assert_eq!((reply.id, reply.flags), (0x1234, 0x8400));
    assert_eq!(reply.questions, ["lamp.local. 1 1"]);
    assert_eq!(reply.records[0], ["lamp.local. 1 1 10 192.168.1.50"]);
    assert_eq!(responder.wake_at(), None);
}

#[test]
fn unrelated_message_gets_no_answer() {
    let (mut responder, now) = known();
    let good = query("lamp.local", 1, 1);
    let with_flags = |flags: u16| {
        let mut message = good.clone();
        message[2..4].copy_from_slice(&flags.to_be_bytes());
        message
    };
    for message in [
        query("lamp", 1, 1),
        query("lamp.local.local", 1, 1),
        query("lamp-2.local", 1, 1),
        query("_http._tcp.local", 33, 1),
        query("_services._dns-sd._udp.local", 1, 1),
        query("lamp.local", 1, 3),
        with_flags(0x2800),
        with_flags(0x0003),
        message(0, [1, 0, 0, 0], &[]),
        std::vec![],
    ] {
        assert_eq!(hear(&mut responder, now, (OTHER, 40000), &message), None);
        assert_eq!(hear(&mut responder, now, (OTHER, PORT), &message), None);
        assert_eq!(responder.wake_at(), None, "{message:?}");
    }
    for length in 0..good.len() {
        assert_eq!(hear(&mut responder, now, (OTHER, 40000), &good[..length]), None);
    }
    let far = (Ipv4Addr::new(8, 8, 8, 8), PORT);
    assert_eq!(hear(&mut responder, now, far, &query("lamp.local", 1, 0x8001)), None);
    // It does not answer while it probes for the name, either.
    assert_eq!(hear(&mut lamp(at(0)), at(0), (OTHER, PORT), &query("lamp.local", 1, 0x8001)), None);
}

#[test]
fn compressed_names_are_followed() {
    let (mut responder, now) = known();
    // `lamp` and a pointer to the `local` of the first question, which asks for another name.
    let mut pointed = message(0, [2, 0, 0, 0], &[("other.local", 1, 0x8001, None)]);
    pointed.extend_from_slice(b"\x04lamp\xc0\x12\x00\x01\x80\x01");
    let reply = hear(&mut responder, now, (OTHER, PORT), &pointed).unwrap();
    assert_eq!(reply.records[0], [HOST]);
    let mut looped = message(0, [1, 0, 0, 0], &[]);
    looped.extend_from_slice(b"\x04lamp\xc0\x0c\x00\x01\x80\x01");
    assert_eq!(hear(&mut responder, now, (OTHER, PORT), &looped), None);
}

#[test]
fn longest_message_fits() {
    let name: Name = "a".repeat(32).parse().unwrap();
    let mut responder = Responder::new(at(0), name, ADDRESS, 24, 65535, 1);
    while let Some(next) = responder.wake_at() {
        assert!(responder.send(next, &mut [0; MESSAGE_MAX]).is_some());
    }
    assert!(responder.has_name());
    // Which does not write beyond a shorter one.
    let mut responder = Responder::new(at(0), name, ADDRESS, 24, 65535, 1);
    assert_eq!(responder.send(at(250), &mut [0; 100]), None);
    assert_eq!(responder.send(at(500), &mut []), None);
}
