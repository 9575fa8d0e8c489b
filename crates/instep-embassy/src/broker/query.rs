//! Queries for the address of a host (RFC 1035), which multicast DNS has in the same form (RFC 6762 section 5.1).

use core::net::Ipv4Addr;
use core::ops::Range;
use domain::base::iana::Rcode;
use domain::base::{Message, RecordSection};
use domain::rdata::A;

/// Maximum length of a label, in bytes.
const LABEL_MAX: u8 = 63;
/// Type and class of the question: an IPv4 address in the Internet.
const QUESTION: [u8; 4] = [0, 1, 0, 1];

/// Place of the id in a message.
const ID: Range<usize> = 0..2;
/// Place of the number of questions.
const QUESTIONS: Range<usize> = 4..6;
/// Length of a header, in bytes, which the question follows.
const HEADER: usize = 12;

/// What a message says about a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Address(Ipv4Addr),
    /// There is no such name, or it has no address.
    None,
    /// It does not answer the query.
    Other,
}

/// Writes the query for a host, and returns its length, or `None` if the host has no valid name or the room is too small.
pub(super) fn write(id: u16, host: &str, out: &mut [u8]) -> Option<usize> {
    let [high, low] = id.to_be_bytes();
    let mut length = 0;
    let mut push = |bytes: &[u8]| {
        out.get_mut(length..length + bytes.len())?.copy_from_slice(bytes);
        length += bytes.len();
        Some(())
    };
    // Recursion is desired, and there is one question.
    push(&[high, low, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    for label in host.strip_suffix('.').unwrap_or(host).split('.') {
        let bytes = u8::try_from(label.len()).ok().filter(|length| (1..=LABEL_MAX).contains(length))?;
        push(&[bytes])?;
        push(label.as_bytes())?;
    }
    push(&[0])?;
    push(&QUESTION)?;
    Some(length)
}

/// Returns what a message says about a query.
pub(super) fn read(query: &[u8], message: &[u8]) -> Answer {
    // It repeats the id and the question, whose letters may be of another case.
    let same = |part: Range<usize>| query.get(part.clone()) == message.get(part);
    let question = HEADER..query.len();
    let repeats = match (query.get(question.clone()), message.get(question)) {
        (Some(asked), Some(question)) => question.eq_ignore_ascii_case(asked),
        _ => false,
    };
    if !(repeats && same(ID) && same(QUESTIONS)) {
        return Answer::Other;
    }
    let Ok(message) = Message::from_slice(message) else { return Answer::Other };
    if !message.header().qr() {
        return Answer::Other;
    }
    match message.header().rcode() {
        Rcode::NOERROR => {}
        Rcode::NXDOMAIN => return Answer::None,
        _ => return Answer::Other,
    }
    // The address of an alias has another owner, and the server has followed the aliases.
    let addresses = message.answer().ok().map(RecordSection::limit_to_in::<A>);
    match addresses.and_then(|addresses| addresses.map_while(Result::ok).next()) {
        Some(record) => Answer::Address(record.data().addr()),
        None => Answer::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: &[u8] = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x06broker\x05local\0\0\x01\0\x01";

    #[test]
    fn query_has_one_question() {
        let mut out = [0; 64];
        for host in ["broker.local", "broker.local."] {
            let length = write(0x1234, host, &mut out).unwrap();
            assert_eq!(&out[..length], QUERY);
        }
        let long = "a".repeat(64);
        for host in ["", ".", "a..b", "..", &long, "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x"] {
            assert_eq!(write(1, host, &mut out), None, "{host}");
        }
    }

    #[test]
    fn only_the_answer_to_the_query_counts() {
        let alias = b"\xc0\x0c\0\x05\0\x01\0\0\0\x0a\0\x04\x01x\xc0\x13";
        let address = b"\xc0\x0c\0\x01\0\x01\0\0\0\x0a\0\x04\xc0\xa8\x04\x01";
        let answer = |flags: [u8; 2], count: u8, records: &[&[u8]]| {
            let mut message = QUERY.to_vec();
            message[2..4].copy_from_slice(&flags);
            message[7] = count;
            message.extend(records.concat());
            message
        };
        let found = Answer::Address(Ipv4Addr::new(192, 168, 4, 1));
        assert_eq!(read(QUERY, &answer([0x84, 0], 1, &[address])), found);
        assert_eq!(read(QUERY, &answer([0x81, 0x80], 2, &[alias, address])), found);
        assert_eq!(read(QUERY, &answer([0x81, 0x83], 0, &[])), Answer::None);
        assert_eq!(read(QUERY, &answer([0x81, 0x80], 1, &[alias])), Answer::None);
        // A query, a server that fails, another id, and another question.
        assert_eq!(read(QUERY, QUERY), Answer::Other);
        assert_eq!(read(QUERY, &answer([0x81, 0x82], 0, &[])), Answer::Other);
        for at in [0, 14] {
            let mut other = answer([0x84, 0], 1, &[address]);
            other[at] ^= 1;
            assert_eq!(read(QUERY, &other), Answer::Other);
        }
        let whole = answer([0x84, 0], 1, &[address]);
        for length in 0..whole.len() {
            assert_ne!(read(QUERY, &whole[..length]), found);
        }
    }
}
