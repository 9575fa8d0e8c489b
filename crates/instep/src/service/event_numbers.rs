//! Numbers of events in their frames.
//!
//! A device numbers its events by their places in its ring. A gateway may not have heard all of them, so there only the frames have
//! the numbers.

use core::num::NonZeroU64;
use instep_proto::delivery::{Cursor, Feed};
use instep_proto::frame::server_payload;

/// Returns the number at the end of an event's frame.
pub fn event_number(text: &[u8]) -> Option<NonZeroU64> {
    let text = text.trim_ascii_end().strip_suffix(b"}")?;
    let digits = text.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (before, digits) = text.split_at(text.len() - digits);
    // Within a text, quotes are escaped.
    before.strip_suffix(b",\"seq\":")?;
    NonZeroU64::new(core::str::from_utf8(digits).ok()?.parse().ok()?)
}

/// Returns the number of the last event before the cursor.
///
/// Returns `None` if the events have no numbers.
pub(super) fn before(cursor: &Cursor, feed: &Feed<'_>) -> Option<u64> {
    let ring = feed.ring();
    let last = cursor.events().checked_sub(1).and_then(|last| number_at(last, feed));
    let next = || number_at(ring.oldest(), feed).map(|oldest| oldest - 1);
    last.or_else(next)
}

/// Returns the place in the ring of the first event with a number above `seen`.
///
/// Returns `None` if the events have no numbers.
pub(super) fn event_after(seen: u64, feed: &Feed<'_>) -> Option<u64> {
    let ring = feed.ring();
    for place in ring.oldest()..ring.next() {
        if number_at(place, feed)? > seen {
            return Some(place);
        }
    }
    (ring.next() > 0).then_some(ring.next())
}

fn number_at(place: u64, feed: &Feed<'_>) -> Option<u64> {
    let (_, frame) = feed.ring().event(place)?;
    event_number(server_payload(frame)).map(NonZeroU64::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_is_found_only_at_the_end_of_a_frame() {
        for (text, expected) in [
            (r#"{"label":"said","value":"x","seq":12}"#, Some(12)),
            (r#"{"label":"lines","value":{"severity":"info","message":"x"},"seq":1}"#, Some(1)),
            (r#"{"label":"said","value":"x"}"#, None),
            (r#"{"label":"said","value":"x,\"seq\":5}"}"#, None),
            (r#"{"label":"said","value":"x","seq":0}"#, None),
            (r#"{"label":"said","value":"x","seq":18446744073709551616}"#, None),
            (r#"{"label":"said","value":"x","seq":}"#, None),
            ("}", None),
            ("", None),
        ] {
            assert_eq!(event_number(text.as_bytes()).map(NonZeroU64::get), expected, "{text}");
        }
    }
}
