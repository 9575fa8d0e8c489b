//! What others say, read by `domain`: questions about the device, and records that contradict it.

use super::records::{A, ANY, Described, IN, NSEC, Owner, SRV, TOP_BIT, TXT};
use crate::name::Name;
use core::net::Ipv4Addr;
use domain::base::iana::{Opcode, Rcode};
use domain::base::name::ToLabelIter as _;
use domain::base::{Message, ParsedName, ParsedRecord};
use domain::rdata;

/// A message that obeys RFC 6762 section 18.
pub(super) struct ParsedMessage<'b> {
    message: &'b Message<[u8]>,
}

/// A question about the device.
pub(super) struct Question {
    pub(super) owner: Owner,
    pub(super) kind: u16,
    /// Who asks would like the answer for itself (section 5.4).
    pub(super) alone: bool,
}

impl<'b> ParsedMessage<'b> {
    /// Reads a message, or says that it is none.
    pub(super) fn parse(bytes: &'b [u8]) -> Option<Self> {
        let message = Message::from_slice(bytes).ok()?;
        let header = message.header();
        // Others are to be ignored in silence (sections 18.3 and 18.11).
        (header.opcode() == Opcode::QUERY && header.rcode() == Rcode::NOERROR).then_some(Self { message })
    }

    pub(super) fn id(&self) -> u16 {
        self.message.header().id()
    }

    /// Whether it says something, rather than ask.
    pub(super) fn is_response(&self) -> bool {
        self.message.header().qr()
    }

    /// Whether who asks wants to have what it asks for.
    pub(super) fn is_probe(&self) -> bool {
        self.message.header_counts().nscount() > 0
    }

    /// Its questions about `device`, up to where it cannot be read.
    pub(super) fn questions(&self, device: &Described) -> impl Iterator<Item = Question> {
        let name = device.name;
        self.message.question().map_while(Result::ok).filter_map(move |question| {
            let class = question.qclass().to_int();
            let owner = owner(question.qname(), &name)?;
            let asked = Question { owner, kind: question.qtype().to_int(), alone: class & TOP_BIT != 0 };
            matches!(class & !TOP_BIT, IN | ANY).then_some(asked)
        })
    }

    /// Whether a record in it contradicts what `device` says of itself (section 9). While the device asks whether the
    /// name is free, any other host of that name does.
    pub(super) fn contradicts(&self, device: &Described, probing: bool) -> bool {
        let records = self.message.iter().map_while(Result::ok);
        records.into_iter().any(|(record, _)| contradicts(&record, device, probing))
    }

    /// Whether it is the probe of another host of that name, who begins at the same time, and has the better right to it
    /// (section 8.2): its records are later, in the order of types and bytes.
    pub(super) fn outranks(&self, device: &Described) -> bool {
        let Ok(records) = self.message.authority() else { return false };
        let (mut count, mut lowest) = (0_u32, None);
        for record in records.map_while(Result::ok) {
            if record.class().to_int() == IN && owner(&record.owner(), &device.name) == Some(Owner::Host) {
                count = count.saturating_add(1);
                if let Some(address) = address(&record) {
                    lowest = Some(lowest.map_or(address, |lowest: Ipv4Addr| lowest.min(address)));
                }
            }
        }
        match lowest {
            Some(theirs) if theirs == device.address => count > 1,
            Some(theirs) => theirs > device.address,
            // No type that there is comes before A.
            None => count > 0,
        }
    }
}

fn contradicts(record: &ParsedRecord<'_, [u8]>, device: &Described, probing: bool) -> bool {
    // One that says farewell gives the name free.
    if record.class().to_int() & !TOP_BIT != IN || record.ttl().as_secs() == 0 {
        return false;
    }
    match (owner(&record.owner(), &device.name), record.rtype().to_int()) {
        (Some(Owner::Host), A) => address(record).is_some_and(|address| address != device.address),
        (Some(Owner::Instance), SRV) => server_differs(record, device).unwrap_or(false),
        // They come with one of the others.
        (Some(Owner::Host | Owner::Instance), NSEC | TXT) => false,
        (Some(Owner::Host | Owner::Instance), _) => probing,
        _ => false,
    }
}

fn address(record: &ParsedRecord<'_, [u8]>) -> Option<Ipv4Addr> {
    Some(record.to_record::<rdata::A>().ok()??.data().addr())
}

fn server_differs(record: &ParsedRecord<'_, [u8]>, device: &Described) -> Option<bool> {
    let server = record.to_record::<rdata::Srv<ParsedName<&[u8]>>>().ok()??;
    let server = server.data();
    let same_target = owner(server.target(), &device.name) == Some(Owner::Host);
    Some(!same_target || (server.priority(), server.weight(), server.port()) != (0, 0, device.port))
}

/// Which name it is; capitals are the same as small letters.
fn owner(name: &ParsedName<&[u8]>, device: &Name) -> Option<Owner> {
    Owner::ALL.into_iter().find(|owner| {
        let mut labels = owner.labels(device);
        // The last one is that of the root, which is empty.
        name.iter_labels().all(|label| {
            let label: &[u8] = label.as_ref();
            labels.next().unwrap_or_default().eq_ignore_ascii_case(label)
        }) && labels.next().is_none()
    })
}
