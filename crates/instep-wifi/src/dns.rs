//! The DNS server of the device's own network (RFC 1035), which resolves every name to the device.
//!
//! So the request by which a phone checks whether it is online reaches the device.

use core::net::Ipv4Addr;
use core::time::Duration;

/// UDP port of the server.
pub const PORT: u16 = 53;
/// Maximum length of a reply without EDNS, in bytes (RFC 1035 section 4.2.1).
pub const REPLY_MAX: usize = 512;

/// Time to live of an answer. It is short, because the answer is wrong in any other network.
const TTL: Duration = Duration::from_secs(10);

/// Writes the reply to `query` to the start of `reply` and returns its length.
///
/// An A query is answered with the device's address, and any other type (AAAA, HTTPS) with no record, so that a phone
/// uses the A record at once. Returns `None` if nothing must be sent, because the message is no query or is malformed, or
/// because the reply does not fit.
pub fn answer(query: &[u8], address: Ipv4Addr, reply: &mut [u8]) -> Option<usize> {
    // Only standard queries get a reply, because a reply to a response could loop between two servers, and edge-captive
    // marks its reply to other operations as a query.
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

    /// Returns a query as resolvers send it: id 0x1234, recursion desired.
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
    fn every_name_resolves_to_the_device() {
        for name in ["connectivitycheck.gstatic.com", "captive.apple.com", "www.msftconnecttest.com", "a"] {
            let query = query(name, 1);
            let reply = answered(&query).unwrap();
            // The id, an answer without error, one question, one answer.
            assert_eq!(reply[..2], [0x12, 0x34]);
            assert_eq!((reply[2] & 0x80, reply[3] & 0x0f), (0x80, 0), "{name}");
            assert_eq!(reply[4..12], [0, 1, 0, 1, 0, 0, 0, 0]);
            assert_eq!(reply[12..query.len()], query[12..], "the reply repeats the question");
            assert_eq!(reply[reply.len() - 14..], [0, 1, 0, 1, 0, 0, 0, 10, 0, 4, 192, 168, 4, 1]);
        }
    }

    #[test]
    fn other_type_gets_an_empty_answer() {
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
    fn extended_query_gets_a_plain_answer() {
        let mut extended = query("www.google.com", 1);
        extended[11] = 1;
        extended.extend_from_slice(&[0, 0, 41, 0x05, 0xac, 0, 0, 0, 0, 0, 0]);
        let plain = answered(&query("www.google.com", 1)).unwrap();
        assert_eq!(answered(&extended).unwrap(), plain);
    }

    #[test]
    fn compressed_second_question_is_answered() {
        let mut two = query("a.example", 1);
        two[5] = 2;
        two.extend_from_slice(&[0xc0, 12, 0, 28, 0, 1]);
        let reply = answered(&two).unwrap();
        assert_eq!(reply[4..12], [0, 2, 0, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn malformed_query_gets_no_answer() {
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
