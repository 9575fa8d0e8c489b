//! A DHCP server for a device that is its own network (RFC 2131, options: RFC 2132, the captive portal's: RFC 8910).
//!
//! It is the only server of its network. So it says no to whoever asks for an address of another network, and gives
//! one that is free to whoever comes back to it after the device has started anew and forgotten everybody.

mod packet;

pub use packet::{LEASE, MASK};

use core::net::Ipv4Addr;
use core::time::Duration;
use packet::{Kind, Request};

/// Bytes that the longest answer needs (RFC 2131 section 2: who asks takes so many at least).
pub const REPLY_MAX: usize = 576;
/// The port on which requests arrive.
pub const SERVER_PORT: u16 = 67;
/// The port to which answers go.
pub const CLIENT_PORT: u16 = 68;
/// So long an offer stands.
pub const OFFER: Duration = Duration::from_secs(10);

type Mac = [u8; 6];

/// A server with so many addresses to give away, 253 at most: the lowest ones of the device's network, without its own.
#[derive(Clone, Debug)]
pub struct Server<const LEASES: usize> {
    address: Ipv4Addr,
    portal: &'static str,
    leases: [Lease; LEASES],
}

/// An answer, at the start of the slice that was lent, and where it goes: to [`CLIENT_PORT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its bytes.
    pub length: usize,
    /// Who asks, or all, as long as it has no address.
    pub to: Ipv4Addr,
}

#[derive(Clone, Copy, Debug)]
struct Lease {
    owner: Owner,
    /// After that anybody may have the address. Its last owner still has it as long as nobody else needs it.
    until: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Nobody,
    Offered(Mac),
    Leased(Mac),
    /// Somebody found out that it is in use by a machine that never asked.
    Unknown,
}

impl<const LEASES: usize> Server<LEASES> {
    /// A server for the device of that address, the router and the name server of its network too. `portal` is the address
    /// of the page to show to who joins, such as `http://192.168.4.1/`; not a byte longer than 128 is sent.
    pub const fn new(address: Ipv4Addr, portal: &'static str) -> Self {
        const { assert!(LEASES > 0 && LEASES <= 253, "a network of 24 bits has 253 addresses to give away") }
        let free = Lease { owner: Owner::Nobody, until: Duration::ZERO };
        Self { address, portal, leases: [free; LEASES] }
    }

    /// Writes the answer to `request` to the start of `reply`, which is [`REPLY_MAX`] bytes long. `now` is the time since
    /// any fixed moment.
    ///
    /// `None`: there is nothing to be said. A request that cannot be read is one.
    pub fn answer(&mut self, now: Duration, request: &[u8], reply: &mut [u8]) -> Option<Answer> {
        let request = Request::parse(request)?;
        let (mac, to) = (request.mac, request.client);
        let (kind, yours, to) = match request.kind {
            Kind::Discover => {
                let at = self.choose(now, mac, request.wanted)?;
                // Who has an address and asks again keeps what it has.
                if !self.leases[at].is_leased_to(mac, now) {
                    self.leases[at] = Lease { owner: Owner::Offered(mac), until: now + OFFER };
                }
                (Kind::Offer, Some(at), Ipv4Addr::UNSPECIFIED)
            }
            Kind::Request if request.server.is_some_and(|server| server != self.address) => {
                self.forget_offer(mac);
                return None;
            }
            Kind::Request => {
                let wanted = request.wanted.or(Some(to).filter(|client| !client.is_unspecified()))?;
                match self.find(wanted).filter(|at| self.leases[*at].may_go_to(mac, now)) {
                    Some(at) => {
                        self.leave(mac);
                        self.leases[at] = Lease { owner: Owner::Leased(mac), until: now + LEASE };
                        (Kind::Ack, Some(at), to)
                    }
                    None => (Kind::Nak, None, Ipv4Addr::UNSPECIFIED),
                }
            }
            Kind::Inform if !to.is_unspecified() => (Kind::Ack, None, to),
            Kind::Decline if request.server == Some(self.address) => {
                let at = self.find(request.wanted?).filter(|at| self.leases[*at].owner.is(mac))?;
                self.leases[at] = Lease { owner: Owner::Unknown, until: now + LEASE };
                return None;
            }
            Kind::Release if request.server == Some(self.address) => {
                let at = self.find(to).filter(|at| self.leases[*at].owner.is(mac))?;
                self.leases[at].until = now;
                return None;
            }
            _ => return None,
        };
        let yours = yours.map(|at| self.address_of(at));
        let length = request.write_answer(kind, yours, self.address, self.portal, reply)?;
        // Without an address nobody is reached but by all being reached (section 4.1).
        let to = if to.is_unspecified() { Ipv4Addr::BROADCAST } else { to };
        Some(Answer { length, to })
    }

    /// The addresses that are somebody's now, and whose.
    pub fn leases(&self, now: Duration) -> impl Iterator<Item = (Ipv4Addr, [u8; 6])> {
        self.leases.iter().enumerate().filter_map(move |(at, lease)| match lease.owner {
            Owner::Leased(mac) if lease.until > now => Some((self.address_of(at), mac)),
            _ => None,
        })
    }

    /// An address for `mac` (section 4.3.1): the one it has or had, else the one it wants, else one that nobody ever
    /// had, else the one that has been free for longest.
    fn choose(&self, now: Duration, mac: Mac, wanted: Option<Ipv4Addr>) -> Option<usize> {
        let own = || self.leases.iter().position(|lease| lease.owner.is(mac));
        let wanted = || self.find(wanted?).filter(|at| self.leases[*at].may_go_to(mac, now));
        let free = || {
            let free = self.leases.iter().enumerate().filter(|(_, lease)| lease.may_go_to(mac, now));
            free.min_by_key(|(_, lease)| (lease.owner != Owner::Nobody, lease.until)).map(|(at, _)| at)
        };
        own().or_else(wanted).or_else(free)
    }

    /// Which of the addresses `address` is.
    fn find(&self, address: Ipv4Addr) -> Option<usize> {
        (0..LEASES).find(|at| self.address_of(*at) == address)
    }

    fn address_of(&self, at: usize) -> Ipv4Addr {
        let [a, b, c, own] = self.address.octets();
        // LEASES is at most 253.
        let host = u8::try_from(at + 1).unwrap_or(u8::MAX);
        Ipv4Addr::new(a, b, c, if host < own || own == 0 { host } else { host.saturating_add(1) })
    }

    /// What `mac` had is free; it gets another.
    fn leave(&mut self, mac: Mac) {
        for lease in self.leases.iter_mut().filter(|lease| lease.owner.is(mac)) {
            *lease = Lease { owner: Owner::Nobody, until: Duration::ZERO };
        }
    }

    fn forget_offer(&mut self, mac: Mac) {
        for lease in self.leases.iter_mut().filter(|lease| lease.owner == Owner::Offered(mac)) {
            lease.owner = Owner::Nobody;
        }
    }
}

impl Lease {
    fn may_go_to(&self, mac: Mac, now: Duration) -> bool {
        self.owner == Owner::Nobody || self.owner.is(mac) || self.until <= now
    }

    fn is_leased_to(&self, mac: Mac, now: Duration) -> bool {
        self.owner == Owner::Leased(mac) && self.until > now
    }
}

impl Owner {
    fn is(&self, mac: Mac) -> bool {
        matches!(self, Self::Offered(owner) | Self::Leased(owner) if *owner == mac)
    }
}

#[cfg(test)]
mod tests;
