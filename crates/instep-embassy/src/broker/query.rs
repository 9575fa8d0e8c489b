//! Queries for the address of a host (RFC 1035), which multicast DNS has in the same form (RFC 6762 section 5.1).

use core::net::Ipv4Addr;
use core::ops::Range;

/// Maximum length of a label, in bytes.
const LABEL_MAX: u8 = 63;
/// Type and class of the question and of its answer: an IPv4 address in the Internet.
const ADDRESS: [u8; 4] = [0, 1, 0, 1];
/// First byte of a pointer to a name before, of which the length is two bytes.
const POINTER: u8 = 0xc0;
/// Bit of a class by which multicast DNS says that there is no other such record.
const CACHE_FLUSH: u8 = 0x80;
/// Flag of an answer, in the third byte of a message.
const IS_ANSWER: u8 = 0x80;
/// Codes of success and of a name that does not exist, in the low bits of the fourth byte.
const NO_ERROR: u8 = 0;
const NO_SUCH_NAME: u8 = 3;

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
    let host = host.strip_suffix('.').unwrap_or(host).as_bytes();
    let (header, rest) = out.split_first_chunk_mut::<HEADER>()?;
    // Recursion is desired, and there is one question.
    *header = [high, low, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    // A name has the length of a label where its text has a dot, and one more in front.
    let (name, rest) = rest.split_at_mut_checked(host.len() + 1)?;
    let (first, places) = name.split_first_mut()?;
    let mut length = 0;
    for (place, byte) in places.iter_mut().zip(host).rev() {
        *place = *byte;
        length += 1;
        if *byte == b'.' {
            *place = label_length(length - 1)?;
            length = 0;
        }
    }
    *first = label_length(length)?;
    // The end of the name.
    let ([end, kind @ ..], _) = rest.split_first_chunk_mut::<5>()?;
    (*end, *kind) = (0, ADDRESS);
    Some(HEADER + 1 + host.len() + 5)
}

/// Returns the length of a label as a byte, if there is such a label.
fn label_length(length: usize) -> Option<u8> {
    u8::try_from(length).ok().filter(|length| (1..=LABEL_MAX).contains(length))
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
    let [_, _, flags, code, _, _, high, low, ..] = *message else { return Answer::Other };
    match code & 0x0f {
        _ if flags & IS_ANSWER == 0 => return Answer::Other,
        NO_ERROR => {}
        NO_SUCH_NAME => return Answer::None,
        _ => return Answer::Other,
    }
    let mut records = message.get(query.len()..).unwrap_or_default();
    for _ in 0..u16::from_be_bytes([high, low]) {
        // The address of an alias has another owner, and the server has followed the aliases.
        match record(&mut records) {
            Some((ADDRESS, &[a, b, c, d])) => return Answer::Address(Ipv4Addr::new(a, b, c, d)),
            Some(_) => {}
            None => break,
        }
    }
    Answer::None
}

/// Takes the record in front, and returns its type and class, and its data.
///
/// Returns `None` if the message ends within the record.
fn record<'m>(rest: &mut &'m [u8]) -> Option<([u8; 4], &'m [u8])> {
    loop {
        let (length, after) = rest.split_first()?;
        // A label of no bytes ends a name, and so does a pointer.
        let (is_end, length) = match *length {
            length @ ..=LABEL_MAX => (length == 0, length),
            POINTER.. => (true, 1),
            _ => return None,
        };
        *rest = after.get(usize::from(length)..)?;
        if is_end {
            break;
        }
    }
    let ([kind @ .., _, _, _, _, high, low], after) = rest.split_first_chunk::<10>()?;
    let (data, after) = after.split_at_checked(u16::from_be_bytes([*high, *low]).into())?;
    *rest = after;
    let [a, b, class, d] = *kind;
    Some(([a, b, class & !CACHE_FLUSH, d], data))
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
        let named = b"\x06BROKER\x05local\0\0\x01\x80\x01\0\0\0\x0a\0\x04\xc0\xa8\x04\x01";
        let other_kinds: [&[u8]; 3] = [
            b"\xc0\x0c\0\x1c\0\x01\0\0\0\x0a\0\x10\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01",
            b"\xc0\x0c\0\x01\0\x03\0\0\0\x0a\0\x04\x01\x02\x03\x04",
            b"\xc0\x0c\0\x01\0\x01\0\0\0\x0a\0\x03\x01\x02\x03",
        ];
        for other in other_kinds {
            assert_eq!(read(QUERY, &answer([0x84, 0], 2, &[other, named])), found);
            assert_eq!(read(QUERY, &answer([0x84, 0], 1, &[other])), Answer::None);
        }
        // A length of a label that the standard does not have.
        assert_eq!(read(QUERY, &answer([0x84, 0], 1, &[b"\x40", address])), Answer::None);
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
