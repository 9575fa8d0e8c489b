use super::*;
use std::vec::Vec;

const DEVICE: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 1);
const PORTAL: &str = "http://192.168.4.1/";
const NOW: Duration = Duration::from_secs(1000);

const DISCOVER: u8 = 1;
const OFFERED: u8 = 2;
const REQUEST: u8 = 3;
const DECLINE: u8 = 4;
const ACK: u8 = 5;
const NAK: u8 = 6;
const RELEASE: u8 = 7;
const INFORM: u8 = 8;

/// First messages of phones and laptops: their flags, and their options in their typical order and with their typical
/// lists. MAC addresses and names are invented.
const PHONES: [(&str, [u8; 2], &[u8]); 3] = [
    // A random MAC, maximum size 1500, `android-dhcp-14`, a request for the portal, rapid commit.
    (
        "Android 14",
        [0, 0],
        b"\x35\x01\x01\x3d\x07\x01\x02\x00\x00\x00\x00\x07\x39\x02\x05\xdc\x3c\x0fandroid-dhcp-14\
          \x0c\x07Pixel-8\x37\x0c\x01\x03\x06\x0f\x1a\x1c\x33\x3a\x3b\x2b\x72\x6c\x50\x00\xff",
    ),
    // No name, requests for the portal and IPv6-only, a lease of 90 days.
    (
        "iOS 17",
        [0, 0],
        b"\x35\x01\x01\x37\x0a\x01\x79\x03\x06\x0f\x6c\x72\x77\xa2\xfc\x39\x02\x05\xdc\
          \x3d\x07\x01\x02\x00\x00\x00\x00\x07\x33\x04\x00\x76\xa7\x00\xff\x00\x00\x00",
    ),
    // A reply by broadcast, a request for the address of another network, and the vendor class `MSFT 5.0`.
    (
        "Windows 11",
        [0x80, 0],
        b"\x35\x01\x01\x3d\x07\x01\x02\x00\x00\x00\x00\x07\x32\x04\xc0\xa8\x01\x63\x0c\x06LAPTOP\
          \x3c\x08MSFT 5.0\x37\x0e\x01\x03\x06\x0f\x1f\x21\x2b\x2c\x2e\x2f\x77\x79\xf9\xfc\xff",
    ),
];

/// Returns a message from the client with that last byte of its MAC address, and with that address, if any.
fn message(client: u8, at: Ipv4Addr, flags: [u8; 2], options: &[u8]) -> Vec<u8> {
    let mut message = std::vec![1, 1, 6, 0, 0xca, 0xfe, 0, client, 0, 3, flags[0], flags[1]];
    message.extend_from_slice(&at.octets());
    message.extend_from_slice(&[0; 12]);
    message.extend_from_slice(&[2, 0, 0, 0, 0, client]);
    message.extend_from_slice(&[0; 10 + 64 + 128]);
    message.extend_from_slice(&[99, 130, 83, 99]);
    message.extend_from_slice(options);
    message
}

fn ask(client: u8, kind: u8, at: Ipv4Addr, wanted: Option<Ipv4Addr>, server: Option<Ipv4Addr>) -> Vec<u8> {
    let mut options = std::vec![53, 1, kind];
    for (code, address) in [(50, wanted), (54, server)] {
        if let Some(address) = address {
            options.extend_from_slice(&[code, 4]);
            options.extend_from_slice(&address.octets());
        }
    }
    options.push(255);
    message(client, at, [0, 0], &options)
}

/// A reply, parsed without `smoltcp`.
struct Answered {
    kind: u8,
    yours: Ipv4Addr,
    to: Ipv4Addr,
    bytes: Vec<u8>,
}

impl Answered {
    fn option(&self, code: u8) -> Option<&[u8]> {
        let mut rest = &self.bytes[240..];
        while let [found, length, tail @ ..] = rest {
            if *found == 255 {
                return None;
            }
            let (data, tail) = tail.split_at(usize::from(*length));
            if *found == code {
                return Some(data);
            }
            rest = tail;
        }
        panic!("there is no end")
    }
}

fn send<const N: usize>(server: &mut Server<N>, now: Duration, message: &[u8]) -> Option<Answered> {
    let mut reply = [0xee; REPLY_MAX];
    let answer = server.answer(now, message, &mut reply)?;
    let bytes = reply[..answer.length].to_vec();
    assert!(bytes.len() >= 300 && reply[answer.length..].iter().all(|byte| *byte == 0xee));
    assert_eq!((&bytes[..3], &bytes[4..8]), (&[2, 1, 6][..], &message[4..8]), "of this transaction");
    assert_eq!(bytes[28..44], message[28..44], "for this hardware");
    let yours = Ipv4Addr::new(bytes[16], bytes[17], bytes[18], bytes[19]);
    let mut answered = Answered { kind: 0, yours, to: answer.to, bytes };
    answered.kind = answered.option(53).unwrap()[0];
    assert_eq!(answered.option(54), Some(&DEVICE.octets()[..]));
    Some(answered)
}

fn host(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 168, 4, last)
}

const NOWHERE: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

/// Gets a lease: discover, offer, request, ACK.
fn join<const N: usize>(server: &mut Server<N>, now: Duration, client: u8) -> Option<Ipv4Addr> {
    let offer = send(server, now, &ask(client, DISCOVER, NOWHERE, None, None))?;
    let ack = send(server, now, &ask(client, REQUEST, NOWHERE, Some(offer.yours), Some(DEVICE)))?;
    (ack.kind == ACK).then_some(ack.yours)
}

#[test]
fn phone_gets_an_address_and_its_options() {
    for (phone, flags, options) in PHONES {
        let mut server = Server::<4>::new(DEVICE, PORTAL);
        let discover = message(7, NOWHERE, flags, options);
        let offer = send(&mut server, NOW, &discover).unwrap();
        assert_eq!((offer.kind, offer.yours, offer.to), (OFFERED, host(2), Ipv4Addr::BROADCAST), "{phone}");
        assert_eq!(server.leases(NOW).count(), 0);

        let mut options = options.to_vec();
        options[2] = REQUEST;
        let end = options.iter().rposition(|byte| *byte == 255).unwrap();
        options.splice(end.., [50, 4, 192, 168, 4, 2, 54, 4, 192, 168, 4, 1, 255]);
        let ack = send(&mut server, NOW, &message(7, NOWHERE, flags, &options)).unwrap();
        assert_eq!((ack.kind, ack.yours, ack.to), (ACK, host(2), Ipv4Addr::BROADCAST), "{phone}");
        assert_eq!(server.leases(NOW).collect::<Vec<_>>(), [(host(2), [2, 0, 0, 0, 0, 7])]);
        for answer in [offer, ack] {
            assert_eq!(answer.option(1), Some(&[255, 255, 255, 0][..]));
            assert_eq!(answer.option(3), Some(&DEVICE.octets()[..]));
            assert_eq!(answer.option(6), Some(&DEVICE.octets()[..]));
            assert_eq!(answer.option(51), Some(&[0, 0, 0x0e, 0x10][..]));
            assert_eq!(answer.option(61), Some(&[1, 2, 0, 0, 0, 0, 7][..]));
            // Windows does not ask for it, and does not get it.
            assert_eq!(answer.option(114), (phone != "Windows 11").then_some(PORTAL.as_bytes()));
            assert_eq!(answer.bytes[10..12], flags);
        }
    }
}

#[test]
fn client_gets_its_own_address_again() {
    let mut server = Server::<3>::new(DEVICE, PORTAL);
    for client in [1, 2, 3] {
        assert_eq!(join(&mut server, NOW, client), Some(host(client + 1)));
    }
    assert_eq!(join(&mut server, NOW, 2), Some(host(3)), "it comes back");
    assert_eq!(join(&mut server, NOW, 4), None, "there are no more");
    // The first client renews its lease at half of its time, and the others leave without a release.
    let renewal = send(&mut server, NOW + LEASE / 2, &ask(1, REQUEST, host(2), None, None)).unwrap();
    assert_eq!((renewal.kind, renewal.yours, renewal.to), (ACK, host(2), host(2)));
    assert_eq!(join(&mut server, NOW + LEASE, 4), Some(host(3)), "the one that has been free for longest");
    assert_eq!(join(&mut server, NOW + LEASE, 5), Some(host(4)));
    assert_eq!(join(&mut server, NOW + LEASE, 6), None);
    assert_eq!(join(&mut server, NOW + LEASE * 3 / 2, 6), Some(host(2)));
}

#[test]
fn address_of_the_device_is_never_leased() {
    let mut server = Server::<253>::new(host(77), PORTAL);
    let all: Vec<Ipv4Addr> = (0..253).map(|at| server.address_of(at)).collect();
    assert_eq!((all[0], all[75], all[76], all[252]), (host(1), host(76), host(78), host(254)));
    assert!(!all.contains(&host(77)));
    assert!(server.answer(NOW, &ask(1, REQUEST, NOWHERE, Some(host(77)), None), &mut [0; 576]).is_some());
    assert_eq!(server.leases(NOW).count(), 0);
}

#[test]
fn client_keeps_its_address_after_a_restart() {
    let mut server = Server::<3>::new(DEVICE, PORTAL);
    let known = send(&mut server, NOW, &ask(1, REQUEST, NOWHERE, Some(host(4)), None)).unwrap();
    assert_eq!((known.kind, known.yours), (ACK, host(4)));
    // Another one believes that it is its own; one comes from another network.
    for wanted in [host(4), Ipv4Addr::new(192, 168, 1, 99), host(1), host(5), host(0)] {
        let refused = send(&mut server, NOW, &ask(2, REQUEST, NOWHERE, Some(wanted), None)).unwrap();
        assert_eq!((refused.kind, refused.yours, refused.to), (NAK, NOWHERE, Ipv4Addr::BROADCAST));
        assert!([1, 3, 6, 51, 114].iter().all(|code| refused.option(*code).is_none()));
    }
    let rebound = send(&mut server, NOW, &ask(2, REQUEST, host(4), None, None)).unwrap();
    assert_eq!((rebound.kind, rebound.to), (NAK, Ipv4Addr::BROADCAST));
}

#[test]
fn offer_is_reserved_until_it_expires() {
    let mut server = Server::<1>::new(DEVICE, PORTAL);
    let discover = |client| ask(client, DISCOVER, NOWHERE, None, None);
    assert!(send(&mut server, NOW, &discover(1)).is_some());
    assert!(send(&mut server, NOW, &discover(2)).is_none());
    assert!(send(&mut server, NOW + OFFER, &discover(2)).is_some());
    // It takes that of another server.
    let elsewhere = ask(2, REQUEST, NOWHERE, Some(host(9)), Some(host(99)));
    assert!(send(&mut server, NOW + OFFER, &elsewhere).is_none());
    assert_eq!(join(&mut server, NOW + OFFER, 3), Some(host(2)));
    // A lease does not end by a later offer.
    assert!(send(&mut server, NOW + OFFER, &discover(3)).is_some());
    assert_eq!(server.leases(NOW + OFFER * 3).count(), 1);
}

#[test]
fn released_or_declined_address_is_handled() {
    let mut server = Server::<2>::new(DEVICE, PORTAL);
    assert_eq!(join(&mut server, NOW, 1), Some(host(2)));
    // A client cannot release the address of another.
    assert!(send(&mut server, NOW, &ask(2, RELEASE, host(2), None, Some(DEVICE))).is_none());
    assert!(send(&mut server, NOW, &ask(2, DECLINE, NOWHERE, Some(host(2)), Some(DEVICE))).is_none());
    assert_eq!(server.leases(NOW).count(), 1);
    assert!(send(&mut server, NOW, &ask(1, RELEASE, host(2), None, Some(DEVICE))).is_none());
    assert_eq!(server.leases(NOW).count(), 0);
    assert_eq!(join(&mut server, NOW, 1), Some(host(2)), "it is as it was");

    assert!(send(&mut server, NOW, &ask(1, DECLINE, NOWHERE, Some(host(2)), Some(DEVICE))).is_none());
    assert_eq!(join(&mut server, NOW, 1), Some(host(3)));
    assert_eq!(join(&mut server, NOW, 2), None);
    assert_eq!(join(&mut server, NOW + LEASE, 2), Some(host(2)));
}

#[test]
fn inform_gets_options_without_a_lease() {
    let mut server = Server::<2>::new(DEVICE, PORTAL);
    let reply = send(&mut server, NOW, &ask(1, INFORM, host(50), None, None)).unwrap();
    assert_eq!((reply.kind, reply.yours, reply.to), (ACK, NOWHERE, host(50)));
    assert_eq!((reply.option(51), reply.option(6)), (None, Some(&DEVICE.octets()[..])));
    assert_eq!(server.leases(NOW).count(), 0);
}

#[test]
fn malformed_request_gets_no_answer() {
    let mut server = Server::<2>::new(DEVICE, PORTAL);
    let good = ask(1, DISCOVER, NOWHERE, None, None);
    let (type_ends, mut reply) = (243, [0; REPLY_MAX]);
    for length in 0..type_ends {
        assert_eq!(server.answer(NOW, &good[..length], &mut reply), None, "cut after {length} bytes");
    }
    // An answer, another kind of hardware and of address, from a relay, no cookie, no kind, kinds of servers.
    for (at, byte) in [
        (0, 2),
        (1, 6),
        (2, 8),
        (24, 10),
        (236, 0),
        (240, 52),
        (242, 0),
        (242, 2),
        (242, 5),
        (242, 6),
        (242, 9),
    ] {
        let mut bad = good.clone();
        bad[at] = byte;
        assert_eq!(server.answer(NOW, &bad, &mut reply), None, "{byte} at {at}");
    }
    assert_eq!(server.answer(NOW, &ask(1, REQUEST, NOWHERE, None, None), &mut reply), None);
    assert_eq!(server.answer(NOW, &good, &mut [0; 299]), None);
    assert_eq!(server.leases(NOW).count(), 0);
}

#[test]
fn binary_name_and_long_id_are_accepted() {
    let mut server = Server::<2>::new(DEVICE, PORTAL);
    let mut options = std::vec![53, 1, DISCOVER, 12, 3, 0xff, 0xfe, 0, 61, 255];
    options.extend_from_slice(&[7; 255]);
    options.extend_from_slice(&[55, 1, 114, 255]);
    let offer = send(&mut server, NOW, &message(1, NOWHERE, [0, 0], &options)).unwrap();
    assert_eq!((offer.option(61), offer.option(114)), (Some(&[7; 255][..]), Some(PORTAL.as_bytes())));
}
