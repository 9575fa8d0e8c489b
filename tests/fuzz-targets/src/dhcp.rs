//! The DHCP server of a device's own network.
//!
//! Input: steps. A first byte below 128 advances the clock by that many times 30 seconds. Another one sends a
//! message: 255 one of any bytes, preceded by their number; others contain the client (the lowest 3 bits) and
//! the kind (the next 4), followed by the last byte of the client's address, of the requested one, and of the
//! server's, each 0 for none.

use crate::script::first;
use instep_wifi::dhcp::{LEASE, OFFER, REPLY_MAX, Server};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

const DEVICE: u8 = 1;
const LEASES: usize = 4;

type Mac = [u8; 6];

/// Checks the answers to `data`.
pub(crate) fn check(mut data: &[u8]) {
    let mut server = Server::<LEASES>::new(host(DEVICE), "http://192.168.4.1/");
    let mut model = Model::default();
    let mut now = Duration::ZERO;
    while let [step, rest @ ..] = data {
        data = rest;
        let message = match step {
            0..128 => {
                now += Duration::from_secs(30) * u32::from(*step);
                continue;
            }
            255 => {
                let (length, rest) = first(data);
                let (message, rest) = rest.split_at(usize::from(length).min(rest.len()));
                data = rest;
                // Fuzzers do not write 236 zeroes.
                if message.len() < 20 { message.to_vec() } else { [&dress(1, 0), message].concat() }
            }
            step => {
                let mut octet = || {
                    let (octet, rest) = first(data);
                    data = rest;
                    octet
                };
                let (has, wants, means) = (octet(), octet(), octet());
                let mut message = dress(step & 7, has);
                message.extend([53, 1, step >> 3 & 15]);
                for (code, octet) in [(50, wants), (54, means)] {
                    if octet != 0 {
                        message.extend([&[code, 4][..], &host(octet).octets()].concat());
                    }
                }
                message.push(255);
                message
            }
        };
        let mut reply = [0xee; REPLY_MAX];
        let answer = server.answer(now, &message, &mut reply);
        let answer = answer.map(|answer| {
            assert!(answer.length >= 300 && !answer.to.is_unspecified());
            &reply[..answer.length]
        });
        model.judge(now, &message, answer);
        let ours: BTreeMap<Ipv4Addr, Mac> = server.leases(now).collect();
        assert_eq!(ours, model.leases(now));
    }
}

/// Returns the fixed fields of a message from
/// that client, at that address, and the cookie.
fn dress(client: u8, has: u8) -> Vec<u8> {
    let mut message = vec![1, 1, 6, 0, 1, 2, 3, client, 0, 0, 0x80, 0];
    message.extend(if has == 0 { [0; 4] } else { host(has).octets() });
    message.extend([0; 12]);
    message.extend([2, 0, 0, 0, 0, client]);
    message.extend([0; 202]);
    message.extend([99, 130, 83, 99]);
    message
}

fn host(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 168, 4, last)
}

/// Leases, with their clients and expiry.
#[derive(Default)]
struct Model {
    leased: BTreeMap<Ipv4Addr, (Mac, Duration)>,
    offered: BTreeMap<Ipv4Addr, (Mac, Duration)>,
    unusable: BTreeMap<Ipv4Addr, Duration>,
}

impl Model {
    fn leases(&self, now: Duration) -> BTreeMap<Ipv4Addr, Mac> {
        let live = self.leased.iter().filter(|(_, (_, until))| *until > now);
        live.map(|(address, (mac, _))| (*address, *mac)).collect()
    }

    /// Checks an answer to a message, and updates the leases.
    fn judge(&mut self, now: Duration, message: &[u8], answer: Option<&[u8]>) {
        let kind = option(message, 53).and_then(|kind| kind.first().copied());
        let is_request = message.len() >= 240
            && message[..3] == [1, 1, 6]
            && message[24..28] == [0; 4]
            && message[236..240] == [99, 130, 83, 99];
        let Some(kind) = kind.filter(|_| is_request) else { return assert_eq!(answer, None) };
        let mac: Mac = message[28..34].try_into().expect("not six bytes");
        let address = |code| option(message, code).and_then(|data| data.first_chunk().copied()).map(octets);
        let (has, wants, means) =
            (octets(message[12..16].try_into().expect("not four bytes")), address(50), address(54));
        let Some(answer) = answer else {
            let ours = means == Some(host(DEVICE));
            match kind {
                1 => assert!((2..6).all(|last| !self.is_free(now, host(last), mac)), "an address was free"),
                3 => assert!(means.is_some() && !ours || wants.is_none() && has.is_unspecified()),
                // A client can only release or decline its own address.
                4 if ours => {
                    let of = |owner: Option<&(Mac, Duration)>| owner.is_some_and(|(owner, _)| *owner == mac);
                    if let Some(wants) = wants.filter(|a| of(self.leased.get(a)) || of(self.offered.get(a))) {
                        self.forget(wants);
                        self.unusable.insert(wants, now + LEASE);
                    }
                }
                7 if ours => {
                    for owners in [&mut self.leased, &mut self.offered] {
                        if let Some((owner, until)) = owners.get_mut(&has) {
                            *until = if *owner == mac { now } else { *until };
                        }
                    }
                }
                _ => {}
            }
            if kind == 3 && means.is_some() && !ours {
                self.offered.retain(|_, (owner, _)| *owner != mac);
            }
            return;
        };
        assert_eq!((answer[..3].to_vec(), &answer[4..8]), (vec![2, 1, 6], &message[4..8]));
        assert_eq!(answer[28..44], message[28..44]);
        let yours = octets(answer[16..20].try_into().expect("not four bytes"));
        match (kind, option(answer, 53).expect("no message type")[0]) {
            (1, 2) => {
                assert!(self.is_free(now, yours, mac), "{yours} is offered to two");
                let leased =
                    self.leased.get(&yours).is_some_and(|(owner, until)| *owner == mac && *until > now);
                if !leased {
                    self.forget(yours);
                    self.offered.insert(yours, (mac, now + OFFER));
                }
            }
            (3, 5) => {
                assert_eq!(Some(yours), wants.or(Some(has)));
                assert!(self.is_free(now, yours, mac), "{yours} is given to two");
                self.leased.retain(|_, (owner, _)| *owner != mac);
                self.offered.retain(|_, (owner, _)| *owner != mac);
                self.forget(yours);
                self.leased.insert(yours, (mac, now + LEASE));
            }
            (3, 6) => {
                let asked = wants.unwrap_or(has);
                assert!(yours.is_unspecified() && !self.is_free(now, asked, mac), "{asked} was free");
            }
            (8, 5) => assert!(yours.is_unspecified() && !has.is_unspecified()),
            other => panic!("{other:?}"),
        }
    }

    /// Returns whether `mac` may have the address.
    fn is_free(&self, now: Duration, address: Ipv4Addr, mac: Mac) -> bool {
        let others = |owner: Option<&(Mac, Duration)>| {
            owner.is_some_and(|(owner, until)| *owner != mac && *until > now)
        };
        (host(2)..=host(5)).contains(&address)
            && !others(self.leased.get(&address))
            && !others(self.offered.get(&address))
            && self.unusable.get(&address).is_none_or(|until| *until <= now)
    }

    fn forget(&mut self, address: Ipv4Addr) {
        self.leased.remove(&address);
        self.offered.remove(&address);
        self.unusable.remove(&address);
    }
}

fn octets(octets: [u8; 4]) -> Ipv4Addr {
    octets.into()
}

/// Returns the last option of that number whose
/// body has the length that the server expects.
fn option(message: &[u8], code: u8) -> Option<&[u8]> {
    let mut found = None;
    let mut rest = message.get(240..)?;
    loop {
        rest = match rest {
            [0, rest @ ..] => rest,
            [] | [255, ..] | [_] => return found,
            [kind, length, rest @ ..] => {
                let Some((data, rest)) = rest.split_at_checked(usize::from(*length)) else { return found };
                if *kind == code {
                    found = Some(data);
                }
                rest
            }
        };
    }
}
