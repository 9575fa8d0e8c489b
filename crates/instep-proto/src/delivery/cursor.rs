//! Cursor of a client: its position in a feed.

use super::{Feed, Newest};

/// Position of a client in a feed: two numbers, however much the client has missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Revision up to which retained frames have been sent.
    revision: u64,
    /// Number of the next event.
    event: u64,
}

/// Next frame for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next<'f> {
    /// Revision at which the frame was published.
    pub revision: u64,
    /// Frame, with header and payload.
    pub frame: &'f [u8],
    retained: bool,
}

impl Next<'_> {
    /// Returns whether the frame is the latest of its topic, and not an event.
    pub fn is_retained(&self) -> bool {
        self.retained
    }
}

impl Cursor {
    /// Creates a cursor for a new client.
    ///
    /// The client needs every retained frame, but no past event.
    pub fn new(feed: &Feed<'_>) -> Self {
        Self { revision: 0, event: feed.ring().next() }
    }

    /// Creates a cursor for a new client that has had the first `seen` of all events.
    ///
    /// The client needs every retained frame, and the later events that are still in the ring. Events that have left
    /// the ring are not counted as missed, because the client was not connected.
    pub fn with_backlog(feed: &Feed<'_>, seen: u64) -> Self {
        let ring = feed.ring();
        Self { revision: 0, event: seen.clamp(ring.oldest(), ring.next()) }
    }

    /// Returns how many of all events were sent or skipped.
    ///
    /// The result is also the number of the next event.
    pub fn events(&self) -> u64 {
        self.event
    }

    /// Returns the oldest frame not sent yet, from table or ring.
    pub fn next<'f>(&self, feed: &'f Feed<'_>) -> Option<Next<'f>> {
        let retained = feed.table().newer(self.revision);
        let event = feed.ring().event(self.event.max(feed.ring().oldest()));
        match (retained, event) {
            (Some((_, revision, frame)), event) if event.is_none_or(|(event, _)| revision < event) => {
                Some(Next { revision, frame, retained: true })
            }
            (_, event) => event.map(|(revision, frame)| Next { revision, frame, retained: false }),
        }
    }

    /// Returns the next frame as [`Cursor::next`] does, if no further frame follows it.
    ///
    /// The result is `Some(None)` if no frame is due, and `None` if the frame is not retained, or several frames may be due. It
    /// takes less time than two calls of `next`.
    pub fn only_next<'f>(&self, newest: &Newest<'f>) -> Option<Option<Next<'f>>> {
        if self.event != newest.events || newest.second > self.revision {
            return None;
        }
        let Newest { revision, frame, .. } = *newest;
        Some((revision > self.revision).then_some(Next { revision, frame, retained: true }))
    }

    /// Moves past the frame of [`Cursor::only_next`]. No event was lost before it, because none is due.
    pub fn advance_past_only(&mut self, only: &Next<'_>) {
        self.revision = only.revision;
    }

    /// Moves past `next`, once the first byte of its frame has been accepted.
    ///
    /// Returns how many events were lost before it, because they had left the ring.
    pub fn advance(&mut self, next: &Next<'_>, feed: &Feed<'_>) -> u64 {
        let missed = self.skip_lost(feed);
        if next.retained {
            self.revision = next.revision;
        } else {
            self.event += 1;
        }
        missed
    }

    /// Skips the events that have left the ring, and returns their number.
    pub fn skip_lost(&mut self, feed: &Feed<'_>) -> u64 {
        let missed = feed.ring().oldest().saturating_sub(self.event);
        self.event += missed;
        missed
    }

    /// Returns how many revisions the client is behind.
    ///
    /// Returns 0 if no frame is due. Otherwise returns the number of revisions since the client's last one (or since
    /// the last event before it connected), superseded ones included. The result is a lower bound if that event has
    /// left the ring.
    pub fn lag(&self, feed: &Feed<'_>) -> u64 {
        if self.next(feed).is_none() {
            return 0;
        }
        let ring = feed.ring();
        let seen =
            self.event.checked_sub(1).map_or(0, |last| match (ring.event(last), ring.event(ring.oldest())) {
                (Some((revision, _)), _) => revision,
                // Each event took a revision, so the last one is older than the oldest in the ring by at least
                // the difference of their numbers.
                (None, Some((oldest, _))) => oldest.saturating_sub(ring.oldest() - last),
                (None, None) => 0,
            });
        feed.revision() - self.revision.max(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{PublishError, Ring, RingEntry, Table, TableEntry};
    use crate::frame::Payload;
    use proptest::prelude::RngExt as _;
    use proptest::test_runner::{RngAlgorithm, TestRng};
    use std::string::{String, ToString};
    use std::vec::Vec;

    fn feed(topics: usize, events: usize) -> Feed<'static> {
        let block = 64;
        let table = Table::new(
            std::vec![TableEntry::default(); topics].leak(),
            std::vec![0; block * (topics + 1)].leak(),
        );
        let ring = Ring::new(
            std::vec![RingEntry::default(); events].leak(),
            std::vec![0; block * (events + 1)].leak(),
        );
        Feed::new(table, ring)
    }

    fn publish(feed: &mut Feed<'_>, topic: usize, text: &str) {
        feed.publish(topic, Payload::Text(&text)).unwrap();
    }

    fn event(feed: &mut Feed<'_>, text: &str) {
        feed.event(Payload::Text(&text)).unwrap();
    }

    /// Returns all frames that a client needs, and how many events it missed.
    fn drain(cursor: &mut Cursor, feed: &Feed<'_>) -> (Vec<String>, u64) {
        let (mut texts, mut missed) = (Vec::new(), 0);
        while let Some(next) = cursor.next(feed) {
            texts.push(core::str::from_utf8(&next.frame[2..]).unwrap().to_string());
            missed += cursor.advance(&next, feed);
        }
        (texts, missed)
    }

    #[test]
    fn new_client_gets_latest_of_each_topic_in_order() {
        let mut feed = feed(3, 4);
        for text in ["a1", "b1", "c1"] {
            let topic = usize::from(text.as_bytes()[0] - b'a');
            publish(&mut feed, topic, text);
        }
        event(&mut feed, "gone");
        publish(&mut feed, 0, "a2");
        let mut cursor = Cursor::new(&feed);
        assert_eq!(drain(&mut cursor, &feed).0, ["b1", "c1", "a2"]);
        event(&mut feed, "now");
        publish(&mut feed, 1, "b2");
        publish(&mut feed, 1, "b3");
        event(&mut feed, "then");
        assert_eq!(drain(&mut cursor, &feed).0, ["now", "b3", "then"]);
        assert_eq!(drain(&mut cursor, &feed).0, [""; 0]);
    }

    #[test]
    fn backlog_begins_with_oldest_event_and_misses_none() {
        let mut feed = feed(2, 3);
        let all = |seen, feed: &Feed<'_>| drain(&mut Cursor::with_backlog(feed, seen), feed);
        assert_eq!(all(0, &feed), (Vec::new(), 0));
        for number in 0..5 {
            event(&mut feed, &number.to_string());
            if number == 3 {
                publish(&mut feed, 1, "b");
            }
        }
        publish(&mut feed, 0, "a");
        let strings = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(all(0, &feed), (strings(&["2", "3", "b", "4", "a"]), 0));
        assert_eq!(all(1, &feed), all(0, &feed), "event 1 is still in the ring");
        assert_eq!(all(4, &feed), (strings(&["b", "4", "a"]), 0));
        for seen in [5, 6, u64::MAX] {
            let mut cursor = Cursor::with_backlog(&feed, seen);
            assert!(cursor.lag(&feed) <= feed.revision());
            assert_eq!(drain(&mut cursor, &feed), (strings(&["b", "a"]), 0));
            assert_eq!(cursor.events(), 5);
        }
        // From here on, events that leave the ring count as missed.
        let mut cursor = Cursor::with_backlog(&feed, 0);
        let next = cursor.next(&feed).unwrap();
        assert_eq!((next.frame, cursor.events()), (&b"\x81\x012"[..], 2));
        assert_eq!(cursor.advance(&next, &feed), 0);
        for number in 5..8 {
            event(&mut feed, &number.to_string());
        }
        assert_eq!(drain(&mut cursor, &feed), (strings(&["b", "a", "5", "6", "7"]), 2));
    }

    #[test]
    fn shard_has_the_backlog_of_its_device() {
        let (mut device, mut shard) = (feed(1, 3), feed(1, 3));
        for number in 0..40 {
            event(&mut device, &number.to_string());
            if number % 7 == 0 {
                shard.follow(&device);
            }
        }
        shard.follow(&device);
        let (mut direct, mut behind) = (Cursor::with_backlog(&device, 0), Cursor::with_backlog(&shard, 0));
        assert_eq!((behind, behind.events()), (direct, 37));
        assert_eq!(drain(&mut behind, &shard), drain(&mut direct, &device));
    }

    #[test]
    fn client_behind_the_ring_counts_missed_events() {
        let mut feed = feed(1, 4);
        let mut cursor = Cursor::new(&feed);
        for number in 0..4 {
            event(&mut feed, &number.to_string());
        }
        assert_eq!(drain(&mut cursor, &feed), (["0", "1", "2", "3"].map(String::from).to_vec(), 0));
        for number in 4..9 {
            event(&mut feed, &number.to_string());
        }
        assert_eq!(drain(&mut cursor, &feed), (["5", "6", "7", "8"].map(String::from).to_vec(), 1));
    }

    #[test]
    fn failed_publish_keeps_old_value_and_revision() {
        let mut feed = feed(1, 1);
        publish(&mut feed, 0, "old");
        event(&mut feed, "heard");
        let long = "x".repeat(60);
        assert!(matches!(feed.publish(0, Payload::Text(&long)), Err(PublishError::TooLong(_))));
        assert!(matches!(feed.event(Payload::Text(&long)), Err(PublishError::TooLong(_))));
        assert!(feed.encode(Payload::Text(&long), |_, _| ()).is_err());
        assert_eq!(
            feed.publish(1, Payload::Text(&"x")),
            Err(PublishError::UnknownTopic { topic: 1, topics: 1 })
        );
        assert_eq!(feed.revision(), 2);
        assert_eq!(drain(&mut Cursor::new(&feed), &feed).0, ["old"]);
        assert_eq!(drain(&mut Cursor { revision: 0, event: 0 }, &feed).0, ["old", "heard"]);
    }

    #[test]
    fn shard_and_device_give_clients_the_same_frames() {
        let (mut device, mut shard) = (feed(4, 3), feed(4, 3));
        let mut direct = Cursor::new(&device);
        let mut behind = Cursor::new(&shard);
        let mut step = 0_u32;
        for round in 0..200_u32 {
            for _ in 0..round % 6 {
                step += 1;
                let topic = usize::try_from(step * 7 % 5).unwrap();
                if topic == 4 {
                    event(&mut device, &step.to_string());
                } else {
                    publish(&mut device, topic, &step.to_string());
                }
            }
            shard.follow(&device);
            assert_eq!(shard.revision(), device.revision());
            assert_eq!(drain(&mut behind, &shard), drain(&mut direct, &device), "round {round}");
        }
        assert_eq!(
            drain(&mut Cursor::new(&shard), &shard),
            drain(&mut Cursor::new(&device), &device),
            "new clients of shard and device differ"
        );
    }

    #[test]
    fn lag_counts_superseded_revisions_and_ends_at_0() {
        let mut feed = feed(2, 4);
        publish(&mut feed, 0, "a");
        publish(&mut feed, 1, "b");
        let mut cursor = Cursor::new(&feed);
        assert_eq!(cursor.lag(&feed), 2, "new");
        drain(&mut cursor, &feed);
        assert_eq!(cursor.lag(&feed), 0);
        for number in 0..1000 {
            publish(&mut feed, 0, &number.to_string());
            assert_eq!(cursor.lag(&feed), number + 1);
        }
        let next = cursor.next(&feed).unwrap();
        cursor.advance(&next, &feed);
        assert_eq!(cursor.lag(&feed), 0);
        for number in 0..10 {
            event(&mut feed, &number.to_string());
            assert_eq!(cursor.lag(&feed), number + 1);
        }
        for left in (0..4).rev() {
            let next = cursor.next(&feed).unwrap();
            cursor.advance(&next, &feed);
            assert_eq!(cursor.lag(&feed), left, "six are lost");
        }
        // The cursor's last event leaves the ring.
        for number in 0..10 {
            event(&mut feed, &number.to_string());
            assert_eq!(cursor.lag(&feed), number + 1);
        }
    }

    #[test]
    fn lag_is_revisions_since_last_frame() {
        let mut feed = feed(3, 4);
        let mut cursor = Cursor::new(&feed);
        let (mut had, mut random) = (0, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
        for _ in 0..20_000 {
            match random.random_range(0..8) {
                0 => event(&mut feed, "e"),
                topic @ 1..4 => publish(&mut feed, topic - 1, "p"),
                _ => {
                    if let Some(next) = cursor.next(&feed) {
                        had = next.revision;
                        cursor.advance(&next, &feed);
                    }
                }
            }
            if let Some(only) = feed.newest().and_then(|newest| cursor.only_next(&newest)) {
                assert_eq!(only, cursor.next(&feed));
                let mut after = cursor;
                if let Some(only) = only {
                    assert_eq!(after.advance(&only, &feed), 0);
                }
                assert_eq!(after.next(&feed), None);
            }
            let (lag, behind) = (cursor.lag(&feed), feed.revision() - had);
            let forgotten = cursor.event > 0 && feed.ring().event(cursor.event - 1).is_none();
            if cursor.next(&feed).is_none() {
                assert_eq!(lag, 0);
            } else if forgotten {
                assert!(lag > 0 && lag <= behind, "{lag} of {behind}");
            } else {
                assert_eq!(lag, behind);
            }
        }
    }

    #[test]
    fn feed_without_topics_or_events_has_no_next_frame() {
        let mut feed = feed(0, 0);
        assert_eq!(feed.event(Payload::Text(&"x")), Err(PublishError::NoEvents));
        assert_eq!(Cursor::new(&feed).next(&feed), None);
    }
}
