//! A DHCP server for the device's own network (RFC 2131).
//!
//! The options come from RFC 2132, and the option for the captive portal from RFC 8910. The server is the only one of its
//! network. So it sends a NAK for an address of another network, and accepts a request for any free address, because a
//! restarted device has lost its leases.

mod packet;

pub use packet::{LEASE, MASK};

use core::net::Ipv4Addr;
use core::time::Duration;
use packet::{Kind, Request};

/// Maximum length of a reply, in bytes, which every client accepts (RFC 2131 section 2).
pub const REPLY_MAX: usize = 576;
/// UDP port of the server.
pub const SERVER_PORT: u16 = 67;
/// UDP port of the clients.
pub const CLIENT_PORT: u16 = 68;
/// Time for which an offer is reserved.
pub const OFFER: Duration = Duration::from_secs(10);

type Mac = [u8; 6];

/// A server with `LEASES` addresses, at most 253: the lowest ones of the device's network except its own.
#[derive(Clone, Debug)]
pub struct Server<const LEASES: usize> {
    address: Ipv4Addr,
    portal: &'static str,
    leases: [Lease; LEASES],
}

/// A reply at the start of the caller's slice, to be sent to [`CLIENT_PORT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Length, in bytes.
    pub length: usize,
    /// Destination: the client, or broadcast if the client has no address yet.
    pub to: Ipv4Addr,
}

#[derive(Clone, Copy, Debug)]
struct Lease {
    owner: Owner,
    /// End of the lease. Until then the last owner gets the address again, and later another client may get it.
    until: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    None,
    Offered(Mac),
    Leased(Mac),
    /// A client declined the address, because another machine uses it.
    Unknown,
}

impl<const LEASES: usize> Server<LEASES> {
    /// Returns a server for the device at `address`, which is also the network's router and name server.
    ///
    /// `portal` is the URL of the captive portal, such as `http://192.168.4.1/`. It is not sent if it has more than 128
    /// bytes.
    pub const fn new(address: Ipv4Addr, portal: &'static str) -> Self {
        const { assert!(LEASES > 0 && LEASES <= 253, "a network of 24 bits has 253 addresses to give away") }
        let free = Lease { owner: Owner::None, until: Duration::ZERO };
        Self { address, portal, leases: [free; LEASES] }
    }

    /// Writes the reply to `request` to the start of `reply`, which has [`REPLY_MAX`] bytes.
    ///
    /// `now` is the time since any fixed moment. Returns `None` if the request gets no reply, such as a malformed one.
    pub fn answer(&mut self, now: Duration, request: &[u8], reply: &mut [u8]) -> Option<Answer> {
        let request = Request::parse(request)?;
        let (mac, to) = (request.mac, request.client);
        let (kind, yours, to) = match request.kind {
            Kind::Discover => {
                let i = self.choose(now, mac, request.wanted)?;
                // A client with a lease keeps the lease.
                if !self.leases[i].is_leased_to(mac, now) {
                    self.leases[i] = Lease { owner: Owner::Offered(mac), until: now + OFFER };
                }
                (Kind::Offer, Some(i), Ipv4Addr::UNSPECIFIED)
            }
            Kind::Request if request.server.is_some_and(|server| server != self.address) => {
                self.forget_offer(mac);
                return None;
            }
            Kind::Request => {
                let wanted = request.wanted.or(Some(to).filter(|client| !client.is_unspecified()))?;
                match self.find(wanted).filter(|i| self.leases[*i].may_go_to(mac, now)) {
                    Some(i) => {
                        self.release(mac);
                        self.leases[i] = Lease { owner: Owner::Leased(mac), until: now + LEASE };
                        (Kind::Ack, Some(i), to)
                    }
                    None => (Kind::Nak, None, Ipv4Addr::UNSPECIFIED),
                }
            }
            Kind::Inform if !to.is_unspecified() => (Kind::Ack, None, to),
            Kind::Decline if request.server == Some(self.address) => {
                let i = self.find(request.wanted?).filter(|i| self.leases[*i].owner.is(mac))?;
                self.leases[i] = Lease { owner: Owner::Unknown, until: now + LEASE };
                return None;
            }
            Kind::Release if request.server == Some(self.address) => {
                let i = self.find(to).filter(|i| self.leases[*i].owner.is(mac))?;
                self.leases[i].until = now;
                return None;
            }
            _ => return None,
        };
        let yours = yours.map(|i| self.address_of(i));
        let length = request.write_answer(kind, yours, self.address, self.portal, reply)?;
        // A client without an address is reached by broadcast (section 4.1).
        let to = if to.is_unspecified() { Ipv4Addr::BROADCAST } else { to };
        Some(Answer { length, to })
    }

    /// Iterates over the current leases, each with its address and the client's MAC address.
    pub fn leases(&self, now: Duration) -> impl Iterator<Item = (Ipv4Addr, [u8; 6])> {
        self.leases.iter().enumerate().filter_map(move |(i, lease)| match lease.owner {
            Owner::Leased(mac) if lease.until > now => Some((self.address_of(i), mac)),
            _ => None,
        })
    }

    /// Chooses an address for `mac` (section 4.3.1).
    ///
    /// The client's current or last address comes first, then the wanted one, then one that was never used, then the one that
    /// has been free for longest.
    fn choose(&self, now: Duration, mac: Mac, wanted: Option<Ipv4Addr>) -> Option<usize> {
        let own = || self.leases.iter().position(|lease| lease.owner.is(mac));
        let wanted = || self.find(wanted?).filter(|i| self.leases[*i].may_go_to(mac, now));
        let free = || {
            let free = self.leases.iter().enumerate().filter(|(_, lease)| lease.may_go_to(mac, now));
            free.min_by_key(|(_, lease)| (lease.owner != Owner::None, lease.until)).map(|(i, _)| i)
        };
        own().or_else(wanted).or_else(free)
    }

    /// Returns the index of an address.
    fn find(&self, address: Ipv4Addr) -> Option<usize> {
        (0..LEASES).find(|i| self.address_of(*i) == address)
    }

    fn address_of(&self, i: usize) -> Ipv4Addr {
        let [a, b, c, own] = self.address.octets();
        // LEASES is at most 253.
        let host = u8::try_from(i + 1).unwrap_or(u8::MAX);
        Ipv4Addr::new(a, b, c, if host < own || own == 0 { host } else { host.saturating_add(1) })
    }

    /// Releases all leases of `mac`.
    fn release(&mut self, mac: Mac) {
        for lease in self.leases.iter_mut().filter(|lease| lease.owner.is(mac)) {
            *lease = Lease { owner: Owner::None, until: Duration::ZERO };
        }
    }

    fn forget_offer(&mut self, mac: Mac) {
        for lease in self.leases.iter_mut().filter(|lease| lease.owner == Owner::Offered(mac)) {
            lease.owner = Owner::None;
        }
    }
}

impl Lease {
    fn may_go_to(&self, mac: Mac, now: Duration) -> bool {
        self.owner == Owner::None || self.owner.is(mac) || self.until <= now
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
