//! The DNS server of a device's own network.
//!
//! Input: a message that arrives at port 53.

use instep_wifi::dns::{REPLY_MAX, answer};
use std::net::Ipv4Addr;

const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 1);

/// Checks the answer to `data`.
pub(crate) fn check(data: &[u8]) {
    let mut reply = [0xee; REPLY_MAX];
    let ours = answer(data, ADDRESS, &mut reply).map(|length| reply[..length].to_vec());
    if let Some(reply) = &ours {
        assert_eq!(reply[..2], data[..2], "the id of the answer differs");
        assert_eq!((reply[2] & 0xf8, reply[3] & 0x0f), (0x80, 0), "not an answer without error");
        assert!(data[2] & 0xf8 == 0, "answered something that is not a query");
    }
    match read(data) {
        Read::Broken => assert_eq!(ours, None),
        Read::Odd => {}
        Read::Query(questions) => {
            let expected = expected(data, &questions);
            match ours {
                Some(mut ours) => {
                    // Bits that are copied from the query.
                    ours[2..4].copy_from_slice(&expected[2..4]);
                    assert_eq!(ours, expected);
                }
                None => assert!(expected.len() > REPLY_MAX),
            }
        }
    }
    // Too small a buffer gives no answer, and nothing is written beyond it.
    let mut short = [0xee; 40];
    if let Some(length) = answer(data, ADDRESS, &mut short[..30]) {
        assert!(length <= 30);
    }
    assert_eq!(short[30..], [0xee; 10]);
}

/// Name without compression, type and class.
struct Question {
    name: Vec<u8>,
    kind: [u8; 2],
    class: [u8; 2],
}

enum Read {
    /// Not a query, or truncated.
    Broken,
    /// Compressed in an unusual way, so that every interpretation is right.
    Odd,
    Query(Vec<Question>),
}

fn read(data: &[u8]) -> Read {
    if data.len() < 12 || data[2] & 0xf8 != 0 {
        return Read::Broken;
    }
    let mut index = 12;
    let mut questions = Vec::new();
    for _ in 0..u16::from_be_bytes([data[4], data[5]]) {
        let mut name = Vec::new();
        // The position behind the name, after a pointer was followed.
        let (mut from, mut behind) = (index, None);
        loop {
            match data.get(from) {
                None => return Read::Broken,
                Some(0) => {
                    name.push(0);
                    index = behind.unwrap_or(from + 1);
                    break;
                }
                Some(length @ 1..64) => {
                    let Some(label) = data.get(from..=from + usize::from(*length)) else {
                        return Read::Broken;
                    };
                    name.extend_from_slice(label);
                    from += label.len();
                }
                Some(high @ 0xc0..) => {
                    let Some(low) = data.get(from + 1) else { return Read::Broken };
                    behind.get_or_insert(from + 2);
                    let to = usize::from(high & 0x3f) << 8 | usize::from(*low);
                    if to >= from || to < 12 || name.len() > 300 {
                        return Read::Odd;
                    }
                    from = to;
                }
                Some(_) => return Read::Broken,
            }
            if name.len() > 300 {
                return Read::Odd;
            }
        }
        if name.len() > 255 {
            return Read::Broken;
        }
        let Some(&[a, b, c, d]) = data.get(index..index + 4) else { return Read::Broken };
        questions.push(Question { name, kind: [a, b], class: [c, d] });
        index += 4;
    }
    Read::Query(questions)
}

fn expected(data: &[u8], questions: &[Question]) -> Vec<u8> {
    let answered = |question: &&Question| (question.kind, question.class) == ([0, 1], [0, 1]);
    let count = |count: usize| u16::try_from(count).unwrap().to_be_bytes();
    let mut out = [&data[..2], &[0x80, 0], &count(questions.len())].concat();
    out.extend(count(questions.iter().filter(answered).count()));
    out.extend([0; 4]);
    for question in questions {
        out.extend([&question.name[..], &question.kind, &question.class].concat());
    }
    for question in questions.iter().filter(answered) {
        out.extend([&question.name[..], &[0, 1, 0, 1, 0, 0, 0, 10, 0, 4], &ADDRESS.octets()].concat());
    }
    out
}
