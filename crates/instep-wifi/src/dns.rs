//! The DNS server of a device that is its own network: every name is the device, so that whatever page a phone asks for to
//! see whether it is online, it comes to the device (RFC 1035).

use core::net::Ipv4Addr;
use core::time::Duration;

/// The port on which queries arrive.
pub const PORT: u16 = 53;
/// Bytes that the longest answer needs, as long as nothing else is agreed on (RFC 1035 section 4.2.1).
pub const REPLY_MAX: usize = 512;

/// So long a phone may believe it. It takes its answers from elsewhere when it has left the network.
const TTL: Duration = Duration::from_secs(10);

/// Writes the answer to `query` to the start of `reply` and returns its length: for an A query the device's address, for
/// any other type (AAAA, HTTPS) that there is none, upon which a phone takes the A at once.
///
/// `None`: it is no query, cannot be read, or the answer does not fit. Then nothing is sent.
pub fn answer(query: &[u8], address: Ipv4Addr, reply: &mut [u8]) -> Option<usize> {
    // An answer to an answer would go to and fro between two servers for ever. No phone asks for another operation, and
    // the answer that edge-captive has for those is itself marked as a query.
    if query.get(2)? & 0xf8 != 0 {
        return None;
    }
    edge_captive::reply(query, &address.octets(), TTL, reply).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 1);

    /// A query as resolvers send it: id 0x1234, recursion desired.
    fn query(name: &str, kind: u16) -> Vec<u8> {
        let mut query = std::vec![0x12, 0x34, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            query.push(u8::try_from(label.len()).unwrap());
            query.extend_from_slice(label.as_bytes());
        }
        query.push(0);
        query.extend_from_slice(&kind.to_be_bytes());
        query.extend_from_slice(&[0, 1]);
        query
    }

    fn answered(query: &[u8]) -> Option<Vec<u8>> {
        let mut reply = [0; REPLY_MAX];
        answer(query, ADDRESS, &mut reply).map(|length| reply[..length].to_vec())
    }

    #[test]
    fn every_name_is_the_device() {
        for name in ["connectivitycheck.gstatic.com", "captive.apple.com", "www.msftconnecttest.com", "a"] {
            let query = query(name, 1);
            let reply = answered(&query).unwrap();
            // The id, an answer without error, one question, one answer.
            assert_eq!(reply[..2], [0x12, 0x34]);
            assert_eq!((reply[2] & 0x80, reply[3] & 0x0f), (0x80, 0), "{name}");
            assert_eq!(reply[4..12], [0, 1, 0, 1, 0, 0, 0, 0]);
            assert_eq!(reply[12..query.len()], query[12..], "the question comes back as it was");
            assert_eq!(reply[reply.len() - 14..], [0, 1, 0, 1, 0, 0, 0, 10, 0, 4, 192, 168, 4, 1]);
        }
    }

    #[test]
    fn other_types_have_no_answer_and_are_no_error() {
        // AAAA, HTTPS, SOA, TXT.
        for kind in [28, 65, 6, 16] {
            let query = query("captive.apple.com", kind);
            let reply = answered(&query).unwrap();
            assert_eq!((reply[2] & 0x80, reply[3] & 0x0f), (0x80, 0));
            assert_eq!(reply[4..12], [0, 1, 0, 0, 0, 0, 0, 0]);
            assert_eq!(reply.len(), query.len());
        }
    }

    /// As Android sends it: with an OPT record (RFC 6891) behind the question.
    #[test]
    fn an_extended_query_gets_a_plain_answer() {
        let mut extended = query("www.google.com", 1);
        extended[11] = 1;
        extended.extend_from_slice(&[0, 0, 41, 0x05, 0xac, 0, 0, 0, 0, 0, 0]);
        let plain = answered(&query("www.google.com", 1)).unwrap();
        assert_eq!(answered(&extended).unwrap(), plain);
    }

    #[test]
    fn two_questions_of_which_one_points_to_the_other() {
        let mut two = query("a.example", 1);
        two[5] = 2;
        two.extend_from_slice(&[0xc0, 12, 0, 28, 0, 1]);
        let reply = answered(&two).unwrap();
        assert_eq!(reply[4..12], [0, 2, 0, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn what_is_no_query_gets_no_answer() {
        let good = query("a.example", 1);
        let mut response = good.clone();
        response[2] |= 0x80;
        assert_eq!(answered(&response), None);
        let mut update = good.clone();
        update[2] = 5 << 3;
        assert_eq!(answered(&update), None);
        for length in 0..good.len() {
            assert_eq!(answered(&good[..length]), None, "cut after {length} bytes");
        }
        // A name that points to itself, and one that points behind the end.
        for pointer in [[0xc0, 12], [0xc0, 200]] {
            let mut looped = good[..12].to_vec();
            looped.extend_from_slice(&pointer);
            looped.extend_from_slice(&[0, 1, 0, 1]);
            assert_eq!(answered(&looped), None);
        }
        let mut short = [0; 20];
        assert_eq!(answer(&good, ADDRESS, &mut short), None);
    }
}
