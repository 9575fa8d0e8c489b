//! The device's DNS records (RFC 6763 sections 6 and 12), and a writer of messages.

use crate::name::Name;
use core::net::Ipv4Addr;

/// Time to live of records with a host name or an address, in seconds (RFC 6762 section 10).
const TTL_HOST: u32 = 120;
/// Time to live of other records, in seconds.
const TTL_OTHER: u32 = 75 * 60;
/// Maximum time to live for legacy unicast resolvers, in seconds (section 6.7).
const TTL_LEGACY: u32 = 10;

pub(super) const A: u16 = 1;
pub(super) const PTR: u16 = 12;
pub(super) const TXT: u16 = 16;
pub(super) const SRV: u16 = 33;
pub(super) const NSEC: u16 = 47;
pub(super) const ANY: u16 = 255;
pub(super) const IN: u16 = 1;
/// Top bit of the class: in a question it asks for a unicast response, and in a record it flushes the cache.
pub(super) const TOP_BIT: u16 = 0x8000;

/// Data of the TXT record: the path of the page, for service browsers.
pub(super) const TEXT: &[u8] = b"\x06path=/";

/// Names of the device's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// `NAME.local`
    Host,
    /// `NAME._http._tcp.local`
    Instance,
    /// `_http._tcp.local`
    Service,
    /// `_services._dns-sd._udp.local`, for the enumeration of service types.
    Kinds,
}

impl Owner {
    pub(super) const ALL: [Self; 4] = [Self::Host, Self::Instance, Self::Service, Self::Kinds];

    /// Returns the labels of the name.
    pub(super) fn labels(self, name: &Name) -> impl Iterator<Item = &[u8]> {
        let rest: &[&[u8]] = match self {
            Self::Host => &[b"local"],
            Self::Instance | Self::Service => &[b"_http", b"_tcp", b"local"],
            Self::Kinds => &[b"_services", b"_dns-sd", b"_udp", b"local"],
        };
        let own = matches!(self, Self::Host | Self::Instance).then(|| name.as_bytes());
        own.into_iter().chain(rest.iter().copied())
    }
}

/// A set of the device's records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Records(u8);

impl Records {
    pub(super) const NONE: Self = Self(0);
    pub(super) const ADDRESS: Self = Self(1);
    pub(super) const SERVER: Self = Self(2);
    pub(super) const TEXT: Self = Self(4);
    pub(super) const SERVICE: Self = Self(8);
    pub(super) const KINDS: Self = Self(16);
    /// NSEC record of the host, which denies other types at the host's name (section 6.1).
    pub(super) const HOST_HAS_NO_OTHERS: Self = Self(32);
    /// NSEC record of the instance.
    pub(super) const INSTANCE_HAS_NO_OTHERS: Self = Self(64);
    /// All records of the device.
    pub(super) const ALL: Self = Self(127);
    /// Shared records, which other devices have, too.
    pub(super) const SHARED: Self = Self(8 | 16);
    pub(super) const COUNT: usize = 7;

    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// Iterates over the records, each with its index.
    pub(super) fn each(self) -> impl Iterator<Item = (usize, Self)> {
        (0..Self::COUNT).map(|i| (i, Self(1 << i))).filter(move |(_, one)| self.overlaps(*one))
    }

    /// Returns the records that answer a question.
    pub(super) fn for_question(owner: Owner, kind: u16) -> Self {
        match (owner, kind) {
            (Owner::Host, A | ANY) => Self::ADDRESS,
            (Owner::Host, _) => Self::HOST_HAS_NO_OTHERS,
            (Owner::Instance, SRV) => Self::SERVER,
            (Owner::Instance, TXT) => Self::TEXT,
            (Owner::Instance, ANY) => Self::SERVER.with(Self::TEXT),
            (Owner::Instance, _) => Self::INSTANCE_HAS_NO_OTHERS,
            (Owner::Service, PTR | ANY) => Self::SERVICE,
            (Owner::Kinds, PTR | ANY) => Self::KINDS,
            (Owner::Service | Owner::Kinds, _) => Self::NONE,
        }
    }

    /// Returns the additional records of a response (RFC 6763 section 12), including NSEC.
    pub(super) fn additional(self) -> Self {
        let mut additional = Self::NONE;
        if self.overlaps(Self::SERVICE) {
            additional = additional.with(Self::SERVER).with(Self::TEXT);
        }
        if self.overlaps(Self::SERVICE.with(Self::SERVER).with(Self::HOST_HAS_NO_OTHERS)) {
            additional = additional.with(Self::ADDRESS);
        }
        if self.overlaps(Self::ADDRESS) {
            additional = additional.with(Self::HOST_HAS_NO_OTHERS);
        }
        additional.without(self)
    }
}

/// Data of the device's records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Described {
    pub(super) name: Name,
    pub(super) address: Ipv4Addr,
    pub(super) port: u16,
}

/// Kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Multicast,
    /// A response to a resolver without multicast DNS.
    Legacy,
    /// A probe, whose records are not unique yet.
    Probe,
}

/// Writer of a message into a slice. If the message does not fit, [`Message::finish`] returns `None`.
pub(super) struct Message<'o> {
    out: &'o mut [u8],
    used: usize,
    fits: bool,
}

impl<'o> Message<'o> {
    /// Begins a message. [`Message::finish`] writes the counts of its header.
    pub(super) fn new(id: u16, flags: u16, out: &'o mut [u8]) -> Self {
        let mut message = Self { out, used: 0, fits: true };
        message.number(id);
        message.number(flags);
        message.bytes(&[0; 8]);
        message
    }

    pub(super) fn question<'l>(&mut self, labels: impl Iterator<Item = &'l [u8]>, kind: u16, class: u16) {
        self.name(labels);
        self.number(kind);
        self.number(class);
    }

    /// Writes the records and returns their number.
    pub(super) fn records(&mut self, records: Records, device: &Described, dialect: Dialect) -> u16 {
        let mut count = 0;
        for (_, one) in records.each() {
            self.record(one, device, dialect);
            count += 1;
        }
        count
    }

    /// Writes the counts of questions, answers, authority records and additional records.
    ///
    /// Returns the message's length, or `None` if the message does not fit.
    pub(super) fn finish(self, counts: [u16; 4]) -> Option<usize> {
        let fields = self.out.get_mut(4..12)?.chunks_exact_mut(2);
        for (field, count) in fields.zip(counts) {
            field.copy_from_slice(&count.to_be_bytes());
        }
        self.fits.then_some(self.used)
    }

    fn record(&mut self, one: Records, device: &Described, dialect: Dialect) {
        let name = &device.name;
        let (owner, kind, ttl) = match one {
            Records::ADDRESS => (Owner::Host, A, TTL_HOST),
            Records::SERVER => (Owner::Instance, SRV, TTL_HOST),
            Records::TEXT => (Owner::Instance, TXT, TTL_OTHER),
            Records::SERVICE => (Owner::Service, PTR, TTL_OTHER),
            Records::KINDS => (Owner::Kinds, PTR, TTL_OTHER),
            Records::HOST_HAS_NO_OTHERS => (Owner::Host, NSEC, TTL_HOST),
            _ => (Owner::Instance, NSEC, TTL_OTHER),
        };
        let unique = dialect == Dialect::Multicast && !one.overlaps(Records::SHARED);
        self.question(owner.labels(name), kind, if unique { IN | TOP_BIT } else { IN });
        let ttl = if dialect == Dialect::Legacy { ttl.min(TTL_LEGACY) } else { ttl };
        self.bytes(&ttl.to_be_bytes());
        let length_index = self.used;
        self.number(0);
        let begin = self.used;
        match one {
            Records::ADDRESS => self.bytes(&device.address.octets()),
            Records::SERVER => {
                // Priority and weight are 0, because there is one server.
                self.bytes(&[0; 4]);
                self.number(device.port);
                self.name(Owner::Host.labels(name));
            }
            Records::TEXT => self.bytes(TEXT),
            Records::SERVICE => self.name(Owner::Instance.labels(name)),
            Records::KINDS => self.name(Owner::Service.labels(name)),
            // RFC 4034 section 4.1: the name again, and a bit for each existing type.
            Records::HOST_HAS_NO_OTHERS => {
                self.name(Owner::Host.labels(name));
                self.bytes(&[0, 1, 0x40]);
            }
            _ => {
                self.name(Owner::Instance.labels(name));
                self.bytes(&[0, 5, 0, 0, 0x80, 0, 0x40]);
            }
        }
        let length = u16::try_from(self.used - begin).unwrap_or(u16::MAX);
        if let Some(field) = self.out.get_mut(length_index..length_index + 2) {
            field.copy_from_slice(&length.to_be_bytes());
        }
    }

    fn name<'l>(&mut self, labels: impl Iterator<Item = &'l [u8]>) {
        for label in labels.filter(|label| !label.is_empty()) {
            // Labels have at most 63 bytes.
            self.bytes(&[u8::try_from(label.len()).unwrap_or(63)]);
            self.bytes(label);
        }
        self.bytes(&[0]);
    }

    fn number(&mut self, number: u16) {
        self.bytes(&number.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        match self.out.get_mut(self.used..self.used + bytes.len()) {
            Some(room) if self.fits => {
                room.copy_from_slice(bytes);
                self.used += bytes.len();
            }
            _ => self.fits = false,
        }
    }
}
