//! Messages of other hosts, parsed by `domain`: questions about the device, and records that contradict its own.

use super::records::{A, ANY, Described, IN, NSEC, Owner, SRV, TOP_BIT, TXT};
use crate::name::Name;
use core::net::Ipv4Addr;
use domain::base::iana::{Opcode, Rcode};
use domain::base::name::ToLabelIter as _;
use domain::base::{Message, ParsedName, ParsedRecord};
use domain::rdata;

/// A parsed message.
pub(super) type Parsed = Message<[u8]>;

/// A question about the device.
pub(super) struct Question {
    pub(super) owner: Owner,
    pub(super) kind: u16,
    /// Whether a unicast response is requested (section 5.4).
    pub(super) unicast: bool,
}

/// Parses a message (RFC 6762 section 18). Returns `None` if it is malformed or must be ignored.
pub(super) fn parse(bytes: &[u8]) -> Option<&Parsed> {
    let message = Parsed::from_slice(bytes).ok()?;
    let header = message.header();
    // Other opcodes and response codes are silently ignored (sections 18.3 and 18.11).
    (header.opcode() == Opcode::QUERY && header.rcode() == Rcode::NOERROR).then_some(message)
}

/// Returns the questions about `device`, up to the first malformed one.
pub(super) fn questions(message: &Parsed, device: &Described) -> impl Iterator<Item = Question> {
    let name = device.name;
    message.question().map_while(Result::ok).filter_map(move |question| {
        let class = question.qclass().to_int();
        let owner = owner(question.qname(), &name)?;
        let asked = Question { owner, kind: question.qtype().to_int(), unicast: class & TOP_BIT != 0 };
        matches!(class & !TOP_BIT, IN | ANY).then_some(asked)
    })
}

/// Returns whether a record contradicts the device's own (section 9).
///
/// While the device is probing, any record of another host with that name does.
pub(super) fn contradicts(message: &Parsed, device: &Described, probing: bool) -> bool {
    let records = message.iter().map_while(Result::ok);
    records.into_iter().any(|(record, _)| record_contradicts(&record, device, probing))
}

/// Returns whether the message is a simultaneous probe that wins the tiebreak (section 8.2).
///
/// The message wins if its records are later, in the order of types and bytes.
pub(super) fn outranks(message: &Parsed, device: &Described) -> bool {
    let Ok(records) = message.authority() else { return false };
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
        // Any other type wins, because A is the lowest type.
        None => count > 0,
    }
}

fn record_contradicts(record: &ParsedRecord<'_, [u8]>, device: &Described, probing: bool) -> bool {
    // A goodbye record (time to live 0) releases the name.
    if record.class().to_int() & !TOP_BIT != IN || record.ttl().as_secs() == 0 {
        return false;
    }
    match (owner(&record.owner(), &device.name), record.rtype().to_int()) {
        (Some(Owner::Host), A) => address(record).is_some_and(|address| address != device.address),
        (Some(Owner::Instance), SRV) => server_differs(record, device).unwrap_or(false),
        // NSEC and TXT come with one of the other records.
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

/// Returns which of the device's names this is, if any. Case does not matter.
fn owner(name: &ParsedName<&[u8]>, device: &Name) -> Option<Owner> {
    Owner::ALL.into_iter().find(|owner| {
        let mut labels = owner.labels(device);
        // The last label is the root's, which is empty.
        name.iter_labels().all(|label| {
            let label: &[u8] = label.as_ref();
            labels.next().unwrap_or_default().eq_ignore_ascii_case(label)
        }) && labels.next().is_none()
    })
}
