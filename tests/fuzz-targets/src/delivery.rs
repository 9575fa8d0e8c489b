//! The messages of a feed arrive as published, in order,
//! at every follower, for any windows of the sockets.
//!
//! Input: the longest payload, then steps: an operation, its extent, and the payload if there is one.

use crate::answers::frames;
use crate::script::first;
use instep_proto::delivery::{
    Cursor, Feed, FixedBuffer, Outgoing, PublishError, Ring, RingEntry, Storage as _, Table, TableEntry,
};
use instep_proto::frame::{Payload, SERVER_HEADER_MAX, TooLong};

const TOPICS: usize = 3;
const EVENTS: usize = 2;

/// Checks the result of `data`.
pub(crate) fn check(data: &[u8]) {
    let (room, mut data) = first(data);
    let room = usize::from(room) * 2;
    let block = room + SERVER_HEADER_MAX;
    let mut memory: [_; 2] = std::array::from_fn(|_| Memory::new(block));
    let [device, shard] = &mut memory;
    let mut feeds = [device.feed(), shard.feed()];
    let mut storage = [vec![0; block + 16], vec![0; block + 16]];
    let mut storage = storage.iter_mut();
    let mut history = History::default();
    let mut followers: Vec<_> = feeds
        .iter()
        .map(|feed| Follower::new(feed, FixedBuffer::new(storage.next().expect("fewer buffers than feeds"))))
        .collect();
    // Revision up to which the shard has seen the history.
    let mut seen = 0;
    while let [step, amount, rest @ ..] = data {
        let (amount, who) = (usize::from(*amount), usize::from(step >> 4 & 1));
        data = rest;
        let mut payload = || {
            let (payload, rest) = data.split_at(amount.min(data.len()));
            data = rest;
            // Longer than one byte of length can express.
            payload.repeat(if step >> 7 == 1 { 4 } else { 1 })
        };
        match step & 7 {
            topic @ 0..=3 => {
                let text = String::from_utf8_lossy(&payload()).into_owned();
                history.publish(
                    &mut feeds[0],
                    usize::from(topic),
                    1,
                    text.as_bytes(),
                    Payload::Text(&text),
                    room,
                );
            }
            4 => {
                let bytes = payload();
                history.publish(&mut feeds[0], amount % TOPICS, 2, &bytes, Payload::Binary(&bytes), room);
            }
            5 => {
                let bytes = payload();
                history.event(&mut feeds[0], &bytes, room);
            }
            6 => {
                let bytes = payload();
                followers[0].reply(&mut feeds[0], &history.all, &bytes, room);
            }
            _ => {
                let [device, shard] = &mut feeds;
                if who == 1 && amount % 2 == 1 {
                    shard.follow(device);
                    seen = history.all.len();
                    assert_eq!(shard.revision(), device.revision());
                }
                let history = if who == 1 { &history.all[..seen] } else { &history.all };
                followers[who].flush(&feeds[who], history, amount);
            }
        }
    }
    let [device, shard] = &mut feeds;
    shard.follow(device);
    for (feed, follower) in feeds.iter().zip(&mut followers) {
        follower.flush(feed, &history.all, usize::MAX);
        let (read, rest) = frames(&follower.received);
        assert_eq!(rest, b"", "a frame is incomplete");
        assert!(read.iter().all(|frame| frame.fin && matches!(frame.opcode, 1 | 2)));
        let events = history.all.iter().filter(|published| published.topic.is_none()).count();
        assert_eq!(follower.event, events);
        assert_eq!(follower.missed + follower.events, events as u64);
    }
}

struct Memory {
    topics: Vec<TableEntry>,
    topic_storage: Vec<u8>,
    events: Vec<RingEntry>,
    event_storage: Vec<u8>,
}

impl Memory {
    fn new(block: usize) -> Self {
        Self {
            topics: vec![TableEntry::default(); TOPICS],
            topic_storage: vec![0; block * (TOPICS + 1)],
            events: vec![RingEntry::default(); EVENTS],
            event_storage: vec![0; block * (EVENTS + 1)],
        }
    }

    fn feed(&mut self) -> Feed<'_> {
        let table = Table::new(&mut self.topics, &mut self.topic_storage);
        Feed::new(table, Ring::new(&mut self.events, &mut self.event_storage))
    }
}

/// Message published at the revision that is its position in the history, from 1.
struct Published {
    /// Topic, or `None` for an event.
    topic: Option<usize>,
    frame: Vec<u8>,
}

/// Everything ever published.
#[derive(Default)]
struct History {
    all: Vec<Published>,
}

impl History {
    fn publish(
        &mut self,
        feed: &mut Feed<'_>,
        topic: usize,
        opcode: u8,
        bytes: &[u8],
        payload: Payload,
        room: usize,
    ) {
        let expected = if topic >= TOPICS {
            Err(PublishError::UnknownTopic { topic, topics: TOPICS })
        } else if bytes.len() > room {
            Err(TooLong { limit: room }.into())
        } else {
            self.all.push(Published { topic: Some(topic), frame: encode(opcode, bytes) });
            Ok(())
        };
        assert_eq!(feed.publish(topic, payload), expected);
        assert_eq!(feed.revision(), self.all.len() as u64);
    }

    fn event(&mut self, feed: &mut Feed<'_>, bytes: &[u8], room: usize) {
        let expected = if bytes.len() > room {
            Err(TooLong { limit: room }.into())
        } else {
            self.all.push(Published { topic: None, frame: encode(2, bytes) });
            Ok(())
        };
        assert_eq!(feed.event(Payload::Binary(bytes)), expected);
        assert_eq!(feed.revision(), self.all.len() as u64);
    }
}

/// Returns a frame of a server, as RFC 6455 section 5.2 has it.
fn encode(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u64).to_be_bytes();
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        0..=125 => frame.push(length[7]),
        126..=0xffff => frame.extend([126, length[6], length[7]]),
        _ => {
            frame.push(127);
            frame.extend(length);
        }
    }
    frame.extend(payload);
    frame
}

/// Client, with the messages that it should get.
struct Follower<'s> {
    cursor: Cursor,
    unsent: FixedBuffer<'s>,
    limit: usize,
    received: Vec<u8>,
    missed: u64,
    /// The model from here on: bytes on their way, the newest message of each topic,
    /// and the next event, each as an index into the history or the events.
    rest: Vec<u8>,
    revision: usize,
    event: usize,
    events: u64,
}

impl<'s> Follower<'s> {
    fn new(feed: &Feed<'_>, mut unsent: FixedBuffer<'s>) -> Self {
        let mut limit = 0;
        while unsent.resize(limit + 1) {
            limit += 1;
        }
        assert!(unsent.resize(0));
        Self {
            cursor: Cursor::new(feed),
            unsent,
            limit,
            received: Vec::new(),
            missed: 0,
            rest: Vec::new(),
            revision: 0,
            event: 0,
            events: 0,
        }
    }

    /// Returns the next message for it, by its revision.
    fn next(&self, history: &[Published]) -> Option<usize> {
        let latest = |topic| {
            history.iter().rposition(|published| published.topic == Some(topic)).map(|index| index + 1)
        };
        let topics = (0..TOPICS).filter_map(latest).filter(|revision| *revision > self.revision);
        let events: Vec<_> = (1..=history.len()).filter(|index| history[index - 1].topic.is_none()).collect();
        let oldest = self.event.max(events.len().saturating_sub(EVENTS));
        topics.chain(events.get(oldest).copied()).min()
    }

    /// Marks a message as on its way.
    fn advance(&mut self, revision: usize, history: &[Published]) {
        let events = history.iter().filter(|published| published.topic.is_none()).count();
        self.event = self.event.max(events.saturating_sub(EVENTS));
        if history[revision - 1].topic.is_some() {
            self.revision = revision;
        } else {
            self.event += 1;
            self.events += 1;
        }
    }

    /// Takes up to `window` bytes into its socket.
    fn flush(&mut self, feed: &Feed<'_>, history: &[Published], mut window: usize) {
        let mut expected = self.received.clone();
        let mut left = window;
        loop {
            let length = self.rest.len().min(left);
            expected.extend(self.rest.drain(..length));
            left -= length;
            match self.next(history).filter(|_| left > 0) {
                Some(next) => {
                    self.rest.extend(&history[next - 1].frame);
                    self.advance(next, history);
                }
                None => break,
            }
        }
        let all = self.rest.is_empty() && self.next(history).is_none();
        let mut scratch = vec![0; self.limit * 2];
        let mut out = Outgoing::load(&mut scratch, &mut self.unsent, self.limit);
        let received = &mut self.received;
        let accepted = out.flush(Some((&mut self.cursor, feed)), &mut self.missed, &mut |bytes| {
            let length = bytes.len().min(window);
            window -= length;
            received.extend_from_slice(&bytes[..length]);
            length
        });
        out.persist(&mut self.unsent);
        assert_eq!(self.received, expected);
        assert_eq!(self.unsent.bytes(), self.rest);
        assert_eq!(accepted, all);
    }

    /// Sends a reply to this client, behind everything published.
    fn reply(&mut self, feed: &mut Feed<'_>, history: &[Published], bytes: &[u8], room: usize) {
        let mut revision = 0;
        let encoded = feed.encode(Payload::Binary(bytes), |after, frame| {
            revision = after;
            frame.to_vec()
        });
        if bytes.len() > room {
            assert_eq!(encoded, Err(TooLong { limit: room }));
            return;
        }
        let frame = encode(2, bytes);
        assert_eq!((encoded, revision), (Ok(frame.clone()), history.len() as u64));
        let mut scratch = vec![0; self.limit * 2];
        let mut out = Outgoing::load(&mut scratch, &mut self.unsent, self.limit);
        let kept = out.push_frames(&mut self.cursor, feed, revision, &mut self.missed);
        let pushed = kept && out.push(&frame);
        out.persist(&mut self.unsent);
        let limit = self.limit;
        let fits = |rest: &[u8], frame: &[u8]| rest.len() + frame.len() <= limit;
        let mut room = true;
        while let Some(next) = self.next(history) {
            room = fits(&self.rest, &history[next - 1].frame);
            if !room {
                break;
            }
            self.rest.extend(&history[next - 1].frame);
            self.advance(next, history);
        }
        assert_eq!(kept, room);
        assert_eq!(pushed, room && fits(&self.rest, &frame));
        if pushed {
            self.rest.extend(frame);
        }
        assert_eq!(self.unsent.bytes(), self.rest);
    }
}
